"""Generate hard events: the process level of Pythia alone, each event from its own seed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pythia8mc

from rs3l_data.errors import GeneratorError
from rs3l_data.events.hard_events import HardEvents, HardRun
from rs3l_data.simulate.hard_table import HardTable, event_row, process_particles
from rs3l_data.simulate.initiators import Selection
from rs3l_data.simulate.pythia import initialised, log_words
from rs3l_data.simulate.record import FIRST

Progress = Callable[[int], None]

TRIES = 10_000  # More failures than this in one event: the cuts leave nothing.
LEAST = 1000
"""Accepted phase-space points that a cross section rests on: Pythia adds up its subprocesses, and
one that a few tries have never chosen would count as 0."""


def passes(selection: Selection, process: pythia8mc.Event) -> bool:
    """Say whether any initiator in Pythia's process record lies inside the cuts."""
    return any(
        abs(p.id()) in selection.pdg_ids and _inside(selection, p)
        for p in (process[i] for i in range(FIRST + 2, process.size()))
    )


def _inside(selection: Selection, particle: pythia8mc.Particle) -> bool:
    low, high = selection.pt
    inside = low <= particle.pT() <= high and abs(particle.eta()) <= selection.abs_eta_max
    return bool(inside)


def nothing_passes(
    process: str, event: int, selection: Selection, settings: Sequence[str], seed: int
) -> GeneratorError:
    """Tell that the cuts leave nothing, or that the initiators do not occur at all.

    Parameters
    ----------
    settings, seed
        Of the hard process and of the event: its tries are made once more to see what occurs, so
        that nothing need be kept of those that fail where all goes well.
    """
    where = f"process '{process}', event {event}"
    occurring = _occurring(settings, seed)
    missing = [code for code in selection.pdg_ids if code not in occurring]
    if len(missing) == len(selection.pdg_ids):
        return GeneratorError(
            f"{where}: none of the initiators {missing} occurs in any of {TRIES} tries; outgoing "
            f"particles and their decay products there are {sorted(occurring)} (antiparticles "
            "included): name some of these as `initiators`, or check the process's `settings`"
        )
    also = f" ({missing} did not occur at all)" if missing else ""
    return GeneratorError(
        f"{where}: none of {TRIES} tries passed the cuts on the initiators "
        f"{list(selection.pdg_ids)}{also}, pT in {list(selection.pt)} GeV, |eta| < "
        f"{selection.abs_eta_max}; widen `hard.pt` or check the process"
    )


def _occurring(settings: Sequence[str], seed: int) -> set[int]:
    """Collect the codes, without signs, of what the tries of an event make."""
    pythia = initialised(settings)
    pythia.rndm.init(seed)
    codes: set[int] = set()
    for _ in range(TRIES):
        if pythia.next():
            event = pythia.process
            codes.update(abs(event[i].id()) for i in range(FIRST + 2, event.size()))
    return codes


def require_pthat_is_pt(selection: Selection, process: pythia8mc.Event) -> None:
    """Check that cuts on pTHat are cuts on the pT of the initiators in Pythia's process record.

    They are for the two outgoing particles of a 2 → 2 process, and Pythia has none for a resonance
    alone. In a 2 → 3 process it limits the pT of all three; and a decay product's pT is not that
    of what decayed.

    Raises
    ------
    GeneratorError
        If events would be missing.
    """
    particles = [process[i] for i in range(FIRST + 2, process.size())]
    outgoing = [p for p in particles if p.mother1() == FIRST]
    decayed = any(
        abs(p.id()) in selection.pdg_ids and p.mother1() != FIRST and _inside(selection, p)
        for p in particles
    )
    if len(outgoing) == 1 or (len(outgoing) == 2 and not decayed):
        return
    kind = "decay products" if decayed else f"of {len(outgoing)} outgoing particles"
    raise GeneratorError(
        f"`hard.pt` also limits Pythia's pTHat, which is not the pT of these initiators, as they"
        f" are {kind}: events with initiators inside `hard.pt` would be missing. Say in the"
        " process's `settings` what pTHat may be: 'PhaseSpace:pTHatMin = 0.' and"
        " 'PhaseSpace:pTHatMax = -1.' for all, or narrower limits that lose nothing"
    )


def generate(
    process: str,
    seed: int,
    settings: Sequence[str],
    selection: Selection,
    events: npt.NDArray[np.int64],
    seeds: npt.NDArray[np.int64],
    progress: Progress,
    pthat_is_cut: bool,
) -> tuple[HardEvents, HardRun]:
    """Generate one hard event for each event number.

    Parameters
    ----------
    seed
        The dataset's seed; kept with the run, the events follow from ``seeds``.
    settings
        As `rs3l_data.describe.settings.hard_settings` lists them.
    events, seeds
        Event numbers and Pythia seeds, (n_events,).
    progress
        Called with the number of events done, now and then.
    pthat_is_cut
        Whether the settings limit pTHat to the selection's pT: an error where that is another's.

    Raises
    ------
    GeneratorError
        If a setting is refused, no event passes the selection, or cuts on pTHat lose some.
    """
    pythia = initialised(settings)
    table = HardTable()
    accepted = 0
    rejected: list[float] = []
    for done, (event, event_seed) in enumerate(
        zip(events.tolist(), seeds.tolist(), strict=True), 1
    ):
        pythia.rndm.init(event_seed)
        for _ in range(TRIES):
            if not pythia.next():
                continue
            accepted += 1
            if passes(selection, pythia.process):
                if pthat_is_cut:
                    require_pthat_is_pt(selection, pythia.process)
                break
            rejected.append(pythia.infoPython().weight())
        else:
            raise nothing_passes(process, event, selection, settings, event_seed)
        table.add(event_row(pythia, event), process_particles(pythia.process))
        if done % 100 == 0 or done == len(events):
            progress(done)
    hard = table.hard_events()
    weights = hard.events["weight"]
    n_tried = pythia.infoPython().nTried()
    inside, outside = _more_weights(pythia, selection, LEAST - accepted)
    log_words(pythia, "hard process")
    info = pythia.infoPython()
    kept = Acceptance.of(np.append(weights, inside), np.array(rejected + outside))
    run = HardRun(
        process=process,
        seed=seed,
        cross_section_mb=info.sigmaGen() * kept.part,
        cross_section_error_mb=kept.error_of_product(info.sigmaGen(), info.sigmaErr()),
        n_tried=n_tried,
        n_accepted=accepted,
        sum_of_weights=float(np.sum(weights, dtype=np.float64)),
    )
    return hard, run


def _more_weights(
    pythia: pythia8mc.Pythia, selection: Selection, n_events: int
) -> tuple[list[float], list[float]]:
    """Go on for the cross section alone: no event is kept; none at all if ``n_events`` < 1.

    Returns
    -------
    The weights of the hard processes inside and outside of the cuts.
    """
    inside: list[float] = []
    outside: list[float] = []
    for _ in range(n_events):
        if pythia.next():
            chosen = inside if passes(selection, pythia.process) else outside
            chosen.append(pythia.infoPython().weight())
    return inside, outside


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What part of a process lies inside the cuts, by weight."""

    part: float
    relative_error: float

    @classmethod
    def of(cls, selected: npt.NDArray[Any], rejected: npt.NDArray[Any]) -> Acceptance:
        """Take it from the weights of what passed and of what did not."""
        inside, outside = (float(np.sum(w, dtype=np.float64)) for w in (selected, rejected))
        squares = [float(np.sum(np.square(w, dtype=np.float64))) for w in (selected, rejected)]
        part = inside / (inside + outside)
        variance = (1 - part) ** 2 * squares[0] + part**2 * squares[1]
        return cls(part, math.sqrt(variance) / inside)

    def error_of_product(self, value: float, error: float) -> float:
        """Compute the error of this part of a value, which has an error of its own."""
        return self.part * math.hypot(error, value * self.relative_error)
