"""Minimum-bias events: the collisions that pile-up consists of."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from rs3l_data.errors import GeneratorError
from rs3l_data.events.particles import COLUMNS, Particles
from rs3l_data.offsets import offsets_of
from rs3l_data.simulate.pythia import initialised, log_words, own_words
from rs3l_data.simulate.record import read, stable

_TRIES = 100  # Pythia gives up none of 25 000 events; so many in a row mean wrong settings.


def minimum_bias(
    settings: Sequence[str], seeds: npt.NDArray[np.int64], progress: Callable[[int], None]
) -> Particles:
    """Generate one event for each seed, which alone decides it.

    Parameters
    ----------
    settings
        As `rs3l_data.describe.settings.pileup_settings` lists them.
    seeds
        Pythia's seed for each event, (n_events,).
    progress
        Called with the number of events done, now and then.

    Returns
    -------
    Particles
        All stable ones, at every η, neutrinos included; the collision is the origin.

    Raises
    ------
    GeneratorError
        If a setting is refused, or no event comes out.
    """
    pythia = initialised(settings)
    events = []
    for done, seed in enumerate(seeds.tolist(), 1):
        pythia.rndm.init(seed)
        for _ in range(_TRIES):
            records = read(pythia.nextBatch(1, "none"))
            if records.generated[0]:
                break
        else:
            raise GeneratorError(
                f"minimum-bias event {done - 1}: none of {_TRIES} tries succeeded; Pythia says: "
                f"{own_words(pythia)}; check `generator.settings`, which the pile-up shares"
            )
        events.append(stable(records))
        if done % 100 == 0 or done == len(seeds):
            progress(done)
    log_words(pythia, "minimum-bias events")
    return _join(events)


def _join(events: Sequence[Particles]) -> Particles:
    counts = [len(event.px) for event in events]
    return Particles(
        offsets_of(counts),
        *(np.concatenate([getattr(event, name) for event in events]) for name in COLUMNS),
    )
