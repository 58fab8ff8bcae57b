import pickle
import shutil
import subprocess
import sys

import awkward as ak
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rs3l_data
from rs3l_data.describe.schema import CONSTITUENTS, JETS, Split
from rs3l_data.errors import InputFileError
from rs3l_data.store import shard
from rs3l_data.store.digest import digest
from rs3l_data.store.shard import write_shard
from rs3l_data.store.tables import concatenate, take
from tests.data.store.random_tables import (
    assert_same_columns,
    assert_same_view,
    random_initiators,
    random_view,
    touching_disk,
)
from tests.synthetic import make_dataset, make_older


def test_a_dataset_is_opened_by_its_manifest_as_by_its_folder(folder, dataset):
    opened = rs3l_data.open(folder / "dataset.json")
    assert (opened.source, opened.manifest) == (dataset.source, dataset.manifest)
    assert opened.shards == dataset.shards


def test_whole_dataset(dataset):
    assert dataset.views == ("nominal", "seed")
    assert dataset.processes == dataset.labels == ("higgs", "qcd")
    assert len(dataset.shards) == 3
    assert len(dataset) == 90 == dataset.manifest["n_rows"]
    assert dataset.n_events == 60 == dataset.manifest["n_events"]
    jets = dataset.jets("nominal")
    offsets, constituents = dataset.constituents("nominal")
    assert np.array_equal(np.diff(offsets), jets["n_constituents"])
    # Rows of jets and of constituents go together: a jet's momentum is its constituents' sum.
    row = np.repeat(np.arange(90), np.diff(offsets))
    px = np.bincount(row, constituents["pt"] * np.cos(constituents["phi"]), 90)
    py = np.bincount(row, constituents["pt"] * np.sin(constituents["phi"]), 90)
    there = jets["present"]
    assert 0 < there.sum() < 90
    assert np.hypot(px, py)[there] == pytest.approx(jets["pt"][there], rel=1e-5)
    # Views are of the same initiators, so their jets are near to each other, but not the same.
    both = there & dataset.jets("seed")["present"]
    other = dataset.jets("seed")
    assert np.abs(jets["eta"] - other["eta"])[both].max() < 0.5
    assert not np.array_equal(jets["pt"][both], other["pt"][both])


@touching_disk
@given(data=st.data())
def test_rows_chosen_are_those_of_numpy(folder, data):
    """Slices, masks and indices, one upon the other, choose what they choose of a plain array."""
    whole = rs3l_data.open(folder)
    chosen, expected = whole, np.arange(len(whole))
    for _ in range(data.draw(st.integers(1, 3))):
        if data.draw(st.booleans()):
            rows = data.draw(st.slices(len(expected)).filter(lambda rows: (rows.step or 1) > 0))
        else:
            rows = np.array(
                data.draw(st.lists(st.booleans(), min_size=len(expected), max_size=len(expected))),
                bool,
            )
            if data.draw(st.booleans()):
                rows = np.flatnonzero(rows).tolist()
        chosen, expected = chosen[rows], expected[rows]
    assert len(chosen) == len(expected)
    assert_same_view(chosen.read_view("seed"), take(whole.read_view("seed"), expected))
    found, all_rows = chosen.read_initiators(), take(whole.read_initiators(), expected)
    assert_same_columns(found.columns, all_rows.columns)
    assert_same_columns(found.decays, all_rows.decays)


@pytest.mark.parametrize(
    ("choice", "column", "wanted"),
    [
        ({"labels": "qcd"}, "label", [1]),
        ({"labels": ["qcd", "higgs"]}, "label", [0, 1]),
        ({"processes": ["higgs"]}, "process", [0]),
        ({"splits": "train"}, "split", [0]),
        ({"splits": ["validation", "test"]}, "split", [1, 2]),
        ({"splits": Split.TEST}, "split", [2]),
        ({"splits": [Split.TRAIN, Split.TEST]}, "split", [0, 2]),
    ],
)
def test_selection(dataset, choice, column, wanted):
    mask = np.isin(dataset.initiators[column], wanted)
    chosen = dataset.select(**choice)
    assert len(chosen) == mask.sum()
    for name, values in dataset.initiators.items():
        assert np.array_equal(chosen.initiators[name], values[mask])
    expected = dataset.jets("seed", ["pt"])["pt"][mask]
    assert np.array_equal(chosen.jets("seed", ["pt"])["pt"], expected, equal_nan=True)


def test_selection_of_all_conditions_and_views(dataset):
    chosen = dataset.select(labels="qcd", splits="train", views=["seed"])
    columns = dataset.initiators
    assert len(chosen) == np.sum((columns["label"] == 1) & (columns["split"] == 0))
    assert chosen.views == ("seed",)
    with pytest.raises(InputFileError, match="no view 'nominal'"):
        chosen.jets("nominal")
    assert dataset.select(views=["seed", "nominal"]).views == ("seed", "nominal")


def test_empty_selection_still_has_columns(dataset):
    none = dataset[:0]
    assert len(none) == none.n_events == 0
    offsets, columns = none.constituents("nominal")
    assert offsets.tolist() == [0]
    assert columns["pt"].dtype == np.float32
    assert none.to_numpy("nominal")["features"].shape == (0, 0, len(CONSTITUENTS))
    assert list(none.events()) == list(none.blocks()) == []
    assert len(none.to_awkward("nominal")) == 0


@pytest.mark.parametrize("size", [1, 7, 45, 1000])
def test_blocks_are_the_whole_in_order(dataset, size):
    blocks = list(dataset.blocks(size))
    assert [len(block) for block in blocks[:-1]] == [size] * (len(blocks) - 1)
    joined = concatenate([block.read_view("nominal") for block in blocks])
    assert_same_view(joined, dataset.read_view("nominal"))


@pytest.mark.parametrize("size", [0, -4])
def test_a_block_has_a_row(dataset, size):
    with pytest.raises(ValueError, match=f"rows: expected 1 or more, found {size}"):
        next(dataset.blocks(size))


def test_shards_one_by_one_are_the_whole_in_order(dataset):
    chosen = dataset[7:80]
    parts = list(chosen.by_shard())
    assert [part.source for part in parts] == [str(one.path) for one in dataset.shards]
    joined = concatenate([part.read_view("nominal") for part in parts])
    assert_same_view(joined, chosen.read_view("nominal"))
    assert [len(part) for part in dataset[:0].by_shard()] == [0], "its columns are still known"


def test_a_view_has_the_columns_asked_for(dataset):
    view = dataset.read_view("seed", ["pt", "d0"], jets=["mass"])
    assert_same_columns(view.jets, dataset.jets("seed", ["mass"]))
    offsets, columns = dataset.constituents("seed", ["pt", "d0"])
    assert np.array_equal(view.offsets, offsets)
    assert_same_columns(view.constituents, columns)
    with pytest.raises(InputFileError, match="no column of the jets 'mas'"):
        dataset.read_view("seed", jets=["mas"])


def test_a_view_is_read_by_opening_each_shard_once(dataset, monkeypatch):
    opened = []
    reopening = shard.reopening
    monkeypatch.setattr(shard, "reopening", lambda path: opened.append(path) or reopening(path))
    dataset.read_view("seed")
    assert opened == [one.path for one in dataset.shards]


def test_a_dataset_made_anew_behind_an_open_one_is_noticed(tmp_path):
    """Its jets are of other initiators than those that have been read."""
    folder = make_dataset(tmp_path / "ds", 30, n_shards=1, seed=1)
    dataset = rs3l_data.open(folder)
    expected = dataset.jets("seed", ["pt"])["pt"]
    shutil.rmtree(folder)
    make_dataset(folder, 30, n_shards=1, seed=2)
    with pytest.raises(InputFileError, match=r"shard-0000\.h5: has been made anew since it was"):
        dataset.jets("seed")
    shutil.rmtree(folder)
    make_dataset(folder, 30, n_shards=1, seed=1)
    assert np.array_equal(dataset.jets("seed", ["pt"])["pt"], expected, equal_nan=True)


def test_a_mask_may_be_of_any_kind(dataset):
    mask = dataset.initiators["pt"] > 450
    expected = dataset[mask].initiators["event"].tolist()
    for same in (mask.tolist(), ak.Array(mask), dataset.to_awkward().initiator.pt > 450):
        assert dataset[same].initiators["event"].tolist() == expected


def test_a_dataset_is_shown_in_a_line(dataset):
    """Its shards have the whole config each."""
    shown = f"90 rows of {len(dataset.shards)} shards, views nominal, seed"
    assert repr(dataset) == f"<Dataset {dataset.source}: {shown}>"


def test_wrong_indices(dataset):
    turned, twice = slice(None, None, -1), (slice(0, 2), slice(0, 2))
    for rows in (turned, twice, (1, 2), [2, 1], np.ones(3, bool), 3, [[1, 2]], [0] * 90):
        with pytest.raises(IndexError, match=r"expected (a|indices)"):
            dataset[rows]


def test_events_never_mix(dataset, monkeypatch):
    """With blocks of any size an event has all its rows, and each row in each view is its own."""
    columns, views = dataset.initiators, {v: dataset.read_view(v) for v in dataset.views}
    for block in (1, 7, 10_000):
        monkeypatch.setattr("rs3l_data.store.events._BLOCK", block)
        seen = []
        for event in dataset.events():
            process = dataset.processes.index(event.process)
            mine = (columns["process"] == process) & (columns["event"] == event.event)
            assert mine.sum() == (1 if event.process == "higgs" else 2)
            rows = np.flatnonzero(mine)
            assert_same_columns(event.initiators, {n: c[rows] for n, c in columns.items()})
            assert event.views.keys() == views.keys()
            for name, view in event.views.items():
                assert_same_view(view, take(views[name], rows))
            seen.append((event.process, event.event))
        assert len(set(seen)) == len(seen) == 60


def test_events_in_pieces_are_refused(dataset, tmp_path):
    order = np.argsort(dataset.initiators["initiator"], kind="stable")
    attributes = dataset.shards[0].attributes
    view, initiators = dataset.read_view("seed"), dataset.read_initiators()
    write_shard(tmp_path / "a.h5", take(initiators, order), {"seed": take(view, order)}, attributes)
    scattered = rs3l_data.open(tmp_path / "a.h5")
    assert scattered.n_events == 60
    with pytest.raises(InputFileError, match="do not follow one another"):
        list(scattered.events())


def test_events_are_found_by_number(dataset):
    found = list(dataset.find("qcd", [7, 3, 7]).events())
    assert [(e.process, e.event) for e in found] == [("qcd", 3), ("qcd", 7)]
    expected = {(e.process, e.event): e for e in dataset.events()}
    for event in found:
        for view, table in event.views.items():
            assert_same_view(table, expected[event.process, event.event].views[view])
    with pytest.raises(InputFileError, match="no row of event 31 of the process 'higgs'"):
        dataset.find("higgs", 31)
    with pytest.raises(InputFileError, match="no process 'higs'; did you mean 'higgs'"):
        dataset.find("higs", 1)


@pytest.mark.parametrize("index", [[-1], [90], [3, 3], [5, 2], np.array([5, 2], np.uint32)])
def test_indices_that_do_not_rise_are_refused(dataset, index):
    with pytest.raises(IndexError, match="indices that rise, from 0 to 89"):
        dataset.take(index)


@pytest.mark.parametrize(
    ("numbers", "found"),
    [
        (1.5, "float64"),
        ([1.0, 2.0], "float64"),
        (np.ones(90, bool), r"bool; a mask chooses rows as ds\[mask\]"),
        ([10**30], "object"),
    ],
)
def test_what_are_no_whole_numbers_chooses_nothing(dataset, numbers, found):
    """Cut to whole ones, 1.5 would be event 1, and a mask the events 0 and 1."""
    expected = f"whole numbers, found values of type {found}$"
    with pytest.raises(IndexError, match=f"expected numbers of events, {expected}"):
        dataset.find("qcd", numbers)
    with pytest.raises(IndexError, match=f"expected indices that rise, {expected}"):
        dataset.take(numbers)


def test_an_empty_list_chooses_nothing(dataset):
    assert len(dataset.find("qcd", [])) == len(dataset.take([])) == 0


def test_rows_far_apart_are_read_in_spans(dataset, monkeypatch):
    """What is read is the same, in however many spans."""
    rows = np.r_[0:3, 20:60:3, 85]
    whole = dataset.read_view("seed")
    for far in (1, 2, 5, 1000):
        monkeypatch.setattr("rs3l_data.store.columns.FAR_ROWS", far)
        monkeypatch.setattr("rs3l_data.store.columns.FAR_WITH_ITEMS", far)
        assert_same_view(dataset.take(rows).read_view("seed"), take(whole, rows))


def test_initiators_once_read_are_cut_with_the_rows(folder):
    read, fresh = rs3l_data.open(folder), rs3l_data.open(folder)
    _ = read.initiators
    rows = np.r_[1:9, 40:45, 80]
    assert_same_columns(read.take(rows).initiators, fresh.take(rows).initiators)


def test_indices_mean_names_also_across_shards_with_other_names(tmp_path):
    """Two shards that number processes and labels differently read as one dataset."""
    rng = np.random.default_rng(0)
    names = (["higgs", "qcd"], ["qcd", "top", "higgs"])
    for i, order in enumerate(names):
        initiators, view = random_initiators(rng, [0] * 3), random_view(rng, [0] * 3)
        initiators.columns["process"][:] = np.arange(3) % len(order)
        initiators.columns["label"][:] = np.arange(3) % len(order)
        attributes = {"process_names": order, "label_names": order, "config": {}}
        write_shard(tmp_path / f"{i}.h5", initiators, {"nominal": view}, attributes)
    joined = rs3l_data.open([tmp_path / "0.h5", tmp_path / "1.h5"])
    expected = ["higgs", "qcd", "higgs", "qcd", "top", "higgs"]
    assert [joined.processes[i] for i in joined.initiators["process"]] == expected
    assert [joined.labels[i] for i in joined.initiators["label"]] == expected
    assert len(joined.select(labels="top")) == 1


def test_dataset_can_be_pickled(dataset):
    chosen = dataset.select(labels="higgs")[3:9]
    again = pickle.loads(pickle.dumps(chosen))
    assert_same_view(again.read_view("nominal"), chosen.read_view("nominal"))


READER = """
import sys
for name in ("pythia8mc", "fastjet", "numba", "torch"):
    sys.modules[name] = None
import rs3l_data
dataset = rs3l_data.open(sys.argv[1])
dataset.to_numpy("nominal")
print(dataset.to_awkward("nominal").jet.px[0])
"""


def test_reading_needs_no_generator(folder):
    done = subprocess.run(
        [sys.executable, "-c", READER, str(folder)], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_a_shard_of_an_older_format_version_has_fewer_columns(folder, tmp_path):
    """Columns of a later minor version are left out, wherever a newer reader looks for them."""
    path = shutil.copy(folder / "shard-0001.h5", tmp_path / "old.h5")
    new = rs3l_data.open(path)
    make_older(path, "1.0")
    old = rs3l_data.open(path)
    view = old.views[0]
    assert list(old.jets(view)) == [column.name for column in JETS if column.since == 0]
    assert "n_b_hadrons" not in old.to_awkward(view).jet.fields
    assert len(digest(old)) == 64
    with pytest.raises(InputFileError, match="no column of the jets 'n_b_hadrons'"):
        old.jets(view, ["n_b_hadrons"])
    # Together with a newer one, a dataset has what both have.
    both = rs3l_data.open([path, folder / "shard-0000.h5"])
    assert list(both.jets(view)) == list(old.jets(view))
    with pytest.raises(InputFileError, match="damaged"):
        new.jets(view)
