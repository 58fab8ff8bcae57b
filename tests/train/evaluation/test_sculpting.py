from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.distance import jensenshannon
from torch import nn

from rs3l_train.evaluation.roc import Cut, auc, cut_at
from rs3l_train.evaluation.sculpting import jensen_shannon, sculpting
from rs3l_train.tasks.decorrelate import mass_penalty, squared_distance_correlation

COUNTS = hnp.arrays(np.int64, 8, elements=st.integers(0, 50)).filter(lambda x: x.sum() > 0)


@settings(max_examples=60)
@given(COUNTS, COUNTS)
def test_the_divergence_is_that_of_scipy_in_bits(first, second):
    # SciPy gives its root.
    expected = jensenshannon(first, second, base=2) ** 2
    assert jensen_shannon(first, second) == pytest.approx(expected, abs=1e-9)
    assert jensen_shannon(first, 3 * first) == pytest.approx(0, abs=1e-12)


def test_a_random_cut_does_not_sculpt_and_a_window_does():
    random = np.random.default_rng(1)
    mass = random.exponential(60, 20_000)
    blind = sculpting(mass, 1.0 * (random.random(20_000) < 0.02))
    assert blind["jsd"] == pytest.approx(blind["jsd_of_noise"], rel=0.6)
    half = sculpting(mass, 1.0 * (random.random(20_000) < 0.5))
    assert half["jsd"] == pytest.approx(half["jsd_of_noise"], rel=0.6)
    window = sculpting(mass, 1.0 * (np.abs(mass - 125) < 10))
    assert window["jsd"] > 0.5
    assert window["jsd"] > 10 * window["jsd_of_noise"]
    assert window["inverse_jsd"] == pytest.approx(1 / window["jsd"])
    assert 115 < window["mass_after"][0] < window["mass_after"][2] < 135
    assert window["mass_before"][1] == pytest.approx(60 * math.log(2), rel=0.05)


def test_jets_without_a_mass_and_cuts_without_a_jet():
    mass = np.array([10.0, 20.0, np.nan, 30.0])
    nothing = sculpting(mass, np.array([0.0, 0, 1, 0]))
    assert nothing["n_passing"] == 0
    everything = sculpting(mass, np.ones(4))
    assert everything["n_passing"] == 3
    alone = sculpting(mass[:1], np.array([0.5]))
    assert alone["n_passing"] == 0.5
    for found in (nothing, everything, alone):
        assert found["jsd"] is found["inverse_jsd"] is found["jsd_of_noise"] is None


def test_the_divergence_is_that_of_jets_that_pass_and_jets_that_fail():
    random = np.random.default_rng(2)
    mass = random.exponential(60, 10_000)
    passing = mass > np.median(mass)
    # Nothing in common, and no wider bins can hide it.
    assert sculpting(mass, 1.0 * passing)["jsd"] == pytest.approx(1)
    passing = random.random(10_000) < np.where(passing, 0.8, 0.3)
    edges = np.quantile(mass, np.linspace(0, 1, 21))
    histograms = [np.histogram(mass[which], edges)[0] for which in (passing, ~passing)]
    expected = jensenshannon(*histograms, base=2) ** 2
    assert sculpting(mass, 1.0 * passing)["jsd"] == pytest.approx(expected)


def test_of_jets_on_the_threshold_a_part_passes():
    mass = np.repeat([50.0, 100.0, 150.0, 200.0], 100)
    scores = np.where(mass == 150, 1.0, 0.0)
    # All jets of 150 GeV, and a tenth of all others.
    found = sculpting(mass, Cut(0.0, 0.1)(scores))
    assert found["n_passing"] == pytest.approx(130)
    assert found["mass_before"] == [50, 100, 150]
    assert found["mass_after"] == [150, 150, 150]
    expected = jensenshannon([10, 10, 100, 10], [90, 90, 0, 90], base=2) ** 2
    assert found["jsd"] == pytest.approx(expected)


def naive(x, y):
    """dCor² by its definition, loop after loop (arXiv:0803.4101)."""
    n = len(x)

    def centred(values):
        a = [[abs(p - q) for q in values] for p in values]
        rows = [sum(row) / n for row in a]
        mean = sum(rows) / n
        return [[a[i][j] - rows[i] - rows[j] + mean for j in range(n)] for i in range(n)]

    a, b = centred(x), centred(y)

    def mean_product(p, q):
        return sum(p[i][j] * q[i][j] for i in range(n) for j in range(n)) / n**2

    return mean_product(a, b) / math.sqrt(mean_product(a, a) * mean_product(b, b))


def test_distance_correlation_is_that_of_the_definition_and_of_dcor():
    # One test alone imports it: it compiles then, and of two processes that do so at once for the
    # first time one is often aborted ("LLVM ERROR: Symbol not found", of a cached gufunc).
    import dcor

    random = np.random.default_rng(2)
    x = random.normal(size=120)
    noise = 0.2 * random.normal(size=120)
    for relation, related in (("linear", 3 * x), ("square", x**2), ("none", 0)):
        y = related + noise
        found = float(squared_distance_correlation(torch.tensor(x), torch.tensor(y)))
        assert found == pytest.approx(naive(x.tolist(), y.tolist()), rel=1e-9), relation
        assert found == pytest.approx(dcor.distance_correlation_sqr(x, y), rel=1e-9), relation
        assert (found > 0.2) == (relation != "none")


def test_gradient_of_the_distance_correlation():
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(12, generator=generator, dtype=torch.float64, requires_grad=True)
    y = torch.randn(12, generator=generator, dtype=torch.float64)
    torch.autograd.gradcheck(lambda x: squared_distance_correlation(x, y), [x])


def test_a_constant_has_no_correlation_and_no_gradient():
    score = torch.full((6,), 0.5, requires_grad=True)
    value = squared_distance_correlation(score, torch.arange(6.0))
    value.backward()
    assert value.item() == 0
    assert torch.isfinite(score.grad).all()


def test_signal_and_jets_without_a_mass_are_not_penalised():
    logits = torch.tensor([2.0, -1.0, 0.5, 1.0, -2.0])
    target = torch.tensor([1.0, 0.0, 0.0, 0.0, 1.0])
    mass = torch.tensor([120.0, 30.0, 80.0, float("nan"), 5.0])
    # Two jets always correlate fully.
    assert float(mass_penalty(logits, target, mass)) == pytest.approx(1)
    mass[2] = float("nan")
    assert float(mass_penalty(logits, target, mass)) == 0


def test_the_penalty_lowers_the_sculpting_of_a_toy():
    """Signal peaks in the mass and has another, weaker mark; the background falls in both."""
    generator = torch.Generator().manual_seed(4)
    n = 300
    target = (torch.arange(2 * n) < n).float()
    peak = 125 + 10 * torch.randn(2 * n, generator=generator)
    falling = -60 * torch.rand(2 * n, generator=generator).log()
    mass = torch.where(target == 1, peak, falling)
    mark = torch.randn(2 * n, generator=generator) + 1.5 * target
    x = torch.stack([(mass - 80) / 60, mark], dim=1)
    torch.manual_seed(5)
    network = nn.Sequential(nn.Linear(2, 16), nn.ELU(), nn.Linear(16, 1))

    def train(weight, steps):
        optimiser = torch.optim.Adam(network.parameters(), 1e-2)
        for _ in range(steps):
            logits = network(x).squeeze(1)
            optimiser.zero_grad()
            loss = nn.functional.binary_cross_entropy_with_logits(logits, target)
            (loss + weight * mass_penalty(logits, target, mass)).backward()
            optimiser.step()
        scores = network(x).squeeze(1).detach().double().numpy()
        signal, background = scores[:n], scores[n:]
        passing = cut_at(signal, 0.5)(background)
        return sculpting(mass[n:].double().numpy(), passing)["jsd"], auc(signal, background)

    plain, plain_auc = train(0.0, 150)
    free, free_auc = train(20.0, 300)
    assert plain > 0.4
    assert free < 0.6 * plain
    # What remains is the other mark: the AUC of two Gaussians 1.5 apart is 0.86.
    assert plain_auc > free_auc > 0.7


def test_the_penalty_is_on_the_probability_of_the_background():
    logits, mass = torch.tensor([2.0, -1.0, 3.0, 0.5, -4.0]), torch.tensor([125.0, 30, 80, 60, 10])
    target = torch.tensor([1.0, 0, 0, 0, 0])
    expected = squared_distance_correlation(logits[1:].sigmoid(), mass[1:])
    assert float(mass_penalty(logits, target, mass)) == pytest.approx(float(expected))
