"""What an embedding holds: its directions, alignment, and what can be read off it."""

from __future__ import annotations

import math

import pytest
import torch

from rs3l_train.evaluation.representation import (
    alignment,
    effective_rank,
    linear_r2,
    physical_targets,
    uniformity,
)
from tests.train.views.test_views import one_jet


def test_effective_rank_counts_directions():
    generator = torch.Generator().manual_seed(1)
    wide = torch.randn(4000, 6, generator=generator)
    assert effective_rank(wide) == pytest.approx(6, rel=0.01)
    flat = torch.cat([wide[:, :2], torch.zeros(4000, 4)], dim=1)
    assert effective_rank(flat) == pytest.approx(2, rel=0.01)
    collapsed = torch.ones(100, 6) + 1e-3 * torch.randn(100, 1, generator=generator) * wide[0]
    assert effective_rank(collapsed) < 1.1
    # What all embeddings have in common is no direction that they use.
    aside = torch.cat([0.01 * wide, torch.ones(4000, 1)], dim=1)
    assert effective_rank(aside) == pytest.approx(6, rel=0.02)


def test_alignment_and_uniformity_are_those_of_all_pairs(monkeypatch):
    monkeypatch.setattr("rs3l_train.evaluation.representation.BLOCK", 7)
    generator = torch.Generator().manual_seed(1)
    z, jets = torch.randn(30, 4, generator=generator), torch.arange(30) // 3
    unit = torch.nn.functional.normalize(z.double(), dim=1)
    distance = (unit[:, None] - unit).square().sum(-1)
    alike = jets[:, None] == jets
    apart = ~torch.eye(30, dtype=torch.bool)
    assert alignment(z, jets) == pytest.approx(float(distance[alike & apart].mean()))
    expected = (-2 * distance[~alike]).exp().mean().log()
    assert uniformity(z, jets) == pytest.approx(float(expected))
    assert math.isnan(uniformity(z, torch.zeros(30)))
    assert math.isnan(alignment(z, torch.arange(30)))


def test_r2_of_what_is_and_is_not_in_the_embedding():
    generator = torch.Generator().manual_seed(1)
    z = torch.randn(2000, 4, generator=generator)
    noise = torch.randn(2000, generator=generator)
    signal = 3 * z[:, 0] - z[:, 2] + 5
    assert linear_r2(z, signal) > 0.99
    assert linear_r2(z, noise) == pytest.approx(0, abs=0.02)
    assert linear_r2(z, signal + math.sqrt(10) * noise) == pytest.approx(0.5, abs=0.06)


def test_of_what_all_jets_share_nothing_is_predicted():
    generator = torch.Generator().manual_seed(1)
    z = torch.randn(100, 4, generator=generator)
    assert linear_r2(z, torch.full((100,), 3.0)) == 0
    assert linear_r2(z, torch.stack([torch.zeros(100), z[:, 0]], dim=1)) > 0.99


def test_orientation_is_that_of_the_radiation():
    def orientation(*prongs):
        jet = [(pt, deta, dphi, pt, 0, 0, 0, 0, 0, 0) for pt, deta, dphi in prongs]
        return physical_targets(one_jet(jet, padding=2))["orientation"][0].tolist()

    for psi in (0.0, 0.4, 1.5, 4.0):
        x, y = 0.2 * math.cos(psi), 0.2 * math.sin(psi)
        # About the axis of a jet, with the softer prong further out.
        found = orientation((100, -x, -y), (50, 2 * x, 2 * y))
        expected = [math.cos(2 * psi), math.sin(2 * psi), math.cos(psi), math.sin(psi)]
        assert found == pytest.approx(expected, abs=1e-5)


def test_an_orientation_is_found_however_the_embedding_holds_it():
    generator = torch.Generator().manual_seed(5)
    psi = 2 * math.pi * torch.rand(2000, generator=generator)
    target = torch.stack([f(k * psi) for k in (2, 1) for f in (torch.cos, torch.sin)], dim=1)
    noise = torch.randn(2000, 3, generator=generator)
    for held in target.T:
        assert linear_r2(torch.cat([noise, held[:, None]], dim=1), target) > 0.99
    assert linear_r2(noise, target) == pytest.approx(0, abs=0.02)


def test_r2_is_measured_on_jets_that_were_not_fitted():
    generator = torch.Generator().manual_seed(2)
    noise = torch.randn(100, generator=generator)
    assert linear_r2(torch.randn(100, 40, generator=generator), noise) < 0
    # Each has a number of its own, which tells of no other.
    assert linear_r2(torch.eye(100), noise) < 0


def test_the_orientation_is_weighted_with_pt():
    prongs = [
        (300, 0.3, 0, 300, 0, 0, 0, 0, 0, 0),
        (100, 0, 0.3, 100, 0, 0, 0, 0, 0, 0),
        (100, 0.2, 0.2, 100, 0, 0, 0, 0, 0, 0),
    ]
    along, across = 300 * 0.09 - 100 * 0.09, 100 * 2 * 0.04
    found = physical_targets(one_jet(prongs, padding=2))["orientation"][0].tolist()
    length = math.hypot(along, across)
    assert found[:2] == pytest.approx([along / length, across / length])
    x, y = 300 * 0.027 + 100 * 0.2 * 0.08, 100 * 0.027 + 100 * 0.2 * 0.08
    assert found[2:] == pytest.approx([x / math.hypot(x, y), y / math.hypot(x, y)])
