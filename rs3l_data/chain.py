"""The chain of one job: a shower of hard events, with all views of it, to tables of jets.

Everything here works on arrays in memory; `rs3l_data.jobs` reads and writes files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rs3l_data.cluster import kinematics
from rs3l_data.describe import tree
from rs3l_data.describe.chunks import events_in_chunk, events_of
from rs3l_data.describe.config import Config
from rs3l_data.describe.external import hepmc_file
from rs3l_data.describe.references import onepass_events, reference_of
from rs3l_data.describe.schema import DECAYS, INITIATORS
from rs3l_data.describe.seeds import (
    event_keys,
    hadronization_seeds,
    own_pythia_seeds,
    shower_seeds,
)
from rs3l_data.describe.settings import (
    hadronization_settings,
    hard_settings,
    onepass_settings,
    pthat_is_cut_like_pt,
    view_settings,
)
from rs3l_data.events.hard_events import HardEvents, HardRun
from rs3l_data.events.particles import Particles
from rs3l_data.events.weights import Weights
from rs3l_data.jet_table import batch_table
from rs3l_data.pileup import crossings_of, cut_crossings
from rs3l_data.simulate.generate import generate
from rs3l_data.simulate.initiators import Selection, find_rows, labels
from rs3l_data.simulate.onepass import OnePass
from rs3l_data.simulate.resimulate import Batch, Hadronization, resimulate
from rs3l_data.stopwatch import Stopwatch, no_stopwatch
from rs3l_data.store.split import split_of
from rs3l_data.store.tables import Columns, Initiators, View, concatenate

I8 = npt.NDArray[np.int64]
Progress = Callable[[int], None]


def selection(config: Config, process: str) -> Selection:
    """Say which particles of a process are its initiators."""
    return Selection(config.processes[process].initiators, config.hard.pt, config.hard.abs_eta_max)


def hard_chunk(
    config: Config, process: str, chunk: int, progress: Progress
) -> tuple[HardEvents, HardRun]:
    """Generate the hard events of a chunk, or take them from files of another program."""
    events = np.array(events_of(config, process, chunk), np.int64)
    if config.processes[process].lhe:
        # Its packages are an extra that only such processes need.
        from rs3l_data.exchange.lhe_in import take_hard_events

        hard, run = take_hard_events(config, process, events, progress)
    else:
        hard, run = generate(
            process=process,
            seed=config.seed,
            settings=hard_settings(config, process),
            selection=selection(config, process),
            events=events,
            seeds=own_pythia_seeds(config.seed, process, "hard", events),
            progress=progress,
            pthat_is_cut=pthat_is_cut_like_pt(config, process),
        )
    # What is wrong with the initiators is told before any view is made.
    find_rows(hard, selection(config, process))
    return hard, run


def initiator_table(config: Config, process: str, hard: HardEvents) -> Initiators:
    """Tabulate the initiators of hard events and their decay products."""
    spec = config.processes[process]
    rows = find_rows(hard, selection(config, process))
    events = hard.events["event"][rows.event]
    fractions = (config.split.train, config.split.validation, config.split.test)
    pdg_id = hard.particles["pdg_id"][rows.initiator]
    columns = {
        "process": np.full(len(events), [*config.processes].index(process)),
        "event": events,
        "initiator": _count_within(rows.event),
        "label": labels(pdg_id, spec.label_of, config.labels),
        "split": split_of(config.seed, process, events, fractions),
        "weight": hard.events["weight"][rows.event],
        **_kinematics(hard, rows.initiator),
    }
    return Initiators(
        {c.name: columns[c.name].astype(c.numpy_dtype) for c in INITIATORS},
        {
            c.name: values.astype(c.numpy_dtype)
            for c, values in zip(DECAYS, _kinematics(hard, rows.decay).values(), strict=True)
        },
        rows.decay_offsets,
    )


def row_weights(hard: HardEvents, initiators: Initiators) -> Weights | None:
    """Give each row the further weights of its hard event, if there are any."""
    if hard.weights is None:
        return None
    return hard.weights[np.searchsorted(hard.events["event"], initiators.columns["event"])]


def shower_blocks(
    config: Config,
    process: str,
    root: str,
    hard: HardEvents,
    progress: Progress,
    stopwatch: Stopwatch = no_stopwatch,
    sample: Particles | None = None,
) -> Iterator[dict[str, View]]:
    """Simulate a view that showers hard events, with all views that share its showers.

    Parameters
    ----------
    root
        A view that starts from the hard event.
    progress
        Called with the number of events done, after each batch.
    stopwatch
        Called with the name of each step for a context to run it in.
    sample
        The minimum-bias events, if any of the views has pile-up.

    Yields
    ------
    For each batch of hard events, by name of the view, one row for each initiator.
    """
    events = hard.events["event"]
    names = tree.family(config.views, root)
    simulated = [name for name in names if tree.particles_of(config.views, name) == name]
    cards = {name: config.card(name) for name in names}
    keys = {name: event_keys(config.seed, process, f"detector/{name}", events) for name in names}
    crossings = {name: crossings_of(config, process, name, events, sample) for name in names}
    rows = find_rows(hard, selection(config, process))
    done = 0
    for batch in _batches(config, process, simulated, hard, stopwatch):
        of = dict(zip(simulated, batch, strict=True))
        last = done + len(batch[0].hard)
        part = rows.within(done, last, hard)
        tables: dict[str, View] = {}
        for name in names:
            shared = of[tree.particles_of(config.views, name)]
            noise = keys[name][done:last]
            pileup = cut_crossings(crossings[name], done, last)
            tables[name] = batch_table(
                config.jets, cards[name], shared, part, noise, pileup, stopwatch
            )
        yield tables
        done = last
        progress(done)


def onepass_chunk(
    config: Config,
    process: str,
    view: str,
    chunk: int,
    progress: Progress,
    sample: Particles | None = None,
) -> tuple[HardEvents, HardRun, dict[str, View]]:
    """Simulate events in one go, to the tables that restored views are compared with.

    Parameters
    ----------
    view
        A sample of `rs3l_data.describe.references`: its first view.
    sample
        The minimum-bias events, if any of the views has pile-up.

    Returns
    -------
    The hard processes, what the run says of them, and by name of the first view with each detector
    a table, one row for each initiator.
    """
    events = np.array(onepass_events(config, process, chunk), np.int64)
    chain = OnePass(
        process,
        config.seed,
        onepass_settings(config, process, view),
        hard_settings(config, process),
        selection(config, process),
        events,
        own_pythia_seeds(config.seed, process, f"onepass/{view}", events),
    )
    tables: dict[str, list[View]] = {name: [] for name in reference_of(config, view).tables}
    cards = {name: config.card(name) for name in tables}
    crossings = {
        name: crossings_of(config, process, name, events, sample, "onepass/pileup")
        for name in tables
    }
    done = 0
    for batch in chain:
        last = done + len(batch.hard)
        rows = find_rows(batch.hard, selection(config, process))
        numbers = batch.hard.events["event"]
        for name, parts in tables.items():
            keys = event_keys(config.seed, process, f"onepass/detector/{name}", numbers)
            pileup = cut_crossings(crossings[name], done, last)
            parts.append(
                batch_table(config.jets, cards[name], batch, rows, keys, pileup, no_stopwatch)
            )
        done = last
        progress(done)
    return chain.hard, chain.run, {name: concatenate(parts) for name, parts in tables.items()}


def _batches(
    config: Config,
    process: str,
    simulated: list[str],
    hard: HardEvents,
    stopwatch: Stopwatch,
) -> Iterator[list[Batch]]:
    """Simulate a shower and its hadronisations, or take the shower from another program's file."""
    root = simulated[0]
    events = hard.events["event"]
    pattern = config.views[root].hepmc
    if pattern is not None:
        from rs3l_data.exchange.hepmc_in import join

        chunk = int(events[0]) // events_in_chunk(config, process)
        return ([batch] for batch in join(Path(hepmc_file(pattern, process, chunk)), hard))
    return resimulate(
        view_settings(config, process, root),
        hard,
        config.hard.energy,
        shower_seeds(config.seed, process, root, events),
        [_hadronization(config, process, name, events) for name in simulated[1:]],
        stopwatch,
    )


def _hadronization(config: Config, process: str, view: str, events: I8) -> Hadronization:
    seeds = hadronization_seeds(config.seed, process, view, events)
    return Hadronization(hadronization_settings(config, process, view), seeds)


def _kinematics(hard: HardEvents, index: I8) -> Columns:
    """Tabulate particles of the hard process: PDG code, pT, η, φ, mass."""
    px, py, pz = (hard.particles[name][index] for name in ("px", "py", "pz"))
    return {
        "pdg_id": hard.particles["pdg_id"][index],
        **kinematics.transverse(px, py, pz),
        "mass": hard.particles["mass"][index],
    }


def _count_within(event: I8) -> I8:
    """Count the rows within their event; the events' positions never fall."""
    return np.arange(len(event)) - np.searchsorted(event, event)
