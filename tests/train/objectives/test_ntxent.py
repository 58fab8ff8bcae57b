from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rs3l_train.objectives.ntxent import ntxent


def naive(z, jets, temperature):
    """The definition in float64, sum by sum."""
    z = np.asarray(z, np.float64)
    z = z / np.linalg.norm(z, axis=1, keepdims=True)
    losses = []
    for i in range(len(z)):
        others = [a for a in range(len(z)) if a != i]
        positives = [p for p in others if jets[p] == jets[i]]
        if positives:
            total = sum(math.exp(z[i] @ z[a] / temperature) for a in others)
            terms = [-math.log(math.exp(z[i] @ z[p] / temperature) / total) for p in positives]
            losses.append(sum(terms) / len(terms))
    return sum(losses) / len(losses)


def views(seed, n_jets=6, dimension=5):
    """Embeddings of jets with one to four views each."""
    random = np.random.default_rng(seed)
    jets = np.repeat(np.arange(n_jets), [2, *random.integers(1, 5, n_jets - 1)])
    return torch.tensor(random.normal(size=(len(jets), dimension))), torch.tensor(jets)


@settings(max_examples=40)
@given(st.integers(0, 2**31), st.floats(0.05, 2.0))
def test_it_is_its_definition(seed, temperature):
    z, jets = views(seed)
    expected = naive(z.numpy(), jets.numpy(), temperature)
    assert float(ntxent(z, jets, temperature)) == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_with_two_views_it_is_simclr_by_hand():
    z = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    jets = torch.tensor([0, 1, 0, 1])
    expected = -math.log(math.e / (math.e + 2))
    assert float(ntxent(z, jets, 1.0)) == pytest.approx(expected, rel=1e-6)


@settings(max_examples=25)
@given(st.integers(0, 2**31))
def test_order_scale_and_common_rotation_do_not_matter(seed):
    z, jets = views(seed)
    loss = float(ntxent(z, jets, 0.2))
    order = torch.randperm(len(z), generator=torch.Generator().manual_seed(seed))
    assert float(ntxent(z[order], jets[order], 0.2)) == pytest.approx(loss, rel=1e-4)
    lengths = 0.1 + torch.rand(len(z), 1, dtype=z.dtype) * 10
    assert float(ntxent(z * lengths, jets, 0.2)) == pytest.approx(loss, rel=1e-4)
    turn = torch.linalg.qr(torch.randn(5, 5, dtype=z.dtype)).Q
    assert float(ntxent(z @ turn, jets, 0.2)) == pytest.approx(loss, rel=1e-4)


def test_names_of_jets_do_not_matter():
    z, jets = views(3)
    assert torch.equal(ntxent(z, jets, 0.1), ntxent(z, 1000 - 7 * jets, 0.1))


def test_it_falls_when_views_of_a_jet_come_closer():
    z, jets = views(4)
    centre = torch.stack([z[jets == jet].mean(0) for jet in jets])
    assert ntxent(0.3 * z + 0.7 * centre, jets, 0.1) < ntxent(z, jets, 0.1)


def test_a_lone_view_is_a_negative_only():
    z, jets = views(5)
    lone = torch.cat([z, z[:1]])
    loss = ntxent(lone, torch.cat([jets, torch.tensor([99])]), 0.1)
    assert loss > ntxent(z, jets, 0.1)


def test_gradient_is_that_of_finite_differences():
    z, jets = views(7, n_jets=3)
    leaf = z.clone().requires_grad_()
    ntxent(leaf, jets, 0.5).backward()
    step = 1e-5
    for i, k in ((0, 0), (2, 3), (3, 1)):
        up, down = z.clone(), z.clone()
        up[i, k] += step
        down[i, k] -= step
        slope = (naive(up, jets.numpy(), 0.5) - naive(down, jets.numpy(), 0.5)) / (2 * step)
        assert float(leaf.grad[i, k]) == pytest.approx(slope, rel=1e-3, abs=1e-5)


def test_half_precision_inputs_are_summed_in_single():
    z, jets = views(8)
    exact = float(ntxent(z, jets, 0.05))
    assert float(ntxent(z.bfloat16(), jets, 0.05)) == pytest.approx(exact, rel=0.05)
    assert ntxent(z.bfloat16(), jets, 0.05).dtype == torch.float32


def test_nothing_to_contrast_is_no_number():
    assert ntxent(torch.randn(3, 2), torch.arange(3), 0.1).isnan()
