from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

import rs3l_data
from rs3l_data.describe.schema import Split
from rs3l_data.errors import InputFileError, StorageError
from rs3l_data.store.digest import digest
from rs3l_train.backbones import build
from rs3l_train.config import validate_training
from rs3l_train.errors import TrainingError
from rs3l_train.loop.saved_network import save_network
from rs3l_train.tasks import embed as task
from rs3l_train.tasks.embed import embed
from rs3l_train.tasks.tagger import Tagger
from rs3l_train.views.inputs import N_INPUTS, network_inputs
from rs3l_train.views.memory import Selection
from tests.train.conftest import BACKBONES, SETTINGS, VIEWS, too_large

PAGE = Path(__file__).parents[3] / "docs/training.md"


def save(folder, name="edgeconv", tagger=True, inputs="shortcut_free", settings=None):
    torch.manual_seed(7)
    data = {**SETTINGS["data"], "inputs": inputs}
    block = {**SETTINGS, "data": data, "backbone": BACKBONES[name], **(settings or {})}
    config = validate_training(block, "test")
    backbone = build(config.backbone, N_INPUTS[inputs])
    network = Tagger(backbone) if tagger else backbone
    save_network(folder, network, "tagger" if tagger else "backbone", config, {"note": "a test"})
    return network.eval()


def test_a_network_serves_with_the_threads_of_the_machine_it_is_used_on(dataset, tmp_path):
    save(tmp_path / "run", settings={"threads": torch.get_num_threads() + 1, "device": "cuda"})
    before = torch.get_num_threads()
    embed(dataset, tmp_path / "run", tmp_path / "all.h5")
    assert torch.get_num_threads() == before


def test_the_file_does_not_tell_where_the_dataset_lies(folder, dataset, tmp_path):
    save(tmp_path / "run")
    embed(dataset, tmp_path / "run", tmp_path / "here.h5")
    elsewhere = shutil.copytree(folder, tmp_path / "elsewhere" / folder.name)
    embed(rs3l_data.open(elsewhere), tmp_path / "run", tmp_path / "there.h5")
    with h5py.File(tmp_path / "there.h5") as file:
        assert json.loads(file.attrs["dataset"])["source"] == folder.name
    assert (tmp_path / "there.h5").read_bytes() == (tmp_path / "here.h5").read_bytes()


@pytest.mark.parametrize("name", BACKBONES)
def test_every_jet_has_its_own_embedding_and_score(name, dataset, jets, tmp_path):
    tagger = save(tmp_path / "run", name)
    summary = embed(dataset, tmp_path / "run", tmp_path / "all.h5")
    assert summary["rows"] == len(dataset)
    with h5py.File(tmp_path / "all.h5") as file:
        for v, view in enumerate(VIEWS):
            group = file[f"views/{view}"]
            present = dataset.jets(view)["present"]
            np.testing.assert_array_equal(group["present"][()], present)
            np.testing.assert_array_equal(np.isnan(group["embedding"][()]).all(1), ~present)
            np.testing.assert_array_equal(np.isnan(group["embedding"][()]).any(1), ~present)
            np.testing.assert_array_equal(np.isnan(group["score"][()]), ~present)
            assert summary["views"][view] == present.sum()
            for row in np.flatnonzero(present)[[0, 57, -1]]:
                one = jets.gather(Selection(torch.tensor([v]), torch.tensor([row])))
                inputs = network_inputs(one, "shortcut_free")
                with torch.no_grad():
                    z, score = tagger.backbone(inputs)[0], tagger(inputs)[0]
                np.testing.assert_allclose(group["embedding"][row], z, atol=1e-5)
                np.testing.assert_allclose(group["score"][row], score, atol=1e-5)


def test_rows_are_those_of_the_dataset_with_their_ids(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(task, "ROWS_AT_ONCE", 37)
    save(tmp_path / "run", tagger=False)
    chosen = dataset.select(splits="test", views=["seed"])
    embed(chosen, tmp_path / "run", tmp_path / "test.h5")
    with h5py.File(tmp_path / "test.h5") as file:
        assert list(file["views"]) == ["seed"]
        assert set(file["views/seed"]) == {"present", "embedding"}
        for name, column in chosen.initiators.items():
            np.testing.assert_array_equal(file[f"initiators/{name}"][()], column)
        assert (file["initiators/split"][()] == Split.TEST).all()
        assert len(file["views/seed/embedding"]) == len(chosen) > 2 * 37
        assert json.loads(file.attrs["label_names"]) == list(dataset.labels)
        model = json.loads(file.attrs["model"])
        assert model["config"]["backbone"]["width"] == 16
        assert (model["kind"], model["details"]) == ("backbone", {"note": "a test"})
        assert json.loads(file.attrs["dataset"])["digest"] == digest(dataset)
    monkeypatch.setattr(task, "ROWS_AT_ONCE", 1000)
    embed(chosen, tmp_path / "run", tmp_path / "at_once.h5")
    with h5py.File(tmp_path / "at_once.h5") as whole, h5py.File(tmp_path / "test.h5") as file:
        place = "views/seed/embedding"
        np.testing.assert_allclose(file[place][()], whole[place][()], atol=1e-5)


@pytest.mark.parametrize(("inputs", "told"), [("rs3l", False), ("shortcut_free", True)])
def test_inputs_that_a_dataset_cannot_fill_are_told(
    dataset, tmp_path, monkeypatch, caplog, inputs, told
):
    """As where the tagger is evaluated: it would give other scores, and nobody would know why."""
    unknown = {"converted": {"unknown_columns": ["constituents/d0_error", "tau1"]}}
    monkeypatch.setattr(type(dataset), "config", property(lambda _: unknown))
    save(tmp_path / "run", inputs=inputs)
    embed(dataset, tmp_path / "run", tmp_path / "all.h5")
    assert ("lacks the errors of impact parameters" in caplog.text) == told


def test_what_cannot_be_embedded_is_named_and_leaves_no_file(dataset, tmp_path):
    with pytest.raises(InputFileError, match="holds no trained network"):
        embed(dataset, tmp_path / "none", tmp_path / "out.h5")
    save(tmp_path / "run")
    with pytest.raises(InputFileError, match="no rows to embed"):
        embed(dataset[:0], tmp_path / "run", tmp_path / "out.h5")
    assert not (tmp_path / "out.h5").exists()


def test_a_file_that_cannot_be_written_is_told_before_the_jets_are_embedded(
    dataset, tmp_path, monkeypatch
):
    save(tmp_path / "run")
    (tmp_path / "taken").write_text("a file")
    monkeypatch.setattr("rs3l_train.tasks.embed.apply_network", None)
    with pytest.raises(StorageError, match="taken is not a folder"):
        embed(dataset, tmp_path / "run", tmp_path / "taken" / "out.h5")


def test_a_lack_of_memory_leaves_no_file_and_says_how_to_do_without(dataset, tmp_path, monkeypatch):
    save(tmp_path / "run")
    monkeypatch.setattr(task, "apply_network", too_large)
    with pytest.raises(TrainingError, match=r"2.00 GiB\.\nMake room .* CUDA_VISIBLE_DEVICES="):
        embed(dataset, tmp_path / "run", tmp_path / "out.h5")
    assert not (tmp_path / "out.h5").exists()


def test_the_example_of_the_docs_gives_what_the_command_gives(dataset, tmp_path, monkeypatch):
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (example,) = (one for one in examples if "open_model" in one)
    save(tmp_path / "results/demo/training/pretrain", tagger=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("rs3l_data.open", lambda _: dataset)
    names: dict = {}
    exec(compile(example, str(PAGE), "exec"), names)
    test = dataset.select(splits="test")
    embed(test, tmp_path / "results/demo/training/pretrain", tmp_path / "test.h5")
    with h5py.File(tmp_path / "test.h5") as file:
        present = file["views/nominal/present"][()]
        expected = file["views/nominal/embedding"][()][present]
        np.testing.assert_array_equal(names["label"], file["initiators/label"][()][present])
    np.testing.assert_allclose(names["embedding"], expected, atol=1e-5)
    assert names["batch"].mask.shape == (min(100, present.sum()), 16)


def test_the_example_for_signal_alone_gives_what_passes(dataset, tmp_path, monkeypatch, capsys):
    page = PAGE.with_name("tagging.md")
    examples = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    (example,) = (one for one in examples if "known.h5" in one)
    save(tmp_path / "run")
    monkeypatch.chdir(tmp_path)
    embed(dataset.select(splits="test"), tmp_path / "run", tmp_path / "known.h5")
    alone = dataset.select(splits="train", labels="higgs")
    embed(alone, tmp_path / "run", tmp_path / "new.h5")
    names: dict = {}
    exec(compile(example.replace('"top"', '"higgs"'), str(page), "exec"), names)
    assert capsys.readouterr().out.count(" +- ") == len(VIEWS)
    # Of the jets that chose it, the cut keeps half; a label is found by its name in each file.
    known = names["scores"]("known.h5", "higgs")["nominal"]
    assert len(known) > 20
    assert (known > names["threshold"]).mean() == pytest.approx(0.5, abs=1 / len(known))
    with h5py.File(tmp_path / "new.h5") as file:
        higgs = file["initiators/label"][()] == dataset.labels.index("higgs")
        passing = file["views/fsr_up/score"][()][higgs & file["views/fsr_up/present"][()]]
    assert names["kept"] == (passing > names["threshold"]).mean()
