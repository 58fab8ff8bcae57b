"""Hadronise a saved parton shower again: everything before it is shared bit for bit.

The partons are saved by a hook at the end of the parton level, just before Pythia hadronises them,
and put in place by another hook in a second instance of Pythia, whose own collision is a dummy.
`Pythia.forceHadronLevel` would do for the second step, but its default looks for junctions anew,
loses those of the colour reconnection and then fails on some events, which is a bias.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import awkward as ak
import numpy as np
import numpy.typing as npt
import pythia8mc

from rs3l_data.errors import GeneratorError
from rs3l_data.simulate.pythia import initialise, prepared

_MUON_MASS = 0.10566  # [GeV]


class KeepPartons(pythia8mc.UserHooks):  # type: ignore[misc]
    """Keep each event's partons after the shower; the event itself goes on unchanged."""

    def __init__(self) -> None:
        super().__init__()
        self.position: Callable[[], int] = lambda: 0
        """Tells the position of the hard event that Pythia is working on"""
        self._kept: dict[int, pythia8mc.Event] = {}

    def canVetoPartonLevel(self) -> bool:  # noqa: N802 - Pythia's own name
        """Ask Pythia to call the next method."""
        return True

    def doVetoPartonLevel(self, event: pythia8mc.Event) -> bool:  # noqa: N802 - Pythia's own name
        """Copy the partons; Pythia may try an event's shower again, and the last try counts."""
        self._kept[self.position()] = pythia8mc.Event(event)
        return False

    def take(self) -> dict[int, pythia8mc.Event]:
        """Hand over what was kept since the last time, by position of the hard event."""
        kept, self._kept = self._kept, {}
        return kept


class _ReplacePartons(pythia8mc.UserHooks):  # type: ignore[misc]
    """Put saved partons in the place of the dummy collision's."""

    def __init__(self, pythia: pythia8mc.Pythia) -> None:
        super().__init__()
        self._pythia = pythia
        self._queue: Iterator[tuple[pythia8mc.Event, int]] = iter(())
        self._reseeded = False

    def load(self, events: list[pythia8mc.Event], seeds: npt.NDArray[np.int64]) -> None:
        """Queue events for as many calls of `next`."""
        self._queue = zip(events, seeds.tolist(), strict=True)

    def canVetoProcessLevel(self) -> bool:  # noqa: N802 - Pythia's own name
        """Ask Pythia to call the next method."""
        return True

    def doVetoProcessLevel(self, _: pythia8mc.Event) -> bool:  # noqa: N802 - Pythia's own name
        """Go on to the next event in the queue; Pythia calls this once for each."""
        self._event, self._seed = next(self._queue)
        self._reseeded = False
        return False

    def canVetoPartonLevel(self) -> bool:  # noqa: N802 - Pythia's own name
        """Ask Pythia to call the next method."""
        return True

    def doVetoPartonLevel(self, _: pythia8mc.Event) -> bool:  # noqa: N802 - Pythia's own name
        """Replace the event; called again if Pythia tries the hadronisation again."""
        event = self._pythia.event
        event.assign(self._event)
        # A copied event still points to the particle data, and so the random numbers, of the
        # instance that it was copied from.
        event.init("", self._pythia.particleData)
        event.restorePtrs()
        if not self._reseeded:
            self._pythia.rndm.init(self._seed)
            self._reseeded = True
        return False


class _DummyCollisions(pythia8mc.LHAup):  # type: ignore[misc]
    """Electron and positron to two muons, without end."""

    def __init__(self, energy: float) -> None:
        super().__init__()
        self._beam = energy / 2

    def setInit(self) -> bool:  # noqa: N802 - Pythia's own name
        """Declare the beams and one process."""
        self.setBeamA(11, self._beam, -1, -1)
        self.setBeamB(-11, self._beam, -1, -1)
        self.setStrategy(3)
        self.addProcess(1, 1.0, 0.0, 1.0)
        return True

    def setEvent(self, *_: int) -> bool:  # noqa: N802 - Pythia's own name
        """Hand over the one event that there is."""
        beam, mass = self._beam, _MUON_MASS
        momentum = (beam**2 - mass**2) ** 0.5
        self.setProcess(1, 1.0, beam, 1 / 128, 0.12)
        self.addParticle(11, -1, 0, 0, 0, 0, 0.0, 0.0, beam, beam, 0.0, 0.0, 9.0, 0.0)
        self.addParticle(-11, -1, 0, 0, 0, 0, 0.0, 0.0, -beam, beam, 0.0, 0.0, 9.0, 0.0)
        self.addParticle(13, 1, 1, 2, 0, 0, 0.0, 0.0, momentum, beam, mass, 0.0, 9.0, 0.0)
        self.addParticle(-13, 1, 1, 2, 0, 0, 0.0, 0.0, -momentum, beam, mass, 0.0, 9.0, 0.0)
        return True


class Rehadronizer:
    """A Pythia that hadronises saved partons.

    Parameters
    ----------
    settings
        As `rs3l_data.describe.settings.hadronization_settings` lists them.
    energy
        Centre-of-mass energy [GeV].

    Raises
    ------
    GeneratorError
        If a setting is refused.
    """

    def __init__(self, settings: Sequence[str], energy: float) -> None:
        self.pythia = prepared(settings)
        # Pythia holds no references to these.
        self._hook = _ReplacePartons(self.pythia)
        self._source = _DummyCollisions(energy)
        taken = self.pythia.setLHAupPtr(self._source) and self.pythia.setUserHooksPtr(self._hook)
        if not taken:
            raise GeneratorError("Pythia did not take the hook that puts saved partons in place")
        initialise(self.pythia)

    def __call__(self, events: list[pythia8mc.Event], seeds: npt.NDArray[np.int64]) -> ak.Array:
        """Hadronise events, each from its own seed, (n_events,)."""
        self._hook.load(events, seeds)
        return self.pythia.nextBatch(len(events), "none")
