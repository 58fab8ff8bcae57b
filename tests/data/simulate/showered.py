"""Showers of hard events in one view, and what is compared of them."""

import numpy as np

from rs3l_data.cluster.jets import cluster
from rs3l_data.describe.seeds import shower_seeds
from rs3l_data.describe.settings import view_settings
from rs3l_data.detect.candidates import Candidates
from rs3l_data.simulate.resimulate import resimulate

ENERGY = 13000.0


def batches(config, process, hard, view="nominal"):
    seeds = shower_seeds(config.seed, process, view, hard.events["event"])
    settings = view_settings(config, process, view)
    return [views[0] for views in resimulate(settings, hard, ENERGY, seeds)]


def events_of(found):
    """Split batches into events: the momenta of the stable particles of each."""
    return [
        event
        for one in (batch.particles for batch in found)
        for event in np.split(np.stack([one.px, one.py, one.pz, one.energy], 1), one.offsets[1:-1])
    ]


def leading_jets(particles):
    """pT, mass and number of constituents of each event's leading jet of visible particles."""
    invisible = np.isin(np.abs(particles.pdg_id), (12, 14, 16))
    keep = np.flatnonzero(~invisible & (np.hypot(particles.px, particles.py) > 0.1))
    nothing = np.zeros(len(keep))
    jets = cluster(
        Candidates(
            np.searchsorted(keep, particles.offsets),
            *(getattr(particles, name)[keep] for name in ("px", "py", "pz", "energy")),
            nothing.astype(np.uint8),
            nothing.astype(np.int8),
            *(nothing.astype(np.float32) for _ in range(4)),
        ),
        0.8,
        0.0,
        20.0,
    )
    first = jets.offsets[:-1]
    px, py, pz, e = jets.px[first], jets.py[first], jets.pz[first], jets.energy[first]
    mass = np.sqrt(np.maximum(e**2 - px**2 - py**2 - pz**2, 0))
    return np.hypot(px, py), mass, np.diff(jets.constituent_offsets)[first]
