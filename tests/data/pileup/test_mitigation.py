import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2, norm

from rs3l_data.describe.cards import load_card
from rs3l_data.describe.pileup import Pileup
from rs3l_data.describe.schema import Category
from rs3l_data.detect import crossing
from rs3l_data.detect.candidates import Candidates, join, weighted
from rs3l_data.detect.crossing import Crossings, detect_crossings
from rs3l_data.detect.detector import detect
from rs3l_data.detect.mitigation import CENTRAL, RADII, mitigate, puppi_weights
from rs3l_data.detect.neighbours import neighbour_sums
from rs3l_data.detect.vertexing import from_primary_vertex
from rs3l_data.offsets import row_of_each
from tests.data.detect.guns import gun, jumble, select, shoot
from tests.data.detect.test_determinism import events
from tests.data.pileup.conftest import keys_of, no_particles

CARD = load_card("cms")
VERTEX = CARD.tracking.primary_vertex


def crowd(n_events, per_event, seed):
    """Candidates of all kinds, two tracks of three from the primary vertex."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(per_event, n_events)
    n = int(counts.sum())
    pt, eta, phi = rng.exponential(2, n) + 0.2, rng.normal(0, 2, n), rng.uniform(-np.pi, np.pi, n)
    category = rng.choice(
        np.array([Category.CHARGED_HADRON, Category.PHOTON, Category.NEUTRAL_HADRON], np.uint8), n
    )
    category[(np.abs(eta) > 2.5) & (category == Category.CHARGED_HADRON)] = Category.PHOTON
    charged = category == Category.CHARGED_HADRON
    dz = np.where(charged & (rng.random(n) < 1 / 3), 20.0, 0.0).astype(np.float32)
    dz_error = np.where(charged, 0.1, 0.0).astype(np.float32)
    pz = pt * np.sinh(eta)
    return Candidates(
        np.concatenate([[0], np.cumsum(counts)]),
        pt * np.cos(phi),
        pt * np.sin(phi),
        pz,
        np.hypot(pt, pz),
        category,
        np.where(charged, 1, 0).astype(np.int8),
        np.zeros(n, np.float32),
        dz_error,
        dz,
        dz_error,
    )


@settings(max_examples=20)
@given(st.integers(0, 2**32), st.integers(0, 60))
def test_neighbour_sums_are_those_of_all_pairs(seed, per_event):
    rng = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(rng.poisson(per_event, 3))])
    n = offsets[-1]
    eta, phi = rng.normal(0, 1, n), rng.uniform(-np.pi, np.pi, n)
    pt, source, wanted = rng.exponential(1, n), rng.random(n) < 0.5, rng.random(n) < 0.7
    expected = np.zeros(n)
    for first, last in pairwise(offsets):
        for i in range(first, last):
            for j in range(first, last):
                d_phi = math.remainder(phi[i] - phi[j], 2 * math.pi)
                distance = math.hypot(eta[i] - eta[j], d_phi)
                if wanted[i] and source[j] and RADII[0] <= distance <= RADII[1]:
                    expected[i] += (pt[j] / distance) ** 2
    found = neighbour_sums(offsets, eta, phi, pt, source, wanted, RADII)
    assert found == pytest.approx(expected, rel=1e-12)


def test_puppi_weights_are_those_of_the_paper():
    """The definition, written out for one event with scipy's χ² distribution."""
    candidates = crowd(1, 400, 1)
    primary = from_primary_vertex(candidates, VERTEX)
    found = puppi_weights(candidates, primary, 2.5, 30)
    pt = np.hypot(candidates.px, candidates.py)
    eta = np.arcsinh(candidates.pz / pt)
    phi = np.arctan2(candidates.py, candidates.px)
    neutral = candidates.charge == 0

    def alpha(i, sources):
        d_phi = np.abs(phi - phi[i])
        distance = np.hypot(eta - eta[i], np.minimum(d_phi, 2 * np.pi - d_phi))
        near = (distance >= 0.01) & (distance <= 0.4) & sources
        return np.log(np.sum((pt[near] / distance[near]) ** 2)) if near.any() else -np.inf

    # Beyond the tracker nobody knows which candidates are of the primary vertex.
    for region, sources, base, slope in (
        (np.abs(eta) < 2.5, primary, 0.2, 0.014),
        (np.abs(eta) >= 2.5, np.ones(len(pt), bool), 1.0, 0.0035),
    ):
        reference = np.array([alpha(i, sources) for i in np.flatnonzero(~neutral & ~primary)])
        reference = reference[np.isfinite(reference)]
        median = np.median(reference)
        rms = np.sqrt(np.mean((reference - median) ** 2))
        judged = np.flatnonzero(neutral & region)
        for i in judged:
            excess = max((alpha(i, sources) - median) / rms, 0.0)
            weight = chi2.cdf(excess**2, 1)
            if weight < 0.01 or weight * pt[i] < base + slope * 30:
                weight = 0.0
            assert found[i] == pytest.approx(weight, abs=1e-9)
        assert 0.01 < np.mean(found[judged] > 0) < 0.95
    assert np.all(found[primary] == 1)
    assert np.all(found[~neutral & ~primary] == 0)


@pytest.mark.parametrize(("eta", "least"), [(1.0, 0.2 + 0.014 * 100), (3.5, 1.0 + 0.0035 * 100)])
def test_the_least_momentum_grows_with_the_pileup(eta, least):
    """Of a neutral candidate in an event without tracks of pile-up, at 100 collisions."""
    zeros = np.zeros(2)
    for pt, stays in ((least - 0.01, False), (least + 0.01, True)):
        one = Candidates(
            np.array([0, 2]),
            *(np.full(2, pt), zeros, np.full(2, pt * np.sinh(eta)), np.full(2, pt * np.cosh(eta))),
            np.full(2, Category.PHOTON, np.uint8),
            np.zeros(2, np.int8),
            *(zeros.astype(np.float32),) * 4,
        )
        weights = puppi_weights(one, np.zeros(2, bool), 2.5, 100)
        assert (weights > 0).tolist() == [stays] * 2


def test_crossings_are_cleaned_for_their_own_pileup(sample, monkeypatch):
    given = []

    def noted(candidates, card, method, mean):
        given.append((method, mean))
        return mitigate(candidates, card, method, mean)

    monkeypatch.setattr(crossing, "mitigate", noted)
    others = Crossings(Pileup(mean=5, mitigation="puppi"), sample, keys_of(3, 2))
    detect_crossings(jumble(3, 5), CARD, keys_of(3, 1), others)
    assert {*given} == {("puppi", 5)}


def test_a_neutral_candidate_without_a_neighbour_is_pileup():
    """However soft what surrounds the tracks of pile-up is: its α is still below theirs."""
    phi = np.array([0.0, 0.37, 0.38, 0.39, 3.0])
    pt = np.array([0.15, 1.0, 1.0, 1.0, 50.0])
    zeros = np.zeros(5)
    event = Candidates(
        np.array([0, 5]),
        *(pt * np.cos(phi), pt * np.sin(phi), zeros, pt),
        np.where(pt == 50, Category.PHOTON, Category.CHARGED_HADRON).astype(np.uint8),
        np.where(pt == 50, 0, 1).astype(np.int8),
        *(zeros.astype(np.float32),) * 4,
    )
    assert puppi_weights(event, pt == 0.15, 2.5, 30).tolist() == [1, 0, 0, 0, 0]


@pytest.mark.parametrize("n_tracks", [0, 1])
def test_with_a_pileup_track_at_most_neutral_candidates_stay(n_tracks):
    candidates = crowd(3, 300, 2)
    pileup = np.abs(candidates.dz) > 1
    number = np.cumsum(pileup)
    before = np.repeat(np.append(0, number)[candidates.offsets[:-1]], np.diff(candidates.offsets))
    lone = weighted(candidates, np.where(pileup & (number - before > n_tracks), 0.0, 1.0))
    cleaned = mitigate(lone, CARD, "puppi", 1.0)

    def neutral_pt(candidates):
        pt = np.hypot(candidates.px, candidates.py)
        central = np.abs(np.arcsinh(candidates.pz / pt)) < 2.5
        return pt[central & (candidates.charge == 0)]

    before = neutral_pt(lone)
    assert np.array_equal(neutral_pt(cleaned), before[before > CENTRAL.base + CENTRAL.slope])


def test_charged_hadron_subtraction_removes_charged_hadrons_alone():
    candidates = crowd(5, 80, 3)
    cleaned = mitigate(candidates, CARD, "chs", 20)
    charged = candidates.category == Category.CHARGED_HADRON
    kept = ~charged | (candidates.dz == 0)
    assert np.array_equal(cleaned.energy, candidates.energy[kept])
    assert np.array_equal(
        cleaned.offsets, np.searchsorted(np.flatnonzero(kept), candidates.offsets)
    )
    assert 0 < np.sum(~kept) < np.sum(charged)


def expected_fraction(pt, eta, z):
    """Of tracks from a vertex at z: a Gaussian of σ(dz) around z, inside the cut."""
    band = np.searchsorted(CARD.tracking.dz.eta_max, eta)
    a, b, c = (getattr(CARD.tracking.dz, name)[band] for name in "abc")
    sigma = np.sqrt(a**2 + b**2 / pt + (c / pt) ** 2)
    cut = np.clip(5 * sigma, 1, 3)
    return norm.cdf((cut - z) / sigma) - norm.cdf((-cut - z) / sigma)


@pytest.mark.parametrize(
    ("pt", "eta", "z"),
    [(10, 0, 0), (10, 0, 0.95), (10, 0, 1.2), (0.5, 2, 0), (0.5, 2, 3), (0.5, 2, 8), (0.2, 2.2, 0)],
)
def test_tracks_are_kept_as_their_resolution_says(pt, eta, z):
    n = 6000
    seen = shoot(gun(13, n, pt=pt, eta=eta, vertex=(0, 0, float(z))))
    tracks = seen.charge != 0
    found = from_primary_vertex(seen, VERTEX)[tracks].mean()
    tolerance = 0.015 if pt > 0.3 else 0.03  # The momentum's smearing changes σ(dz), too.
    assert found == pytest.approx(expected_fraction(pt, eta, z), abs=tolerance)


def test_neutral_candidates_have_no_vertex():
    assert not from_primary_vertex(shoot(gun(22, 20, energy=50.0)), VERTEX).any()


@settings(max_examples=10)
@given(st.lists(st.integers(0, 7), max_size=8), st.sampled_from(["none", "chs", "puppi"]))
def test_an_events_candidates_do_not_depend_on_the_batch(sample, some, method):
    hard, keys, pileup = jumble(8, 4), keys_of(8, 1), Pileup(mean=3, mitigation=method)
    others = Crossings(pileup, sample, keys_of(8, 2))
    whole = events(detect_crossings(hard, CARD, keys, others))
    chosen = np.array(some, np.int64)
    part = detect_crossings(
        select(hard, chosen), CARD, keys[chosen], Crossings(pileup, sample, others.keys[chosen])
    )
    assert events(part) == [whole[i] for i in some]


def test_how_many_events_are_done_at_once_does_not_matter(sample, monkeypatch):
    hard, keys = jumble(7, 5), keys_of(7, 1)
    others = Crossings(Pileup(mean=5), sample, keys_of(7, 2))
    expected = events(detect_crossings(hard, CARD, keys, others))
    for at_once in (1, 3000):
        monkeypatch.setattr(crossing, "PARTICLES_AT_ONCE", at_once)
        assert events(detect_crossings(hard, CARD, keys, others)) == expected


def test_an_event_whose_crossing_is_empty_is_as_without_pileup(sample):
    hard, keys = jumble(30, 6), keys_of(30, 1)
    others = Crossings(Pileup(mean=0.7, mitigation="none"), sample, keys_of(30, 2))
    crowded, alone = (
        events(detect_crossings(hard, CARD, keys, others)),
        events(detect(hard, CARD, keys)),
    )
    same = sum(a == b for a, b in zip(crowded, alone, strict=True))
    assert same == pytest.approx(30 * np.exp(-0.7), abs=10)


@pytest.mark.parametrize(("method", "left"), [("chs", 0.75), ("puppi", 0.2)])
def test_pileup_alone_is_removed(sample, method, left):
    """Of what the detector sees of crossings without a hard event, in the tracker's acceptance."""
    n = 40

    def density(method):
        others = Crossings(Pileup(mean=30, mitigation=method), sample, keys_of(n, 2))
        seen = detect_crossings(no_particles(n), CARD, keys_of(n, 1), others)
        pt = np.hypot(seen.px, seen.py)
        return np.sum(pt[np.abs(np.arcsinh(seen.pz / pt)) < 2])

    assert density(method) < left * density("none")


@given(st.integers(0, 2**32), st.lists(st.sampled_from([0.0, 0.25, 1.0]), min_size=20))
def test_weights_scale_momenta_and_nothing_else(seed, weights):
    candidates = crowd(3, 5, seed)
    weight = np.resize(weights, len(candidates.px))
    found = weighted(candidates, weight)
    kept, event = weight > 0, row_of_each(candidates.offsets)
    assert row_of_each(found.offsets).tolist() == event[kept].tolist()
    for name in ("px", "py", "pz", "energy"):
        assert np.array_equal(getattr(found, name), (getattr(candidates, name) * weight)[kept])
    for name in ("category", "charge", "d0", "d0_error", "dz", "dz_error"):
        assert np.array_equal(getattr(found, name), getattr(candidates, name)[kept])


def test_joining_batches():
    parts = [crowd(2, 5, 1), crowd(0, 5, 2), crowd(3, 5, 3)]
    whole = join(parts)
    assert events(whole) == [event for part in parts for event in events(part)]
