"""The examples of how to read a dataset run as a reader would run them on that of `make run`."""

import re
from pathlib import Path

import numpy as np
import pytest

import rs3l_data
from rs3l_data.describe.load import load_config
from rs3l_data.store.stream import Position
from tests.synthetic import make_dataset

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/python.md"
DEMO = load_config(ROOT / "config/demo.yaml")


@pytest.fixture
def demo(tmp_path, monkeypatch):
    """A dataset where the pages say that it is, with names that the demo's has."""
    processes, labels = ("qcd", "hbb"), ("g", "Hbb")
    assert set(processes) <= set(DEMO.processes)
    assert set(labels) <= set(DEMO.labels)
    folder = tmp_path / "results/demo/dataset"
    make_dataset(folder, 200, [*DEMO.views], processes, labels=labels)
    monkeypatch.chdir(tmp_path)


def examples(page):
    return re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def test_the_examples_run(demo):
    assert len(examples(PAGE)) >= 6
    names: dict = {}
    for example in examples(PAGE):
        exec(compile(example, str(PAGE), "exec"), names)
    assert len(names["higgs"])
    assert names["distance"].tolist()
    assert names["x"].shape[1:] == (32, 4)
    assert len(names["pt"]) == names["offsets"][-1]
    assert names["n_batches"] > 1
    assert names["place"].batch == 3
    np.testing.assert_allclose(names["summed"].mass, names["one"].jet.mass, atol=0.02)
    assert np.asarray(names["summed"].mass).dtype == np.float64
    sums = [
        np.bincount(names["bins"][of], names["equal"][of], len(names["edges"]) + 1)
        for of in (names["signal"], ~names["signal"])
    ]
    assert np.count_nonzero(sums[0]) > 1
    np.testing.assert_allclose(sums[0], sums[1])
    streamed, batch = names["stream"].dataset, names["batch"]
    rows = batch["rows"].numpy()
    for name in ("label", "weight"):
        np.testing.assert_array_equal(batch[f"initiator_{name}"], streamed.initiators[name][rows])
    mass = streamed.jets(streamed.views[0])["mass"][rows]
    np.testing.assert_array_equal(mass, batch["jet_mass"][0])
    names["shared"].start = Position(1)
    whole = [one["rows"].tolist() for one in names["loader"]]
    assert [one["rows"].tolist() for one in names["rest"]] == whole[4:] != []


def test_the_example_of_the_readme_runs(demo):
    names: dict = {}
    example = next(one for one in examples(ROOT / "README.md") if "rs3l_data.open" in one)
    exec(compile(example, "README.md", "exec"), names)
    assert len(names["ds"])


def test_the_example_of_open_runs(demo):
    lines = re.findall(r">>> (.*?)  # doctest", rs3l_data.open.__doc__)
    assert len(lines) == 2
    names = {"rs3l_data": rs3l_data}
    for line in lines:
        exec(line, names)
