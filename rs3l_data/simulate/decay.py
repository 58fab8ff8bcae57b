"""Hard events of other programs through Pythia's process level: resonances decay here, once.

What another program left undecayed would otherwise decay in the shower, differently in each view.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pythia8mc

from rs3l_data.errors import GeneratorError
from rs3l_data.events.hard_events import HardEvents
from rs3l_data.simulate.hard_table import HardTable, event_row, process_particles
from rs3l_data.simulate.pythia import own_words
from rs3l_data.simulate.restore import restored


def decay(
    settings: Sequence[str],
    hard: HardEvents,
    energy: float,
    seeds: npt.NDArray[np.int64],
    progress: Callable[[int], None],
) -> HardEvents:
    """Let Pythia take hard events in and decay the resonances that have not decayed.

    Parameters
    ----------
    settings
        As `rs3l_data.describe.settings.hard_settings` lists them for a process of LHE files.
    hard
        As read: what has not decayed has a positive status. A particle scale of -1 leaves it to
        Pythia.
    energy
        Centre-of-mass energy of the beams [GeV].
    seeds
        Pythia's seed for each event, (n_events,).
    progress
        Called with the number of events done, now and then.

    Returns
    -------
    The same events as Pythia's process record has them, with event number, process code and weights
    of ``hard``, the weights times what `open_fractions` gives.

    Raises
    ------
    GeneratorError
        If a setting is refused, or Pythia cannot make sense of an event.
    """
    pythia, source = restored(settings, hard, energy, seeds)
    _check_species(pythia, hard)
    table = HardTable()
    for position, event in enumerate(hard.events["event"].tolist()):
        # Pythia goes on to the next event by itself when it finds one unphysical.
        if not pythia.next() or source.played != position + 1:
            raise GeneratorError(
                f"event {event}: Pythia cannot take it or decay its resonances; it says: "
                f"{own_words(pythia)}; correct the file or leave the event out"
            )
        table.add(event_row(pythia, event), process_particles(pythia.process))
        if (position + 1) % 100 == 0 or position + 1 == len(hard):
            progress(position + 1)
    taken = table.hard_events()
    fractions = open_fractions(pythia, hard)
    kept = {name: hard.events[name] for name in ("event", "process_code")}
    kept["weight"] = hard.events["weight"] * fractions
    further = hard.weights
    if further is not None:
        further = replace(further, values=further.values * fractions[:, None])
    return replace(taken, events={**taken.events, **kept}, weights=further)


def open_fractions(pythia: pythia8mc.Pythia, hard: HardEvents) -> npt.NDArray[np.float64]:
    """Give the branching fraction of what the undecayed resonances of each event may decay to.

    Cross sections of processes of Pythia's own contain it (Pythia's manual, Resonance Decays);
    those of Les Houches files know nothing of the channels that `onMode` closes.

    Returns
    -------
    (n_events,), 1 where all channels are open or nothing decays.
    """
    data = pythia.particleData
    pdg_id, undecayed = hard.particles["pdg_id"], hard.particles["status"] > 0
    fractions = np.ones(len(pdg_id))
    for code in np.unique(pdg_id[undecayed]).tolist():
        if data.isResonance(code) and data.mayDecay(code):
            fractions[undecayed & (pdg_id == code)] = data.resOpenFrac(code)
    return np.multiply.reduceat(fractions, hard.offsets[:-1])


def _check_species(pythia: pythia8mc.Pythia, hard: HardEvents) -> None:
    pdg_id = hard.particles["pdg_id"]
    for code in np.unique(pdg_id).tolist():
        if not pythia.particleData.isParticle(code):
            at = np.searchsorted(hard.offsets, np.argmax(pdg_id == code), side="right") - 1
            raise GeneratorError(
                f"event {hard.events['event'][at]}: Pythia knows no particle {code}; declare it in "
                f"the process's `settings` ('{code}:new = ...'), or name a file that does as "
                "`SLHA:file` in `generator.settings`"
            )
