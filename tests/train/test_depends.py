"""What the workflow pretrains again for, and what it does not."""

import torch
from safetensors.torch import load_file

from rs3l_train.config import pretraining_part, validate_training
from rs3l_train.tasks.pretrain import pretrain
from tests.train.conftest import SETTINGS


def settings(**blocks):
    merged = {name: {**SETTINGS.get(name, {}), **block} for name, block in blocks.items()}
    return {**SETTINGS, "pretrain": {**SETTINGS["pretrain"], "views_seen": 300}, **merged}


def test_what_pretraining_does_not_depend_on_leaves_its_weights_alone(dataset, tmp_path):
    one = settings()
    other = settings(
        task={
            **{"labels": [30], "seeds": 1, "modes": ["probe"], "validation_labels": 30},
            # The probe on the way tells other classes apart.
            **{"signal": ["qcd"], "background": ["higgs"]},
        },
        finetune={"learning_rate": 1e-2},
        evaluation={"max_jets": 50, "temperature_scaling": False},
    )
    assert pretraining_part(one) == pretraining_part(other)
    weights = []
    for name, given in (("one", one), ("other", other)):
        pretrain(dataset, validate_training(given, name), tmp_path / name)
        weights.append(load_file(tmp_path / name / "weights.safetensors"))
    assert weights[0].keys() == weights[1].keys()
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_what_pretraining_depends_on():
    one = pretraining_part(settings())
    assert one != pretraining_part(settings(pretrain={"learning_rate": 1e-4}))
    assert one != pretraining_part(settings(data={"constituents": 8}))
    assert one != pretraining_part({**settings(), "seed": 4})
