"""A quick config, and trainings that crash, for the tests of taggers and runs."""

from __future__ import annotations

import pytest
import torch

from rs3l_train.backbones import backbone_of
from rs3l_train.loop.device import prepare
from rs3l_train.loop.saved_network import Saved
from rs3l_train.loop.updates import Updates
from rs3l_train.tasks.bench import set_bench
from rs3l_train.tasks.pretrain import pretrain
from tests.train.conftest import changed

QUICK = {
    "pretrain": {"views_seen": 600, "validation_jets": 40},
    "finetune": {"max_views_seen": 500, "validate_every": 150},
    "loop": {"checkpoint_seconds": None, "checkpoint_views": 40},
    "task": {"labels": [20], "seeds": 2, "modes": ["probe", "full", "scratch"]},
    "evaluation": {"max_jets": 100},
}


class CrashError(Exception):
    pass


@pytest.fixture(scope="module")
def quick(config):
    return changed(config, **QUICK)


@pytest.fixture(scope="module")
def bench(dataset, quick):
    return set_bench(dataset, quick, prepare(quick), [(20, 0), (20, 1), (24, 1)])


@pytest.fixture(scope="module")
def backbone(config):
    """One that was not trained."""
    torch.manual_seed(7)
    details = {"views": ["nominal", "seed", "fsr_up"]}
    return Saved("backbone", backbone_of(config).state_dict(), config, details, {}, {})


@pytest.fixture(scope="module")
def pretrained(dataset, quick, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pretrained")
    pretrain(dataset, quick, folder)
    return folder


@pytest.fixture
def crash_at(monkeypatch):
    """Make a training fail before a step, and say how many it has taken."""

    def set_step(number):
        taken = []

        def counted(*arguments):
            if len(taken) == number:
                raise CrashError
            taken.append(1)
            return step(*arguments)

        monkeypatch.setattr(Updates, "step", counted)
        return taken

    step = Updates.step
    return set_step
