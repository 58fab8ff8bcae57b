"""BYOL: the loss by its definition, the average that is its target, and going on after a stop."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch._dynamo.testing import CompileCounter

from rs3l_train.backbones.compiled import compile_backbones
from rs3l_train.config import validate_training
from rs3l_train.objectives.byol import BYOL
from rs3l_train.tasks.pretrain import pretrain
from rs3l_train.testing.jets import drawn_batch
from tests.train.objectives.test_ntxent import views
from tests.train.objectives.test_objectives import made, outputs
from tests.train.results import records

SETTINGS = {"name": "byol", "projection": [12, 6], "predictor": 4, "momentum": 0.9}


def naive(objective, z, slow, rows):
    """Eq. 2 over all ordered pairs of views, in float64."""
    z, slow = (
        (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5)
        for x in (np.asarray(one, np.float64) for one in (z, slow))
    )
    q = objective.double().predict(torch.from_numpy(z)).detach().numpy()
    q, slow = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (q, slow))
    pairs = [(i, j) for i in range(len(z)) for j in range(len(z)) if i != j and rows[i] == rows[j]]
    return np.mean([((q[i] - slow[j]) ** 2).sum() for i, j in pairs])


@settings(max_examples=20)
@given(st.integers(0, 2**31))
def test_the_loss_is_its_definition(seed):
    _, rows = views(seed)
    drawn = torch.randn(len(rows), 12, generator=torch.Generator().manual_seed(seed))
    objective = made(SETTINGS)
    found = objective.loss(3 * drawn + 1, rows).item()
    z, slow = (3 * drawn + 1).numpy()[:, :6], (3 * drawn + 1).numpy()[:, 6:]
    assert found == pytest.approx(naive(objective, z, slow, rows.tolist()), rel=1e-4)
    assert 0 <= found <= 4


def test_the_target_is_the_network_at_first(jets, selection):
    objective = made(SETTINGS)
    z, slow = outputs(objective, jets.gather(selection)).chunk(2, 1)
    assert torch.equal(z, slow)
    alone, both = (objective.compared(torch.cat([z, one], 1)) for one in (z, 2 + slow))
    assert torch.equal(alone, both), "the target's own are not compared"


def test_the_target_sees_what_the_network_sees(jets, selection):
    """The same inputs, by its own weights, which differ once the network has moved."""
    objective = made(SETTINGS)
    batch = jets.gather(selection)
    with torch.no_grad():
        for weight in objective.project.parameters():
            weight.mul_(1.5)
    z, slow = outputs(objective, batch).chunk(2, 1)
    inputs = objective.presentation(batch, torch.Generator().manual_seed(1))
    assert torch.equal(slow, objective.target(inputs))
    assert not torch.allclose(z, slow)


@pytest.mark.parametrize(("widths", "width"), [([12, 6], 6), (None, 8)])
def test_the_predictor_is_as_wide_as_is_said(jets, selection, widths, width):
    """Without a projection it predicts the embedding, of eight numbers."""
    objective = made(SETTINGS | {"projection": widths})
    shapes = [tuple(weight.shape) for weight in objective.predict.parameters() if weight.ndim == 2]
    assert shapes == [(4, width), (width, 4)]
    found = outputs(objective, jets.gather(selection))
    assert found.shape == (len(selection), 2 * width)
    assert objective.loss(found, selection.rows).isfinite()


def test_the_target_is_the_average_of_the_past(jets, selection):
    """After k steps ξ is the sum over past weights θ of 0.1 · 0.9^age, and 0.9^k of the first."""
    objective = made(SETTINGS)
    optimiser = torch.optim.Adam(objective.parameters(), 1e-2)
    batch, past = jets.gather(selection), [weights_of(objective)]
    for _ in range(5):
        optimiser.zero_grad()
        objective.loss(outputs(objective, batch), selection.rows).backward()
        assert all(weight.grad is None for weight in objective.target.parameters())
        optimiser.step()
        objective.after_step()
        past.append(weights_of(objective))
    assert not torch.equal(past[-1], past[0])
    shares = [0.9**5, *(0.1 * 0.9**age for age in (4, 3, 2, 1, 0))]
    expected = sum(share * weights for share, weights in zip(shares, past, strict=True))
    found = torch.cat([weight.flatten() for weight in objective.target.parameters()])
    torch.testing.assert_close(found, expected)


def test_network_and_target_are_compiled():
    torch.compiler.reset()
    objective, compiler = made(SETTINGS), CompileCounter()
    compile_backbones(objective, compiler)
    batch = drawn_batch(torch.arange(6), 16, 2, 1)
    found = outputs(objective, batch)
    assert compiler.frame_count == 4, "two steps of each"
    torch.testing.assert_close(found, outputs(made(SETTINGS), batch))


def weights_of(objective):
    trained = [*objective.backbone.parameters(), *objective.project.parameters()]
    return torch.cat([weight.detach().clone().flatten() for weight in trained])


def test_it_goes_on_bit_for_bit_with_its_target(dataset, config, tmp_path, monkeypatch):
    block = config.model_dump() | {
        "objective": SETTINGS,
        "loop": {"checkpoint_seconds": None, "checkpoint_views": 150},
    }
    block["pretrain"] |= {"views_seen": 1000}
    byol = validate_training(block, "test")
    expected = pretrain(dataset, byol, tmp_path / "whole")

    class StoppedError(Exception):
        pass

    done, step = [], BYOL.after_step

    def stops(self):
        step(self)
        done.append(1)
        if len(done) == 12:
            raise StoppedError

    monkeypatch.setattr(BYOL, "after_step", stops)
    with pytest.raises(StoppedError):
        pretrain(dataset, byol, tmp_path / "cut")
    assert (tmp_path / "cut/checkpoint.safetensors").exists()
    found = pretrain(dataset, byol, tmp_path / "cut", "must")
    assert records(tmp_path / "cut") == records(tmp_path / "whole")
    assert len(done) < 12 + expected["steps"], "it went on"
    assert found["steps"] == expected["steps"]
    whole = sum(weight.numel() for weight in made(SETTINGS).parameters())
    assert found["parameters"] < found["parameters_trained"] < whole
