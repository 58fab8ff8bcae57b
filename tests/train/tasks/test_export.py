from __future__ import annotations

import json
import math
import re
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from rs3l_data.errors import ConfigError
from rs3l_train.errors import ExportError
from rs3l_train.loop.saved_network import load_network, save_network
from rs3l_train.tasks import export as task
from rs3l_train.tasks import parity
from rs3l_train.tasks.deployed import Deployed
from rs3l_train.tasks.export import export
from rs3l_train.tasks.model import open_model
from rs3l_train.tasks.parity import random_jets, tensors
from rs3l_train.views.inputs import network_inputs
from rs3l_train.views.memory import Selection
from rs3l_train.views.reading import CONSTITUENT_COLUMNS, JET_COLUMNS
from tests.train.conftest import BACKBONES
from tests.train.tasks.test_embed import save


def columns(dataset, view, rows, width):
    """Inputs of the file from the dataset's reader, without anything of the training's loader."""
    padded = dataset.to_numpy(view, width, CONSTITUENT_COLUMNS)
    features = {
        f"constituents_{name}": padded["features"][rows, :, i].astype(np.float32)
        for i, name in enumerate(CONSTITUENT_COLUMNS)
    }
    return features | {f"jets_{name}": padded["jets"][name][rows] for name in JET_COLUMNS}


PAGE = Path(__file__).parents[3] / "docs/training.md"
LISTS = {**dict.fromkeys(BACKBONES, "shortcut_free"), "edgeconv": "rs3l"}
"""A list of inputs for each network"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A tagger with each network: the network, the file, what `export` said of it."""
    made = {}
    for name in BACKBONES:
        folder = tmp_path_factory.mktemp(name)
        network = save(folder / "run", name, inputs=LISTS[name])
        made[name] = (network, folder / "model.onnx", export(folder / "run", folder / "model.onnx"))
    return made


@pytest.mark.parametrize("name", BACKBONES)
def test_the_file_gives_what_the_network_gives(name, exported, dataset, jets):
    tagger, path, summary = exported[name]
    assert 0 <= summary["difference"] < summary["tolerance"]
    assert summary["outputs"] == ["embedding", "score"]
    session = onnxruntime.InferenceSession(path)
    assert [one.name for one in session.get_inputs()] == summary["inputs"]
    rows = np.flatnonzero(dataset.jets("seed")["present"])
    selection = Selection(torch.ones(len(rows), dtype=torch.int64), torch.from_numpy(rows))
    with torch.no_grad():
        inputs = network_inputs(jets.gather(selection), LISTS[name])
        embedding, score = tagger.backbone(inputs).numpy(), tagger(inputs).numpy()
    # The network takes 16 constituents: what is beyond must not matter.
    for width, n in ((16, len(rows)), (40, 30), (16, 1)):
        found = session.run(None, columns(dataset, "seed", rows[:n], width))
        np.testing.assert_allclose(found[0], embedding[:n], atol=2e-3 * embedding.std())
        np.testing.assert_allclose(found[1], score[:n], atol=2e-3 * score.std())


@pytest.mark.parametrize("name", BACKBONES)
def test_the_file_does_not_tell_where_it_was_made(name, exported):
    """So that the same network is the same file wherever rs3l and PyTorch lie."""
    content = exported[name][1].read_bytes()
    for folder in (Path(task.__file__).parent, Path(torch.__file__).parent):
        assert str(folder).encode() not in content
    assert b".py" not in content


def test_the_example_of_the_docs_runs(exported, dataset, tmp_path, monkeypatch):
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (example,) = (one for one in examples if "onnxruntime" in one)
    (tmp_path / "tagger.onnx").write_bytes(exported["edgeconv"][1].read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("rs3l_data.open", lambda _: dataset)
    names: dict = {}
    exec(compile(example, str(PAGE), "exec"), names)
    present = names["jets"].jets("nominal")["present"]
    assert present.any()
    assert np.array_equal(np.isfinite(names["score"]), present)


def test_the_file_says_what_it_takes_and_where_it_is_from(exported):
    _, path, summary = exported["transformer"]
    found = {one.key: one.value for one in onnx.load(path).metadata_props}
    assert found["format"] == "rs3l-onnx-1"
    assert (found["kind"], found["features"]) == ("tagger", "shortcut_free")
    assert json.loads(found["config"])["data"]["constituents"] == 16 == int(found["constituents"])
    assert json.loads(found["inputs"])["jets_pt"] == "transverse momentum of the jet [GeV]"
    assert [*json.loads(found["inputs"])] == summary["inputs"]
    assert json.loads(found["details"]) == {"note": "a test"}


def test_a_file_that_differs_is_refused(exported, tmp_path, monkeypatch):
    content = exported["transformer"][1].read_bytes()
    monkeypatch.setattr(task, "_serialised", lambda *_: content)
    save(tmp_path / "run", "transformer")
    assert export(tmp_path / "run", tmp_path / "same.onnx")["difference"] < 1e-3
    weights = save(tmp_path / "other", "transformer")
    torch.nn.init.normal_(weights.head.weight)
    config = load_network(tmp_path / "run", "tagger").config
    save_network(tmp_path / "other", weights, "tagger", config, {})
    with pytest.raises(ExportError, match="not written: ONNX Runtime and PyTorch differ by"):
        export(tmp_path / "other", tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()


@pytest.mark.parametrize(("moved", "same"), [(0.0, True), (0.5, False), (math.nan, False)])
def test_two_neighbours_equally_near_are_no_difference(moved, same, exported, monkeypatch):
    """One jet's output is off by half; moved a little it is right, or is wrong again."""
    path = exported["edgeconv"][1]
    deployed = Deployed(open_model(path.parent / "run")).eval()
    offsets = iter([0.0, 0.5, moved])

    def answers(network, jets):
        embedding, score = true_answers(network, jets)
        embedding[0, 0] += next(offsets, 0.0) * embedding.std(0).mean()
        return [embedding, score]

    true_answers = parity.answers
    monkeypatch.setattr(parity, "answers", answers)
    found = parity.largest_difference(deployed, path.read_bytes())
    assert (found < task.TOLERANCE) == same
    assert same or math.isnan(found) or found == pytest.approx(0.5, rel=0.01)


@pytest.mark.parametrize("name", ["tag.pt", "onnx", "tag.onnx.gz"])
def test_a_file_is_called_as_what_it_is(tmp_path, name):
    with pytest.raises(ConfigError, match=rf"{name}: an ONNX file is written; .* x\.onnx"):
        export(tmp_path / "run", tmp_path / name)
    assert not (tmp_path / name).exists()


def test_a_backbone_alone_has_no_score(tmp_path):
    save(tmp_path / "run", tagger=False)
    jets = tensors(random_jets(4, 20))
    (embedding,) = Deployed(open_model(tmp_path / "run"))(*jets)
    assert embedding.shape == (4, 8)


def test_random_jets_fall_in_pt_and_end_in_nothing():
    jets = random_jets(50, 9)["constituents"]
    assert (np.diff(jets["pt"], axis=1) <= 0).all()
    counts = (jets["pt"] > 0).sum(1)
    assert set(counts) == set(range(1, 10))
    assert all((column[jets["pt"] == 0] == 0).all() for column in jets.values())


def test_a_difference_that_is_no_number_is_no_agreement(tmp_path, monkeypatch):
    monkeypatch.setattr(task, "_serialised", lambda *_: b"")
    monkeypatch.setattr(task, "largest_difference", lambda *_: math.nan)
    save(tmp_path / "run")
    with pytest.raises(ExportError, match="differ by nan"):
        export(tmp_path / "run", tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()
