from __future__ import annotations

import shutil
from pathlib import Path

import h5py
import pytest
import torch
import yaml

import rs3l_data
from rs3l_train.backbones import backbone_of
from rs3l_train.config import validate_training
from rs3l_train.loop.device import prepare
from rs3l_train.tasks.bench import set_bench
from rs3l_train.views.memory import load
from tests.synthetic import make_dataset

VIEWS = ("nominal", "seed", "fsr_up")

SETTINGS = {
    "seed": 3,
    "device": "cpu",
    "threads": 1,
    "data": {"constituents": 16},
    "backbone": {"width": 16, "layers": 2, "neighbours": 6, "output": [16, 8]},
    "pretrain": {
        "views_seen": 6000,
        "jets_per_batch": 16,
        "learning_rate": 3e-3,
        "validation_jets": 100,
    },
    "task": {
        "signal": ["higgs"],
        "background": ["qcd"],
        "labels": [20],
        "seeds": 2,
        "validation_labels": 60,
    },
    "finetune": {"max_views_seen": 600, "validate_every": 300, "patience": 2},
}

BACKBONES = {
    "edgeconv": SETTINGS["backbone"],
    "transformer": {"name": "transformer", "size": "0.1M", "output": [8]},
}
OBJECTIVES = {
    "ntxent": {"projection": [12, 6]},
    "vicreg": {"projection": [12, 6]},
    "simsiam": {"projection": [12, 6], "predictor": 4},
    "byol": {"projection": [12, 6], "predictor": 4, "momentum": 0.9},
    "masked": {},
    "contrastive_masked": {},
    "supervised": {},
}


def changed(config, **blocks):
    """Change some settings of a config."""
    settings = config.model_dump()
    for block, values in blocks.items():
        settings[block] = settings[block] | values if isinstance(values, dict) else values
    return validate_training(settings, "test")


def write_config(folder: Path, changes) -> Path:
    """Write the settings with some blocks changed, as a command reads them."""
    blocks = {key: {**SETTINGS.get(key, {}), **new} for key, new in changes.items()}
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump({"training": SETTINGS | blocks}), encoding="utf-8")
    return path


def too_large(*_):
    """Be a step or a network for which memory is lacking."""
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _on_the_cpu(request, monkeypatch):
    """Where there is a GPU, `auto` would take it: for `test_cuda.py` alone."""
    if not request.path.stem.endswith("cuda"):
        monkeypatch.setattr("torch.cuda.is_available", lambda: False)


@pytest.fixture(autouse=True)
def _undrawn(request):
    """Render no figures, as each training has many, but in tests that look at them."""
    if "drawn" not in request.keywords:
        request.getfixturevalue("undrawn")


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    """A dataset on disk: 200 events of each process, in three views."""
    return make_dataset(
        tmp_path_factory.mktemp("dataset"), 200, VIEWS, ("higgs", "qcd"), seed=4, n_shards=2
    )


@pytest.fixture(scope="session")
def dataset(folder):
    return rs3l_data.open(folder)


@pytest.fixture(scope="session")
def bench(dataset, config):
    """The jets of the config's task."""
    return set_bench(dataset, config, prepare(config))


@pytest.fixture(scope="session")
def weights(config):
    """Those of a backbone that was not trained."""
    torch.manual_seed(7)
    return backbone_of(config).state_dict()


def damage(folder: Path, copy: Path, column: str) -> Path:
    """Copy the dataset, and zero out a column of some jets in the second shard."""
    path = shutil.copytree(folder, copy) / "shard-0001.h5"
    with h5py.File(path) as file:
        chunk = file[column].id.get_chunk_info(0)
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset : chunk.byte_offset + chunk.size] = bytes(chunk.size)
    path.write_bytes(content)
    return copy


@pytest.fixture
def damaged(folder, tmp_path) -> Path:
    """A copy of the dataset in whose second shard some jets' constituents are zeroed out."""
    return damage(folder, tmp_path / "ds", "views/nominal/constituents/pt")


@pytest.fixture(scope="session")
def jets(dataset):
    return load(dataset, VIEWS, 16, torch.device("cpu"))


@pytest.fixture(scope="session")
def config():
    return validate_training(SETTINGS, "test")
