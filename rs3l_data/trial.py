"""Whether Pythia takes what a config says: settings are read, instances initialised.

Of each process a few hard events are made as well, as its first job makes them: generated, or taken
from its Les Houches files. HepMC files are compared with those.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np

from rs3l_data.chain import hard_chunk, selection
from rs3l_data.describe import tree
from rs3l_data.describe.branch import has_pileup
from rs3l_data.describe.chunks import events_of, n_chunks, one_chunk
from rs3l_data.describe.config import Config
from rs3l_data.describe.external import hepmc_file
from rs3l_data.describe.process import Process
from rs3l_data.describe.schema import HARD_EVENTS, HARD_PARTICLES, empty
from rs3l_data.describe.settings import (
    hadronization_settings,
    hard_settings,
    pileup_settings,
    view_settings,
)
from rs3l_data.errors import GeneratorError, InputFileError
from rs3l_data.events.hard_events import INCOMING, HardEvents
from rs3l_data.exchange.text import reading_lines
from rs3l_data.native_output import written_by
from rs3l_data.simulate.initiators import find_rows
from rs3l_data.simulate.pythia import initialised, prepared
from rs3l_data.simulate.rehadronize import Rehadronizer
from rs3l_data.simulate.restore import restored

Trials = dict[str, Callable[[], object]]
"""What to try, by the keys of the config that it concerns; a text that comes back is a remark."""

_RAISED_CUTOFF = re.compile(r"Simple(\w+Shower)::init: pTmin too low\W+raised to ([\d.]+)")

_EVENTS = 10
"""Hard events of each process that are made"""


def read_all(config: Config) -> None:
    """Let Pythia read the settings of every process and view, without initialising it.

    Raises
    ------
    GeneratorError
        With one line for each process and view of which it does not accept a setting, or does not
        know an initiator; with that of the run alone, which all of them would repeat.
    """
    try_all({"generator.settings": partial(prepared, config.generator.settings)})
    reading: Trials = {
        f"processes.{name}": partial(_with_particles, hard_settings(config, name), process)
        for name, process in config.processes.items()
    }
    first = next(iter(config.processes))
    for name in config.views:
        reading[f"views.{name}"] = partial(prepared, view_settings(config, first, name))
    reading["pileup"] = partial(prepared, pileup_settings(config))
    try_all(reading)


def instances(config: Config) -> Trials:
    """List how to initialise each instance of Pythia that the jobs of a config need.

    One for each process, which makes a few hard events; one for each distinct list of settings of a
    shower or a hadronisation; and one for the minimum-bias events if there is pile-up. Showers are
    tried with the particles of the first process: those of another change nothing that Pythia
    initialises. A view of HepMC files is compared with a few hard events of each process.
    """
    first = next(iter(config.processes))
    energy = config.hard.energy
    trials: Trials = {
        f"processes.{name}": partial(_making_events, config, name) for name in config.processes
    }
    views = config.views
    foreign = [name for name in views if views[name].hepmc is not None]
    for name, process in product(foreign, config.processes):
        trials[f"views.{name} of {process}"] = partial(_joining, config, name, process)
    own = [name for name in tree.roots(views) if views[name].hepmc is None]
    for names, settings in _distinct((name, view_settings(config, first, name)) for name in own):
        trials[names] = partial(_taking_events, settings, energy)
    again = [name for name in views if views[name].redo == "hadronization"]
    for names, settings in _distinct(
        (name, hadronization_settings(config, first, name)) for name in again
    ):
        trials[names] = partial(Rehadronizer, settings, energy)
    if any(has_pileup(config, name) for name in tree.roots(views)):
        trials["pileup"] = partial(initialised, pileup_settings(config))
    return trials


def try_all(trials: Trials, progress: Callable[[int], None] = lambda _: None) -> list[str]:
    """Try one thing after the other; to initialise an instance takes 0.1 to 0.4 s.

    Parameters
    ----------
    progress
        Called with the number of trials done, after each.

    Returns
    -------
    list of str
        What is allowed, but perhaps not meant; a line for each, with the keys of the config.

    Raises
    ------
    GeneratorError
        With one line for each that failed: the keys of the config, and Pythia's own messages or
        what is wrong with a file.
    """
    faults, remarks = [], []
    for done, (name, attempt) in enumerate(trials.items(), 1):
        try:
            remark = attempt()
        except (GeneratorError, InputFileError) as error:
            faults.append(f"{name}: {error}")
        else:
            remarks += [f"{name}: {remark}"] if isinstance(remark, str) else []
        progress(done)
    if faults:
        raise GeneratorError("\n".join(faults))
    return remarks


def _with_particles(settings: list[str], process: Process) -> None:
    """Let Pythia read settings, and ask whether it knows the initiators, perhaps by them."""
    pythia = prepared(settings)
    if pythia.settings.word("SLHA:file") != "void":
        # Whose new particles it meets when it is initialised.
        pythia = initialised([*settings, "Beams:frameType = 1", "ProcessLevel:all = off"])
    for code in process.initiators:
        if not pythia.particleData.isParticle(code):
            raise GeneratorError(
                f"initiators: Pythia knows no particle {code}; expected PDG codes, such as 25 for"
                " a Higgs boson, 6 for a top quark, 21 for a gluon; declare a new particle in the"
                f" process's `settings` ('{code}:new = ...'), or name a file that does as"
                " `SLHA:file` in `generator.settings`"
            )


def _making_events(config: Config, process: str) -> str | None:
    """Make the first hard events; say so if files have none of the initiators in these.

    In a few events that proves nothing, and is no error for the jobs either. What is generated
    always has some.
    """
    hard = _first_events(config, process)
    chosen = selection(config, process)
    if len(find_rows(hard, chosen).event):
        return None
    outgoing = hard.particles["pdg_id"][hard.particles["status"] != INCOMING]
    low, high = chosen.pt
    return (
        f"none of the first {len(hard)} events has one of the initiators {list(chosen.pdg_ids)} "
        f"with pT from {low:g} to {high:g} GeV and |eta| < {chosen.abs_eta_max:g}, and events "
        f"without have no rows; they have {np.unique(np.abs(outgoing)).tolist()} (PDG codes)"
    )


def _joining(config: Config, view: str, process: str) -> None:
    """Open the HepMC files of all chunks, and compare the first event of the first file."""
    pattern = str(config.views[view].hepmc)
    for chunk in range(n_chunks(config, process)):
        # As its job does, with the same words if that fails.
        with reading_lines(Path(hepmc_file(pattern, process, chunk)), lambda: "its beginning"):
            pass
    # Its packages are an extra that only such views need.
    from rs3l_data.exchange.hepmc_in import compare_first

    first = Path(hepmc_file(pattern, process, 0))
    compare_first(first, _first_events(config, process), events_of(config, process, 0))


def _first_events(config: Config, process: str) -> HardEvents:
    """Make the first hard events, the same as the first job of the process makes."""
    n = min(config.processes[process].events, _EVENTS)
    hard, _ = hard_chunk(one_chunk(config, process, n), process, 0, lambda _: None)
    return hard


def _taking_events(settings: list[str], energy: float) -> str | None:
    """Initialise as for restored events, of which none need be there for that.

    Say so if a shower ends above the cutoff that the settings say, which Pythia tells with a number
    only where it prints.
    """
    none = HardEvents(empty(HARD_EVENTS, 0), empty(HARD_PARTICLES, 0), np.zeros(1, np.int64))
    aloud = [*settings, "Print:quiet = off", "Print:errors = on"]
    said = written_by(lambda: restored(aloud, none, energy, np.zeros(0, np.int64)))
    raised = dict(_RAISED_CUTOFF.findall(said))
    return (
        "; ".join(
            f"Pythia raises {shower}:pTmin to {float(cutoff):g} GeV, below which this alpha_s is"
            " too large (docs/variations.md)"
            for shower, cutoff in raised.items()
        )
        or None
    )


def _distinct(settings: Iterable[tuple[str, list[str]]]) -> list[tuple[str, list[str]]]:
    """Join the names of the views that have the same settings."""
    names: dict[tuple[str, ...], list[str]] = {}
    for name, lines in settings:
        names.setdefault(tuple(lines), []).append(f"views.{name}")
    return [(", ".join(same), [*lines]) for lines, same in names.items()]
