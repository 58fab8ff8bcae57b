"""The network and the objective that docs/training.md adds as an example."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from rs3l_train.backbones import Backbone
from rs3l_train.objectives import Objective
from rs3l_train.tasks.contract import require_backbone, require_objective
from rs3l_train.tasks.pretraining import set_up
from rs3l_train.views.inputs import N_INPUTS, network_inputs
from rs3l_train.views.presentation import presentation

PAGE = Path(__file__).parents[2] / "docs/training.md"
EXAMPLE = re.compile(r"```python\n# (rs3l_train/\S+)\.py(.*?)\n(.*?)```", re.DOTALL)


@pytest.fixture
def added(monkeypatch):
    """Add the classes of the page where it says, and give them by name."""
    classes = {}
    # Settings come first here, which networks import.
    found = sorted(EXAMPLE.findall(PAGE.read_text(encoding="utf-8")), key=lambda one: not one[1])
    assert [where for _, where, _ in found] == [
        *(", above BackboneConfig", ", above ObjectiveConfig", "", "")
    ]
    for path, where, code in found:
        name = path.replace("/", ".")
        module = sys.modules[name] if where else ModuleType(name)
        if not where:
            monkeypatch.setitem(sys.modules, name, module)
        own = {**vars(module)}
        exec(compile(code, str(PAGE), "exec"), own)
        (added,) = (
            own.keys() - vars(module).keys() - {"__builtins__"}
            if where
            else {key for key, one in own.items() if getattr(one, "__module__", None) == name}
        )
        monkeypatch.setattr(module, added, own[added], raising=False)
        classes[added] = own[added]
    return classes


def test_the_example_keeps_what_it_says(added, dataset, config):
    torch.manual_seed(3)
    network = added["DeepSets"](N_INPUTS[config.data.inputs], added["DeepSetsConfig"]())
    assert isinstance(network, Backbone)
    objective = added["Uniform"](network, presentation(config), added["UniformConfig"]())
    assert isinstance(objective, Objective)
    pretraining = set_up(dataset, config, torch.device("cpu"))
    entries = next(pretraining.training.epoch(0))
    batch = pretraining.jets.gather(entries)
    inputs = network_inputs(batch, config.data.inputs)
    require_backbone(network, inputs)
    require_objective(objective, batch, entries.rows, pretraining.training.generator())
    optimiser, losses = torch.optim.Adam(objective.parameters(), 1e-3), []
    for _ in range(30):
        outputs = objective.outputs(batch, pretraining.training.generator())
        losses.append(objective.loss(outputs, entries.rows))
        optimiser.zero_grad()
        losses[-1].backward()
        optimiser.step()
    assert losses[-1] < losses[0] - 0.1


def test_rows_come_as_the_page_says(dataset, config):
    """The views of a jet side by side, always in the same order; jets in random order."""
    for entries in set_up(dataset, config, torch.device("cpu")).training.epoch(0):
        change = entries.rows.diff() != 0
        assert len(entries.rows.unique()) == 1 + int(change.sum())
        assert (entries.views.diff()[~change] > 0).all()
        assert (entries.rows.diff() < 0).any()
