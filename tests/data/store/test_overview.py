"""What `rs3l-data inspect` says of a dataset, against what is read of it."""

import json

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

import rs3l_data
from rs3l_data.__main__ import app
from rs3l_data.reshape.select import Choice, select
from rs3l_data.store.overview import overview
from tests.synthetic import make_dataset


def test_counts_are_those_of_the_rows(dataset):
    found = overview(dataset)
    assert (found["rows"], found["events"]) == (90, 60)
    assert {name: one["rows"] for name, one in found["processes"].items()} == {
        "higgs": 30,
        "qcd": 60,
    }
    assert sum(one["rows"] for one in found["splits"].values()) == 90
    for name, view in found["views"].items():
        present = dataset.jets(name)["present"]
        offsets, _ = dataset.constituents(name, [])
        assert view["present"] == pytest.approx(present.mean())
        assert view["constituents"] == pytest.approx(offsets[-1] / present.sum())


@pytest.mark.parametrize("compression", ["blosc2", "gzip", "none"])
def test_sizes_are_those_of_the_files(tmp_path, compression):
    folder = make_dataset(tmp_path / "ds", 10, n_shards=2, compression=compression)
    dataset = rs3l_data.open(folder)
    files = overview(dataset)["files"]
    initiators, views = dataset.read_initiators(), [dataset.read_view(v) for v in dataset.views]
    columns = [*initiators.columns.values(), *initiators.decays.values()]
    columns += [c for v in views for c in (*v.jets.values(), *v.constituents.values())]
    # In each shard, offsets of one more than its rows for decays and each view.
    content = sum(column.nbytes for column in columns) + 8 * (1 + len(views)) * (len(dataset) + 2)
    stored = sum(path.stat().st_size for path in folder.glob("*.h5"))
    n_jets = sum(np.sum(view.jets["present"]) for view in views)
    assert files == {
        "shards": 2,
        "bytes": stored,
        "compression": [compression],
        "ratio": pytest.approx(content / stored),
        "bytes_per_jet": pytest.approx(stored / n_jets),
    }


def test_the_command_says_it_in_words_and_as_json(folder, dataset):
    answer = CliRunner().invoke(app, ["inspect", str(folder)])
    assert answer.exit_code == 0
    assert f"{folder}: 90 initiators of 60 hard events" in answer.stdout
    answer = CliRunner().invoke(app, ["inspect", str(folder), "--json"])
    assert json.loads(answer.stdout) == {"path": str(folder), **overview(dataset)}


def test_processes_have_all_that_normalises_them(folder):
    of_manifest = json.loads((folder / "dataset.json").read_text())["processes"]
    answer = CliRunner().invoke(app, ["inspect", str(folder), "--json"])
    told = json.loads(answer.stdout)["processes"]
    for name, entry in told.items():
        for key in ("cross_section_pb", "sum_of_weights"):
            assert entry[key] == of_manifest[name][key]
    text = CliRunner().invoke(app, ["inspect", str(folder)]).stdout
    assert "process  rows  events  cross_section_pb  sum_of_weights" in text
    assert text.split("\n  qcd", 1)[1].split()[:4] == ["60", "30", "1000", "30"]


def test_a_part_does_not_list_processes_as_its_own_that_it_has_no_rows_of(folder, tmp_path):
    select(folder, Choice(where_initiator="pdg_id != 25"), tmp_path / "part")
    with h5py.File(next((tmp_path / "part").glob("*.h5"))) as file:
        assert "higgs" in file.attrs["process_names"], "as in the shards of any run"
    text = CliRunner().invoke(app, ["inspect", str(tmp_path / "part")]).stdout
    assert "\n  qcd " in text
    assert "\n  higgs" not in text
    assert "no rows here of the processes higgs\n" in text
    assert "no rows here of the labels higgs\n" in text
    # Of a whole dataset it is news that a process has none.
    manifest = json.loads((tmp_path / "part" / "dataset.json").read_text())
    manifest["history"] = []
    (tmp_path / "part" / "dataset.json").write_text(json.dumps(manifest))
    text = CliRunner().invoke(app, ["inspect", str(tmp_path / "part")]).stdout
    assert "\n  higgs    0     0 " in text


def test_views_say_what_they_change_be_it_the_detector_or_pileup_alone(tmp_path):
    views = {
        "nominal": {"variation": None},
        "shifted": {"redo": "detector", "of": "nominal", "detector": {"hcal_scale": 1.02}},
        "crowded": {"redo": "detector", "of": "nominal", "pileup": {"mean": 60}},
        "strange": {"variation": ["StringFlav:probStoUD = 0.3", "StringPT:sigma = 0.3"]},
    }
    folder = make_dataset(tmp_path / "ds", 5, views=(*views,), config={"views": views})
    answer = CliRunner().invoke(app, ["inspect", str(folder)])
    assert answer.exit_code == 0
    rows = {
        line.split()[0]: line.split("  ")[-1].strip()
        for line in answer.stdout.splitlines()
        if line.strip()
    }
    assert rows["view"] == "changes"
    assert rows["nominal"] == "-"
    assert rows["shifted"] == "hcal_scale = 1.02"
    assert rows["crowded"] == "pileup.mean = 60"
    assert rows["strange"] == "StringFlav:probStoUD = 0.3; StringPT:sigma = 0.3"
    answer = CliRunner().invoke(app, ["inspect", str(folder), "--json"])
    told = json.loads(answer.stdout)["views"]
    assert told["crowded"]["changes"] == ["pileup.mean = 60"]
    assert told["nominal"]["changes"] == []


def test_a_part_without_the_view_that_another_starts_from_tells_of_both(tmp_path):
    views = {
        "strange": {"variation": ["StringPT:sigma = 0.3"]},
        "crowded": {"redo": "detector", "of": "strange", "pileup": {"mean": 60}},
    }
    folder = make_dataset(tmp_path / "ds", 5, views=("crowded",), config={"views": views})
    told = overview(rs3l_data.open(folder))["views"]["crowded"]["changes"]
    assert told == ["StringPT:sigma = 0.3 (of strange)", "pileup.mean = 60"]
