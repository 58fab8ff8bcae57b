import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import j1
from scipy.stats import kstest, poisson

from rs3l_data.cluster.jets import cluster
from rs3l_data.describe.pileup import Pileup
from rs3l_data.detect.candidates import Candidates
from rs3l_data.detect.overlay import draw_collisions, overlay
from rs3l_data.events.particles import COLUMNS
from rs3l_data.offsets import row_of_each
from tests.data.detect.guns import gun, jumble, select
from tests.data.pileup.conftest import N_SAMPLE, keys_of, no_particles, within


def test_the_number_of_collisions_is_poisson_distributed():
    n = np.diff(draw_collisions(keys_of(4000), Pileup(mean=30), 10).offsets)
    assert n.mean() == pytest.approx(30, abs=4 * np.sqrt(30 / 4000))
    assert n.var() / n.mean() == pytest.approx(1, abs=4 * np.sqrt(2 / 4000))
    expected = poisson.cdf([25, 30, 35], 30)
    assert np.mean(n[:, None] <= [25, 30, 35], axis=0) == pytest.approx(expected, abs=0.035)


def test_collisions_spread_along_the_beam_as_the_hard_one_does():
    """Two Gaussian vertices are √2 σ apart; those of one crossing share the hard one's."""
    drawn = draw_collisions(keys_of(3000), Pileup(mean=8, vertex_z_sigma=40), 10)
    assert drawn.z.std() == pytest.approx(np.sqrt(2) * 40, rel=0.03)
    event = row_of_each(drawn.offsets)
    n = np.bincount(event, minlength=3000)
    mean = np.bincount(event, drawn.z, 3000)[n > 0] / n[n > 0]
    within = drawn.z - np.repeat(mean, n[n > 0])
    assert np.sqrt(np.sum(within**2) / np.sum(n[n > 0] - 1)) == pytest.approx(40, rel=0.03)


def test_every_event_of_the_sample_is_drawn_alike():
    drawn = draw_collisions(keys_of(1000), Pileup(mean=20), 5)
    share = np.bincount(drawn.source, minlength=5) / len(drawn.source)
    assert share == pytest.approx(0.2, abs=4 * np.sqrt(0.16 / 20_000))


@given(st.lists(st.integers(0, 19), max_size=20), st.floats(0.1, 50))
def test_an_events_collisions_follow_from_its_key(some, mean):
    keys = keys_of(20)
    whole = draw_collisions(keys, Pileup(mean=mean), 7)
    part = draw_collisions(keys[np.array(some, int)], Pileup(mean=mean), 7)
    for i, event in enumerate(some):
        ours = slice(part.offsets[i], part.offsets[i + 1])
        same = slice(whole.offsets[event], whole.offsets[event + 1])
        for name in ("source", "turn", "z"):
            assert np.array_equal(getattr(part, name)[ours], getattr(whole, name)[same])


def test_particles_are_those_of_the_sample_turned_and_shifted(sample):
    hard = jumble(6, 3)
    drawn = draw_collisions(keys_of(6), Pileup(mean=4), N_SAMPLE)
    particles = overlay(hard, drawn, sample)
    at = 0
    for event in range(6):
        own = hard.cut(event, event + 1)
        for name in COLUMNS:
            column = getattr(particles, name)[at : at + len(own.px)]
            assert np.array_equal(column, getattr(own, name))
        at += len(own.px)
        for collision in range(*drawn.offsets[event : event + 2]):
            one = sample.cut(drawn.source[collision], drawn.source[collision] + 1)
            place = slice(at, at + len(one.px))
            mine = {name: getattr(particles, name)[place] for name in COLUMNS}
            at = place.stop
            assert np.array_equal(mine["pdg_id"], one.pdg_id)
            assert np.array_equal(mine["energy"], one.energy)
            assert np.array_equal(mine["pz"], one.pz)
            turn = np.exp(1j * drawn.turn[collision])
            assert np.allclose(mine["px"] + 1j * mine["py"], (one.px + 1j * one.py) * turn)
            assert np.allclose(mine["x"] + 1j * mine["y"], (one.x + 1j * one.y) * turn)
            assert np.allclose(mine["z"], one.z + drawn.z[collision])
        assert particles.offsets[event + 1] == at


def test_pileup_has_no_preferred_azimuth(sample):
    """A few events of the sample, used again and again, still fill the circle evenly."""
    drawn = draw_collisions(keys_of(400), Pileup(mean=5), 3)
    assert kstest(drawn.turn / (2 * np.pi), "uniform").pvalue > 1e-3
    particles = overlay(no_particles(400), drawn, sample)
    phi = np.arctan2(particles.py, particles.px)
    # Particles of one collision are correlated: compare with the spread that collisions give.
    resultant = np.abs(np.mean(np.exp(1j * phi)))
    assert resultant < 4 / np.sqrt(drawn.offsets[-1])


def test_a_jet_gains_the_density_times_its_area(sample):
    """An anti-kT jet around one hard particle is a disk of radius R.

    The particles' components along the axis count: cos Δφ averages 2 J1(R) / R over the disk.
    """
    n, mean, radius = 1000, 10, 0.8
    sample = within(sample, 2.0)
    photons = gun(22, n, energy=1000.0)
    drawn = draw_collisions(keys_of(n), Pileup(mean=mean), N_SAMPLE)
    particles = overlay(photons, drawn, sample)
    pt = np.hypot(particles.px, particles.py)
    kept = np.flatnonzero(pt > 1e-3)
    jets = cluster(
        Candidates(
            np.searchsorted(kept, particles.offsets),
            *(getattr(particles, name)[kept] for name in ("px", "py", "pz", "energy")),
            *(np.zeros(len(kept), dtype) for dtype in (np.uint8, np.int8)),
            *(np.zeros(len(kept), np.float32) for _ in range(4)),
        ),
        radius,
        0.0,
        500.0,
    )
    assert np.array_equal(jets.offsets, np.arange(n + 1))
    gain = np.hypot(jets.px, jets.py).mean() - 1000.0
    sample_pt = np.hypot(sample.px, sample.py)
    central = np.abs(np.arcsinh(sample.pz / sample_pt)) < radius
    density = sample_pt[central].sum() / N_SAMPLE / (2 * radius * 2 * np.pi)
    expected = mean * density * np.pi * radius**2 * 2 * j1(radius) / radius
    assert 0.8 < density < 1.5
    assert gain == pytest.approx(expected, rel=0.08)


def test_no_collisions_leave_the_hard_event_as_it_is(sample):
    hard = jumble(5, 1)
    particles = overlay(hard, draw_collisions(keys_of(5), Pileup(mean=0), N_SAMPLE), sample)
    for name in ("offsets", *COLUMNS):
        assert np.array_equal(getattr(particles, name), getattr(hard, name))


@pytest.mark.parametrize(("first", "last"), [(0, 0), (2, 5), (0, 6), (6, 6)])
def test_cutting_events_out(first, last):
    particles = jumble(6, 2)
    expected = select(particles, np.arange(first, last))
    for name in ("offsets", *COLUMNS):
        assert np.array_equal(getattr(particles.cut(first, last), name), getattr(expected, name))
