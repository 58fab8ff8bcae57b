import json
import subprocess
import sys
import time

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rs3l_data.convert.growing import growing
from rs3l_data.describe.schema import HARD_EVENTS, HARD_PARTICLES, JETS
from rs3l_data.errors import ConfigError, InputFileError
from rs3l_data.events.hard_events import HardEvents, HardRun
from rs3l_data.offsets import offsets_of
from rs3l_data.store.hard import read_hard_events, read_hard_run, write_hard_events
from rs3l_data.store.hdf5 import create, reading
from rs3l_data.store.opening import open_dataset
from rs3l_data.store.shard import write_shard
from rs3l_data.store.tables import View, cut
from rs3l_data.store.view_file import EventRange, open_view_file, write_view_file
from tests.data.store.random_tables import (
    ATTRIBUTES,
    assert_same_columns,
    assert_same_view,
    counts,
    random_columns,
    random_initiators,
    random_view,
    seeds,
    touching_disk,
)

compressions = st.sampled_from(["blosc2", "gzip", "none"])
RUN = HardRun("higgs", 3, 1.5e-9, 2e-12, 1000, 100, 99.5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


@touching_disk
@given(counts, seeds, compressions)
def test_shard_round_trip(folder, sizes, seed, compression):
    rng = np.random.default_rng(seed)
    initiators = random_initiators(rng, sizes)
    views = {name: random_view(rng, rng.permutation(sizes)) for name in ("nominal", "seed")}
    write_shard(folder / "shard.h5", initiators, views, ATTRIBUTES, compression)
    dataset = open_dataset(folder / "shard.h5")
    assert dataset.views == ("nominal", "seed")
    assert dataset.labels == ("higgs", "quark", "gluon")
    assert dataset.config == {"seed": 1}
    found = dataset.read_initiators()
    assert_same_columns(found.columns, initiators.columns)
    assert_same_columns(found.decays, initiators.decays)
    for name, view in views.items():
        assert_same_view(dataset.read_view(name), view)


@touching_disk
@given(counts, seeds, compressions)
def test_view_file_round_trip(folder, sizes, seed, compression):
    rng = np.random.default_rng(seed)
    event = 100 + np.sort(rng.integers(0, 50, len(sizes)))
    keys = {"event": event, "initiator": np.zeros(len(sizes), np.uint8)}
    view = random_view(rng, sizes)
    events, attributes = EventRange("higgs", 100, 149), {"config": {"seed": 1}}
    path = folder / "view.h5"
    write_view_file(path, events, keys, ["seed"], [{"seed": view}], attributes, compression)
    found = open_view_file(path)
    assert (found.events, found.names, found.attributes) == (events, ("seed",), attributes)
    assert_same_columns(found.keys, keys)
    assert_same_view(found.read("seed", 0, len(view)), view)
    middle = len(view) // 2
    assert_same_view(found.read("seed", middle, len(view)), cut(view, middle, len(view)))


@touching_disk
@given(counts, seeds, compressions)
def test_hard_events_round_trip_bit_for_bit(folder, sizes, seed, compression):
    events = random_hard_events(sizes, seed)
    write_hard_events(folder / "hard.h5", events, RUN, {"config": {"seed": 3}}, compression)
    found = read_hard_events(folder / "hard.h5")
    assert_same_columns(found.events, events.events)
    assert_same_columns(found.particles, events.particles)
    assert found.offsets.tolist() == events.offsets.tolist()
    assert read_hard_run(folder / "hard.h5") == (RUN, {"config": {"seed": 3}})


def random_hard_events(sizes, seed) -> HardEvents:
    rng = np.random.default_rng(seed)
    offsets = offsets_of(np.array(sizes, np.int64))
    particles = random_columns(rng, HARD_PARTICLES, offsets[-1])
    return HardEvents(random_columns(rng, HARD_EVENTS, len(sizes)), particles, offsets)


@given(counts, seeds, st.slices(12))
def test_slice_of_hard_events_is_that_of_each_event(sizes, seed, rows):
    events = random_hard_events(sizes, seed)
    if rows.step not in (None, 1):
        with pytest.raises(ValueError, match="step 1"):
            events[rows]
        return
    cut = events[rows]
    kept = range(len(sizes))[rows]
    assert len(cut) == len(kept)
    for i, j in enumerate(kept):
        for name, column in events.particles.items():
            mine = cut.particles[name][cut.offsets[i] : cut.offsets[i + 1]]
            assert mine.tobytes() == column[events.offsets[j] : events.offsets[j + 1]].tobytes()


@pytest.mark.parametrize("compression", ["blosc2", "gzip", "none"])
def test_same_content_gives_the_same_bytes(tmp_path, compression):
    rng = np.random.default_rng(1)
    sizes = rng.integers(0, 50, 2000)
    initiators, view = random_initiators(rng, sizes), random_view(rng, sizes)
    for name in ("a.h5", "b.h5"):
        write_shard(tmp_path / name, initiators, {"nominal": view}, ATTRIBUTES, compression)
        # HDF5's times have a resolution of one second.
        time.sleep(1.1 if name == "a.h5" else 0)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_gzip_shard_needs_no_plugin_and_tells_its_units(tmp_path):
    rng = np.random.default_rng(1)
    view = random_view(rng, [3, 0, 2])
    initiators = random_initiators(rng, [0, 0, 2])
    write_shard(tmp_path / "a.h5", initiators, {"nominal": view}, ATTRIBUTES, "gzip")
    with h5py.File(tmp_path / "a.h5") as file:
        filters = []

        def note_filter(_, item):
            if isinstance(item, h5py.Dataset) and len(item):
                filters.append(item.compression)

        file.visititems(note_filter)
        assert set(filters) == {"gzip"}
        assert json.loads(file.attrs["label_names"]) == ATTRIBUTES["label_names"]
        group = file["views/nominal/constituents"]
        assert group["offsets"][:].tolist() == [0, 3, 3, 5]
        assert group["pt"][:].tobytes() == view.constituents["pt"].tobytes()
        assert group["pt"].attrs["unit"] == "GeV"


def test_wrong_tables_are_refused_before_a_file_appears(tmp_path):
    rng = np.random.default_rng(1)
    path = tmp_path / "a.h5"
    initiators, view = random_initiators(rng, [1, 1]), random_view(rng, [1, 1])
    with pytest.raises(ValueError, match="view 'seed' has 3 rows"):
        write_shard(path, initiators, {"seed": random_view(rng, [1, 1, 1])}, ATTRIBUTES)
    wrong = View({**view.jets, "pt": np.zeros(2)}, view.constituents, view.offsets)
    with pytest.raises(ValueError, match="expected float32, found float64"):
        write_shard(path, initiators, {"nominal": wrong}, ATTRIBUTES)
    fewer = {column.name: view.jets[column.name] for column in JETS[1:]}
    wrong = View(fewer, view.constituents, view.offsets)
    with pytest.raises(ValueError, match="expected the columns"):
        write_shard(path, initiators, {"nominal": wrong}, ATTRIBUTES)
    initiators.columns["label"][:] = 3
    with pytest.raises(ValueError, match="'label' goes to 3"):
        write_shard(path, initiators, {"nominal": view}, ATTRIBUTES)
    assert list(tmp_path.iterdir()) == []


def test_view_file_of_other_events_or_too_few_rows_is_refused(tmp_path):
    view = random_view(np.random.default_rng(1), [1])
    keys = {"event": np.array([7]), "initiator": np.zeros(1, np.uint8)}
    rest = (["seed"], [{"seed": view}], {})
    with pytest.raises(ValueError, match="events 7 to 7 found in the range of events 0 to 6"):
        write_view_file(tmp_path / "view.h5", EventRange("higgs", 0, 6), keys, *rest)
    two = {name: np.repeat(column, 2) for name, column in keys.items()}
    with pytest.raises(ValueError, match="2 keys, but 1 rows of view 'seed'"):
        write_view_file(tmp_path / "view.h5", EventRange("higgs", 0, 7), two, *rest)
    assert list(tmp_path.iterdir()) == []


def test_kinds_of_files_are_not_confused(tmp_path):
    write_hard_events(tmp_path / "hard.h5", random_hard_events([2], 0), RUN, {})
    with pytest.raises(InputFileError, match="expected a file of kind 'shard', found 'hard'"):
        open_dataset(tmp_path / "hard.h5")


def test_a_file_is_replaced_by_its_own_kind_alone(tmp_path):
    path = tmp_path / "file.h5"

    def write(kind):
        with create(path, kind, {}) as file:
            file["kind"] = kind

    write("embedding")
    write("embedding")
    for kind in ("shard", "hard"):
        with pytest.raises(ConfigError, match=f"{path}: is there, and no file .*{kind}.* be lost"):
            write(kind)
    with pytest.raises(ConfigError, match="HDF5"), growing(path):
        pass
    with h5py.File(path) as file:
        assert file["kind"].asstr()[()] == "embedding"
    with h5py.File(path, "w") as file:
        file["of"] = "another program"
    with pytest.raises(ConfigError, match="would be lost"):
        write("embedding")
    with growing(path) as file:
        file.append("pt", np.ones(3))
    path.write_text("name: a config\n")
    with pytest.raises(ConfigError, match="would be lost"):
        write("shard")
    with pytest.raises(ConfigError, match="would be lost"), growing(path):
        pass
    assert path.read_text() == "name: a config\n"
    path.write_bytes(b"")
    write("shard")
    path.write_bytes(path.read_bytes()[:1000])  # of a copy that was cut off
    write("hard")


WRITER = """
import sys, h5py
file = h5py.File(sys.argv[1], "w", libver=sys.argv[2])
file["of"] = "another program"
file.flush()
print(flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_a_file_that_another_program_writes_to_is_not_replaced(tmp_path, libver):
    path = tmp_path / "file.h5"
    command = [sys.executable, "-c", WRITER, str(path), libver]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        writer.stdout.readline()
        with pytest.raises(ConfigError, match="would be lost"), create(path, "shard", {}):
            pass
        writer.stdin.close()
    with h5py.File(path) as file:
        assert list(file) == ["of"]


def test_a_file_that_does_not_fit_into_memory_is_not_called_damaged(tmp_path):
    path = tmp_path / "hard.h5"
    write_hard_events(path, random_hard_events([2], 0), RUN, {})
    with (
        pytest.raises(MemoryError, match=r"hard\.h5: Unable to allocate .* fewer rows at once"),
        reading(path, "hard"),
    ):
        np.empty(1 << 60, np.uint8)


def test_a_flipped_bit_in_what_a_run_hands_on_is_noticed(tmp_path):
    hard, view = tmp_path / "hard.h5", tmp_path / "view.h5"
    write_hard_events(hard, random_hard_events([3, 0, 5], 1), RUN, {"config": {}})
    keys = {"event": np.arange(3), "initiator": np.zeros(3, np.uint8)}
    table = random_view(np.random.default_rng(1), [2, 0, 4])
    write_view_file(view, EventRange("higgs", 0, 2), keys, ["seed"], [{"seed": table}], {})
    for path, read in ((hard, read_hard_events), (view, read_whole_view)):
        content = path.read_bytes()
        for start, length in places_of_values(path):
            damaged = bytearray(content)
            damaged[start + length // 2] ^= 16
            path.write_bytes(damaged)
            with pytest.raises(InputFileError, match=f"{path.name}: damaged"):
                read(path)


def read_whole_view(path):
    return open_view_file(path).read("seed", 0, 3)


def places_of_values(path):
    """List where in a file the values of its datasets lie: (start, length) each."""
    places = []

    def note(_, item):
        if isinstance(item, h5py.Dataset):
            chunks = [item.id.get_chunk_info(i) for i in range(item.id.get_num_chunks())]
            places.extend((chunk.byte_offset, chunk.size) for chunk in chunks)

    with h5py.File(path) as file:
        file.visititems(note)
    assert len(places) > 10
    return places
