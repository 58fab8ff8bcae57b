"""Detect hard events together with the pile-up of their bunch crossings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rs3l_data.describe.card import DetectorCard
from rs3l_data.describe.pileup import Pileup
from rs3l_data.detect.candidates import Candidates, join
from rs3l_data.detect.detector import detect
from rs3l_data.detect.mitigation import mitigate
from rs3l_data.detect.overlay import draw_collisions, overlay
from rs3l_data.events.particles import Particles
from rs3l_data.stopwatch import Stopwatch, no_stopwatch

PARTICLES_AT_ONCE = 150_000
"""About how many the detector gets at once, which takes it some 100 MB"""


@dataclass(frozen=True, slots=True)
class Crossings:
    """The pile-up of a run of events."""

    pileup: Pileup
    sample: Particles
    """Minimum-bias events"""
    keys: npt.NDArray[np.uint64]
    """The events' random keys, (n_events,)"""


def detect_crossings(
    particles: Particles,
    card: DetectorCard,
    keys: npt.NDArray[np.uint64],
    crossings: Crossings,
    stopwatch: Stopwatch = no_stopwatch,
) -> Candidates:
    """Overlay pile-up, detect, and mitigate it, a few events at a time.

    Parameters
    ----------
    particles
        Stable particles of the hard events.
    keys : (n_events,)
        For the detector; see `rs3l_data.detect.detector.detect`.
    crossings
        Of the same events.

    Returns
    -------
    Candidates
        An event's depend on its particles, the card, the pile-up with its sample and the two keys
        alone.
    """
    n = particles.n_events
    pileup, sample = crossings.pileup, crossings.sample
    expected = (1.0 + pileup.mean) * max(len(sample.px) / sample.n_events, 1.0)
    step = max(1, int(PARTICLES_AT_ONCE / expected))
    parts = []
    for first in range(0, max(n, 1), step):
        last = min(first + step, n)
        with stopwatch("pile-up"):
            collisions = draw_collisions(crossings.keys[first:last], pileup, sample.n_events)
            crowded = overlay(particles.cut(first, last), collisions, sample)
        with stopwatch("detector"):
            candidates = detect(crowded, card, keys[first:last])
        with stopwatch("mitigation"):
            parts.append(mitigate(candidates, card, pileup.mitigation, pileup.mean))
    return join(parts)
