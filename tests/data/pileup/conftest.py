"""A small sample of minimum-bias events, and hard events to lay them over."""

import numpy as np
import pytest

from rs3l_data.events.particles import COLUMNS, Particles
from rs3l_data.pileup import sample_of
from tests.data.conftest import make_config

N_SAMPLE = 300
# To initialise hard diffraction takes Pythia seconds; without it the diffraction is soft.
QUICK = {"settings": ["Diffraction:mMinPert = 1e5"]}
BLOCKS = {"generator": QUICK, "pileup": {"sample_events": N_SAMPLE}}


@pytest.fixture(scope="session")
def sample():
    return sample_of(make_config(**BLOCKS), lambda _: None)


def no_particles(n_events):
    columns = (np.empty(0, np.int32 if name == "pdg_id" else float) for name in COLUMNS)
    return Particles(np.zeros(n_events + 1, np.int64), *columns)


def keys_of(n_events, seed=0):
    return np.random.default_rng(seed).integers(0, 2**64, n_events, np.uint64)


def within(particles, abs_eta_max):
    """Keep the particles in a range of η."""
    eta = np.arcsinh(particles.pz / np.hypot(particles.px, particles.py))
    kept = np.flatnonzero(np.abs(eta) < abs_eta_max)
    columns = (getattr(particles, name)[kept] for name in COLUMNS)
    return Particles(np.searchsorted(kept, particles.offsets), *columns)
