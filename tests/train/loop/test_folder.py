from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import save_file

from rs3l_data.errors import ConfigError, InputFileError
from rs3l_train.loop.files import read_metrics, write_json
from rs3l_train.loop.folder import CHECKPOINT, require_other_file, require_own


def left_by(folder, stage):
    """What a stage that was stopped, or its part, leaves to be recognised by."""
    folder.mkdir(parents=True)
    one = {"w": torch.ones(1)}
    match stage:
        case "run":
            (folder / "study").mkdir()
        case "study":
            (folder / "trainings").mkdir()
        case "unfinished pretrain":
            save_file(one, folder / CHECKPOINT, {"fixed": json.dumps({"training.seed": 1})})
        case "unfinished finetune":
            save_file(one, folder / CHECKPOINT, {"fixed": json.dumps({"--mode": "full"})})
        case "pretrain" | "finetune":
            kind = {"pretrain": "backbone", "finetune": "tagger"}[stage]
            save_file(one, folder / "weights.safetensors", {"kind": kind})
        case "damaged":
            (folder / CHECKPOINT).write_bytes(b"no checkpoint")
        case "evaluate":
            write_json(folder / "metrics.json", {"stage": "evaluate"})
        case "nobody":
            (folder / "notes.txt").write_text("mine")


STAGES = ("run", "pretrain", "finetune", "study", "evaluate")


@pytest.mark.parametrize(
    "found", [*STAGES, "unfinished pretrain", "unfinished finetune", "damaged", "nobody"]
)
@pytest.mark.parametrize("asked", STAGES)
def test_a_folder_is_of_one_stage(tmp_path, found, asked):
    folder = tmp_path / "out"
    left_by(folder, found)
    owner = found.removeprefix("unfinished ")
    if owner in (asked, "damaged", "nobody"):
        require_own(folder, asked)
    else:
        with pytest.raises(ConfigError, match=f"holds what `{owner}` left, which `{asked}`"):
            require_own(folder, asked)


def test_a_checkpoint_with_a_damaged_header_is_left_to_its_reader(tmp_path):
    """Who says what to do about it, or starts anew."""
    save_file({"w": torch.ones(1)}, tmp_path / CHECKPOINT, {"fixed": '{"training.seed": ,'})
    require_own(tmp_path, "pretrain")


def test_a_tagger_of_a_study_is_the_study_s(tmp_path):
    folder = tmp_path / "study" / "trainings" / "full_100_0"
    left_by(folder, "finetune")
    for stage in ("pretrain", "finetune"):
        with pytest.raises(ConfigError, match="holds what `study` left"):
            require_own(folder, stage)


def test_a_result_does_not_take_the_place_of_its_network(tmp_path):
    require_other_file(tmp_path / "test.h5", tmp_path)
    for model in (tmp_path, tmp_path / "weights.safetensors"):
        with pytest.raises(ConfigError, match="is the network itself"):
            require_other_file(tmp_path / "weights.safetensors", model)


@pytest.mark.parametrize("name", ["best.safetensors", "metrics.json", "run.json", "config.yaml"])
def test_a_result_does_not_take_the_place_of_what_the_training_wrote(tmp_path, name):
    for model in (tmp_path, tmp_path / "best.safetensors"):
        with pytest.raises(ConfigError, match=f"{name}: is "):
            require_other_file(tmp_path / name, model)
    require_other_file(tmp_path / "elsewhere" / name, tmp_path)


@pytest.mark.parametrize("content", ["[]", "3", "{", "null"])
def test_metrics_that_are_none_are_damaged(tmp_path, content):
    (tmp_path / "metrics.json").write_text(content)
    with pytest.raises(InputFileError, match=r"metrics\.json: .*; train again"):
        read_metrics(tmp_path)
    require_own(tmp_path, "pretrain")


def test_a_result_does_not_take_the_place_of_jets(folder, dataset, tmp_path):
    require_other_file(tmp_path / "test.h5", tmp_path, dataset)
    require_other_file(folder / "test.h5", tmp_path, dataset)
    for name in ("shard-0001.h5", "dataset.json", "../dataset0/shard-0000.h5"):
        with pytest.raises(ConfigError, match="is a file of the dataset"):
            require_other_file(folder / name, tmp_path, dataset)
    with pytest.raises(ConfigError, match="is a dataset; choose another folder"):
        require_own(folder, "pretrain")


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"file is a file; choose another folder"):
        require_own(tmp_path / "file" / "out", "pretrain")
    require_own(tmp_path / "new" / "out", "pretrain")
