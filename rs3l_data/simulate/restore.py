"""Hard events given back to Pythia exactly as they were saved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pythia8mc

from rs3l_data.describe.schema import HARD_PARTICLES
from rs3l_data.errors import GeneratorError
from rs3l_data.events.hard_events import INCOMING, HardEvents
from rs3l_data.simulate.pythia import initialise, prepared
from rs3l_data.simulate.rehadronize import KeepPartons

_TRANSLATED = 1000
"""Events that are translated at once."""


class RestoredEvents(pythia8mc.LHAup):  # type: ignore[misc]
    """A Les Houches source (hep-ph/0109068) that plays saved hard events in float64.

    Before each event it reseeds Pythia, so that an event's result depends on nothing before it.
    """

    def __init__(
        self,
        pythia: pythia8mc.Pythia,
        hard: HardEvents,
        energy: float,
        seeds: npt.NDArray[np.int64],
    ) -> None:
        super().__init__()
        self._pythia = pythia
        self._beam_energy = energy / 2
        self._hard = hard
        self._seeds = seeds
        self._next = self._translated()
        self.played = 0
        """Number of events handed to Pythia so far."""

    def setInit(self) -> bool:  # noqa: N802 - Pythia's own name
        """Declare the beams and one process of unit cross-section, unweighted (strategy 3)."""
        self.setBeamA(2212, self._beam_energy, -1, -1)
        self.setBeamB(2212, self._beam_energy, -1, -1)
        self.setStrategy(3)
        self.addProcess(1, 1.0, 0.0, 1.0)
        return True

    def setEvent(self, *_: int) -> bool:  # noqa: N802 - Pythia's own name
        """Hand over the next event; false when there is none."""
        event = next(self._next, None)
        if event is None:
            return False
        self.played += 1
        (scale, aem, a_s, id1, id2, x1, x2, q_fac, pdf1, pdf2, seed), particles = event
        self._pythia.rndm.init(seed)
        self.setProcess(1, 1.0, scale, aem, a_s)
        for particle in particles:
            self.addParticle(*particle)
        self.setIdX(id1, id2, x1, x2)
        self.setPdf(id1, id2, x1, x2, q_fac, pdf1, pdf2, True)
        return True

    def _translated(self) -> Iterator[tuple[tuple[Any, ...], list[tuple[int | float, ...]]]]:
        """Give each event's numbers and particles; as Python objects they take much memory."""
        names = ["scale", "alpha_em", "alpha_s", "id1", "id2", "x1", "x2", "q_fac", "pdf1", "pdf2"]
        for start in range(0, len(self._hard), _TRANSLATED):
            part = self._hard[start : start + _TRANSLATED]
            columns = [part.events[name].tolist() for name in names]
            seeds = self._seeds[start : start + _TRANSLATED].tolist()
            particles = les_houches_particles(part)
            for event, (first, last) in zip(
                zip(*columns, seeds, strict=True), pairwise(part.offsets.tolist()), strict=True
            ):
                yield event, particles[first:last]


def restored(
    settings: Sequence[str],
    hard: HardEvents,
    energy: float,
    seeds: npt.NDArray[np.int64],
    keep: KeepPartons | None = None,
) -> tuple[pythia8mc.Pythia, RestoredEvents]:
    """Initialise a Pythia that showers saved hard events.

    Parameters
    ----------
    settings
        As `rs3l_data.describe.settings.view_settings` lists them.
    energy
        Centre-of-mass energy of the beams [GeV].
    seeds
        One for each event, (n_events,), 1 to 900 000 000.
    keep
        A hook that keeps each event's partons after the shower.

    Returns
    -------
    The instance and its source. Keep both, and the hook: Pythia holds no reference to them.
    """
    pythia = prepared(settings)
    source = RestoredEvents(pythia, hard, energy, seeds)
    taken = pythia.setLHAupPtr(source)
    if keep is not None:
        keep.position = lambda: source.played - 1
        taken = taken and pythia.setUserHooksPtr(keep)
    if not taken:
        raise GeneratorError("Pythia did not take the source of restored hard events")
    initialise(pythia)
    return pythia, source


def les_houches_particles(hard: HardEvents) -> list[tuple[int | float, ...]]:
    """Translate Pythia's process record into Les Houches particles.

    Returns
    -------
    For each particle the arguments of `LHAup.addParticle`: code, status, mothers, colours, px, py,
    pz, E, mass, lifetime, spin, scale.
    """
    columns = dict(hard.particles)
    incoming = columns["status"] == INCOMING
    columns["status"] = np.where(incoming, -1, np.where(columns["status"] < 0, 2, 1))
    for name in ("mother1", "mother2"):
        # The process record counts from the system and the two beams, Les Houches from 1.
        columns[name] = np.where(incoming, 0, np.maximum(columns[name] - 2, 0))
    ordered = [columns[column.name].tolist() for column in HARD_PARTICLES]
    return list(zip(*ordered, strict=True))
