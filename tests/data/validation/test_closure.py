"""The detector against its card: formulas, guns, and a detector that is not the card's."""

import numpy as np
import pytest

from rs3l_data.describe.cards import load_card
from rs3l_data.validation import closure, closure_figures, expected
from rs3l_data.validation.guns import CHARGED_HADRON, MUON, PHOTON, shoot

CARD = load_card("cms")


def p_values(points):
    return np.array([test.p for test in closure.tests(points)])


@pytest.fixture(scope="module")
def points():
    return closure.measure(CARD, seed=3, n_events=60)


def test_the_cards_formulas_agree_with_the_detector(points):
    p = p_values(points)
    assert len(p) > 200
    assert p.min() > 1e-3 / len(p)
    # Uniform: neither errors that are too small nor ones that are too large.
    assert 0.35 < np.mean(p < 0.5) < 0.65


def test_formulas_are_the_documented_ones():
    table = CARD.tracking
    assert expected.efficiency(table.charged_hadron, 0.5, 1.0, CARD) == 0.70
    assert expected.efficiency(table.electron, 200.0, 2.0, CARD) == 0.90
    assert expected.efficiency(table.muon, 20.0, 2.6, CARD) == 0.0
    found = expected.track_resolution(table.muon, 300.0, 2.2, CARD)
    assert found == pytest.approx(np.hypot(0.025, 3.5e-4 * 300))
    assert expected.impact_resolution(table.d0, 1.0, 0.5, CARD) == pytest.approx(0.0814, rel=1e-2)
    # 100 GeV: stochastic 1.1 GeV, constant 0.8 GeV and noise 0.4 GeV.
    _, width = expected.neutral_response(100.0, 0.0, (1.0, 0.0), CARD)
    assert width == pytest.approx(np.sqrt(0.8**2 + 1.1**2 + 0.4**2) / 100, rel=1e-3)


def test_the_threshold_is_in_the_formula():
    """Direct simulation of a Gaussian that is kept above the threshold."""
    rng = np.random.default_rng(1)
    energy, n = 2.0, 400_000
    sigma = np.hypot(1.5 * np.sqrt(energy), 0.05 * energy)
    seen = energy + sigma * rng.standard_normal(n)
    kept = np.where(seen > 1.0, seen, 0.0) / energy
    mean, width = expected.neutral_response(energy, 1.0, (0.0, 1.0), CARD)
    assert mean == pytest.approx(kept.mean(), abs=5 * kept.std() / np.sqrt(n))
    assert width == pytest.approx(kept.std(), rel=5e-3)


@pytest.mark.parametrize(
    ("species", "changes", "quantity"),
    [
        ("photon", {"ecal_scale": 1.03}, "response"),
        ("neutral hadron", {"hcal_resolution_factor": 1.3}, "resolution"),
        ("charged hadron", {"tracking_efficiency_factor": 0.9}, "efficiency"),
        ("charged hadron", {"track_scale": 1.01}, "response"),
        ("muon", {"impact_parameter_resolution_factor": 1.3}, "d0 resolution"),
    ],
)
def test_a_detector_that_is_not_the_cards_is_found(monkeypatch, species, changes, quantity):
    other = load_card("cms", changes)

    def shoot_other(which, pt, abs_eta, n_events, card, seed):
        blind = {
            name: getattr(card, name)
            for name in ("ecal_resolution_factor", "hcal_resolution_factor")
            if getattr(card, name) == 1e6
        }
        return shoot(which, pt, abs_eta, n_events, other.model_copy(update=blind), seed)

    monkeypatch.setattr(closure, "shoot", shoot_other)
    monkeypatch.setattr(closure, "PTS", (5.0, 80.0))
    tests = list(closure.tests(closure.measure(CARD, seed=3, n_events=250)))
    bad = [test for test in tests if test.p < 0.01 / len(tests)]
    assert (species, quantity) in {(test.subject, test.quantity) for test in bad}
    assert {test.quantity for test in bad} <= {quantity, "dz resolution", "resolution", "response"}


def test_factors_of_the_card_are_expected_too():
    """A run with another detector is compared with that detector."""
    card = load_card("cms", {"ecal_scale": 1.03, "track_scale": 0.98, "hcal_resolution_factor": 2})
    p = p_values(closure.measure(card, seed=5, n_events=60))
    assert p.min() > 1e-3 / len(p)


@pytest.mark.parametrize(("factor", "reaches"), [(1.0, 0.5), (0.4, 0.3)])
def test_efficiencies_have_one_axis_and_none_lies_outside(monkeypatch, factor, reaches):
    points = closure.measure(load_card("cms", {"tracking_efficiency_factor": factor}), 1, 20)
    monkeypatch.setattr(closure_figures, "picture", lambda figure, *_words: figure)
    shown = closure_figures.tracking(points).axes[: len(closure.TRACKED)]
    ((low, high),) = {axes.get_ylim() for axes in shown}
    found = np.concatenate([line.get_ydata() for axes in shown for line in axes.lines])
    assert low < found.min()
    assert low == pytest.approx(reaches, abs=0.08)
    assert high > 1


@pytest.mark.parametrize(
    "changes",
    [
        {"candidate_pt_min": 3.0},
        {"ecal": {"energy_min": 4.0}},
        {"ecal": {"energy_min": 9.0}},
        {"ecal_resolution_factor": 0.0, "hcal_resolution_factor": 0.0},
    ],
)
def test_cuts_and_perfection_are_no_faults(changes):
    """Where nothing or next to nothing passes a cut, or where only rounding is left."""
    points = closure.measure(load_card("cms", changes), seed=3, n_events=100)
    p = p_values(points)
    assert len(p) > 100
    assert p.min() > 1e-3 / len(p)


def test_guns_keep_their_particles_apart():
    shots = shoot(PHOTON, 50.0, 1.0, 20, CARD, seed=1)
    assert shots.n == 160
    assert np.array_equal(np.sort(shots.sector), np.arange(160))
    assert shots.energies() == pytest.approx(shots.energy, rel=0.3)
    muons = shoot(MUON, 2.0, 0.25, 20, CARD, seed=1)
    assert set(muons.candidates.charge[muons.tracks()]) == {-1, 1}
    again = shoot(CHARGED_HADRON, 5.0, 1.0, 20, CARD, seed=1)
    other = shoot(CHARGED_HADRON, 5.0, 1.0, 20, CARD, seed=2)
    assert len(again.candidates.px) != len(other.candidates.px) or not np.array_equal(
        again.candidates.px, other.candidates.px
    )
