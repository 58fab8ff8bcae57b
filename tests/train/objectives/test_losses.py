"""The losses over several views, against sums in float64 and against pytorch-metric-learning."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pytorch_metric_learning.losses import NTXentLoss, SupConLoss, VICRegLoss

from rs3l_train.objectives.ntxent import ntxent
from rs3l_train.objectives.pairs import in_pairs, same_jet
from rs3l_train.objectives.simsiam import simsiam
from rs3l_train.objectives.vicreg import vicreg_terms
from tests.train.objectives.test_ntxent import views

SEEDS = st.integers(0, 2**31)


def naive_vicreg(z, rows):
    z = np.asarray(z, np.float64)
    dimension = z.shape[1]
    n = len(z)
    pairs = [(i, j) for i in range(n) for j in range(n) if i != j and rows[i] == rows[j]]
    invariance = sum(((z[i] - z[j]) ** 2).sum() / dimension for i, j in pairs) / len(pairs)
    members = {row: [i for i in range(n) if rows[i] == row] for row in rows}
    variances, covariances, weights = [], [], []
    for k in range(max(map(len, members.values()))):
        branch = np.array([z[own[k]] for own in members.values() if len(own) > k])
        if len(branch) < 2:
            continue
        covariance = np.cov(branch.T)
        lacks = [max(0, 1 - math.sqrt(covariance[d, d] + 1e-4)) for d in range(dimension)]
        variances.append(sum(lacks) / dimension)
        off = [covariance[d, e] ** 2 for d in range(dimension) for e in range(dimension) if d != e]
        covariances.append(2 * sum(off) / dimension)
        weights.append(len(branch) - 1)
    means = [np.average(terms, weights=weights) for terms in (variances, covariances)]
    return invariance, *means


def naive_simsiam(z, p, rows):
    z, p = (np.asarray(x, np.float64) for x in (z, p))
    cosines = [
        p[i] @ z[j] / np.linalg.norm(p[i]) / np.linalg.norm(z[j])
        for i in range(len(z))
        for j in range(len(z))
        if i != j and rows[i] == rows[j]
    ]
    return -np.mean(cosines)


@settings(max_examples=30)
@given(SEEDS, st.floats(0.1, 3.0))
def test_vicreg_is_its_definition(seed, scale):
    z, rows = views(seed)
    terms = vicreg_terms(z * scale, rows)
    expected = naive_vicreg(z.numpy() * scale, rows.tolist())
    assert [float(term) for term in terms.values()] == pytest.approx(expected, rel=1e-4, abs=1e-6)


@settings(max_examples=30)
@given(SEEDS)
def test_simsiam_is_its_definition(seed):
    z, rows = views(seed)
    p = torch.randn(z.shape, generator=torch.Generator().manual_seed(seed))
    expected = naive_simsiam(z.numpy(), p.numpy(), rows.tolist())
    assert float(simsiam(z, p, rows)) == pytest.approx(expected, rel=1e-4, abs=1e-6)


def two_views(seed, n=12, dimension=6):
    z = torch.randn(2 * n, dimension, generator=torch.Generator().manual_seed(seed))
    return z * 0.7, torch.arange(n).repeat_interleave(2)


@pytest.mark.parametrize("seed", range(4))
def test_contrastive_losses_are_those_of_pytorch_metric_learning(seed):
    z, rows = two_views(seed)
    ours = ntxent(z, rows, 0.2)
    torch.testing.assert_close(ours, NTXentLoss(temperature=0.2)(z, rows))
    many = torch.arange(6).repeat_interleave(4)
    torch.testing.assert_close(ntxent(z, many, 0.2), SupConLoss(temperature=0.2)(z, many))


@pytest.mark.parametrize("seed", range(4))
def test_vicreg_and_its_gradient_are_those_of_pytorch_metric_learning(seed):
    z, rows = two_views(seed)
    ours, theirs = z.clone().requires_grad_(), z.clone().requires_grad_()
    terms = vicreg_terms(ours, rows)
    loss = 25 * terms["invariance"] + 25 * terms["variance"] + terms["covariance"]
    expected = VICRegLoss()(theirs[::2], ref_emb=theirs[1::2])
    torch.testing.assert_close(loss, expected)
    loss.backward()
    expected.backward()
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-4, atol=1e-5)


def test_simsiam_by_hand():
    z = torch.tensor([[3.0, 0.0], [0.0, 2.0]])
    p = torch.tensor([[0.0, 1.0], [1.0, 1.0]])
    expected = -(1 + math.sqrt(0.5)) / 2
    assert float(simsiam(z, p, torch.zeros(2))) == pytest.approx(expected)


def test_no_gradient_of_simsiam_passes_the_fixed_projection():
    z, rows = two_views(1)
    z, p = z.requires_grad_(), z.detach().flip(0).requires_grad_()
    simsiam(z, p, rows).backward()
    assert z.grad is None
    assert p.grad.abs().max() > 0


@given(st.lists(st.integers(0, 6), min_size=1, max_size=12), st.integers(0, 12))
def test_pairs_of_a_part_are_those_of_all(rows, cut):
    rows = torch.tensor(rows)
    whole = same_jet(rows)
    assert torch.equal(
        torch.cat([same_jet(rows, slice(cut)), same_jet(rows, slice(cut, None))]), whole
    )
    assert torch.equal(in_pairs(rows), whole.any(1))


@settings(max_examples=20)
@given(SEEDS)
def test_the_order_of_the_jets_does_not_matter(seed):
    z, rows = views(seed)
    p = z.flip(1)
    shuffled = torch.randperm(int(rows.max()) + 1, generator=torch.Generator().manual_seed(seed))
    order = torch.cat([(rows == row).nonzero().squeeze(1) for row in shuffled])
    for loss in (
        lambda z, p, rows: torch.stack(list(vicreg_terms(z, rows).values())),
        simsiam,
        lambda z, p, rows: ntxent(z, rows, 0.1),
    ):
        torch.testing.assert_close(loss(z[order], p[order], rows[order]), loss(z, p, rows))


@pytest.mark.parametrize("extreme", [1e-12, 1e-3, 1e4])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("identical", [False, True])
def test_gradients_are_finite_at_extremes(extreme, dtype, identical):
    """Tiny and huge embeddings, and cosines of exactly one, as in a collapse."""
    z, rows = two_views(3)
    z = (z[:1].expand_as(z) if identical else z).to(dtype) * extreme
    for loss in (
        lambda z: ntxent(z, rows, 0.01),
        lambda z: torch.stack(list(vicreg_terms(z, rows).values())).sum(),
        lambda z: simsiam(z, z, rows),
    ):
        leaf = z.detach().clone().requires_grad_()
        value = loss(leaf)
        assert value.dtype == torch.float32
        assert value.isfinite()
        value.backward()
        assert leaf.grad.isfinite().all()


def test_nothing_to_compare_is_an_error_or_no_number():
    z = torch.randn(3, 2)
    lone = torch.arange(3)
    with pytest.raises(ValueError, match="no jet of the batch has two views"):
        vicreg_terms(z, lone)
    assert simsiam(z, z, lone).isnan()
    with pytest.raises(ValueError, match="one jet only"):
        vicreg_terms(z, torch.zeros(3))
