"""A view's whole event records as a HepMC3 file, for Rivet, another detector, another eye."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyhepmc

from rs3l_data.describe import tree
from rs3l_data.describe.config import Config
from rs3l_data.describe.seeds import hadronization_seeds, shower_seeds
from rs3l_data.describe.settings import hadronization_settings, view_settings
from rs3l_data.errors import ConfigError
from rs3l_data.events.hard_events import HardEvents, HardRun
from rs3l_data.exchange.text import writing_bytes
from rs3l_data.simulate.record import FIRST, Records
from rs3l_data.simulate.resimulate import Hadronization, shower_records
from rs3l_data.store.atomic import require_named

_MB_TO_PB = 1e9
_STABLE, _DECAYED, _BEAM = 1, 2, 4
"""Status codes of HepMC3 (arXiv:1912.08005); 11 to 200 are the generator's own"""
_HADRONIZATION = ((81, 89), (101, 106))
"""Pythia's status codes of particles with all those from mother1 to mother2 as mothers"""


def export_hepmc(
    config: Config,
    run: HardRun,
    view: str,
    hard: HardEvents,
    out: Path,
    progress: Callable[[int], None],
) -> None:
    """Simulate a view of hard events, as `resimulate` does, into a HepMC3 file.

    An event has the number of its hard event, and the cross section of the run that made it; one
    that Pythia gives up is left out. The file is gzip if its name ends in .gz.

    Raises
    ------
    ConfigError
        If the view has no particles of its own, or there is another file at ``out``.
    GeneratorError
        If Pythia refuses a setting.
    StorageError
        If the file cannot be written.
    """
    require_named(out, "HepMC3 file", ".hepmc", ".hepmc.gz", ".hepmc3", ".hepmc3.gz")
    batches = _records(config, run.process, view, hard)
    cross_section = _cross_section(run)
    done = 0
    with writing_bytes(out) as file, pyhepmc.open(file, "w") as writer:
        for part, records in batches:
            for row in np.flatnonzero(records.generated).tolist():
                event = _event(part, records, row)
                event.cross_section = cross_section
                writer.write(event)
            done += len(part)
            progress(done)


def _records(
    config: Config, process: str, view: str, hard: HardEvents
) -> Iterator[tuple[HardEvents, Records]]:
    own = tree.particles_of(config.views, view)
    if own != view:
        raise ConfigError(f"view '{view}' shares the particles of '{own}'; export that one")
    if config.views[view].hepmc is not None:
        raise ConfigError(f"view '{view}' comes from a HepMC file: {config.views[view].hepmc}")
    root = tree.shower_of(config.views, view)
    events = hard.events["event"]
    again = []
    if view != root:
        own_seeds = hadronization_seeds(config.seed, process, view, events)
        again = [Hadronization(hadronization_settings(config, process, view), own_seeds)]
    seeds = shower_seeds(config.seed, process, root, events)
    settings = view_settings(config, process, root)
    for part, records in shower_records(settings, hard, config.hard.energy, seeds, again):
        *_, own_records = records
        yield part, own_records


def _cross_section(run: HardRun) -> pyhepmc.GenCrossSection:
    """Give HepMC3's note of a cross section [pb], which Rivet scales histograms with."""
    found = pyhepmc.GenCrossSection()
    sigma, error = (mb * _MB_TO_PB for mb in (run.cross_section_mb, run.cross_section_error_mb))
    found.set_cross_section(sigma, error, run.n_accepted, run.n_tried)
    return found


def _event(hard: HardEvents, records: Records, row: int) -> pyhepmc.GenEvent:
    """Build one event: every entry of Pythia's record but the first, which is all of it."""
    at = slice(int(records.offsets[row]) + 1, int(records.offsets[row + 1]))
    pdg_id, status = records.pdg_id[at].tolist(), records.status[at].tolist()
    momenta = zip(*(values[at].tolist() for values in records.momentum), strict=True)
    masses = records.mass[at].tolist()
    # Entry i of Pythia's record, whose first is left out, is particle i - 1.
    particles = [
        pyhepmc.GenParticle(momentum, code, _status(code, own))
        for momentum, code, own in zip(momenta, pdg_id, status, strict=True)
    ]
    for particle, mass in zip(particles, masses, strict=True):
        particle.generated_mass = mass
    event = pyhepmc.GenEvent(pyhepmc.Units.GEV, pyhepmc.Units.MM)
    event.event_number = int(hard.events["event"][row])
    event.weights = [float(hard.events["weight"][row])]
    vertices: dict[int, pyhepmc.GenVertex] = {}
    places = _places(records, at)
    lines = zip(records.mother1[at].tolist(), records.mother2[at].tolist(), status, strict=True)
    for particle, mothers, place in zip(particles, map(_mothers, lines), places, strict=True):
        if not mothers:
            continue
        vertex = vertices.get(mothers[0])
        if vertex is None:
            vertex = pyhepmc.GenVertex((*place, 0.0))
            for mother in mothers:
                if mother not in vertices:
                    vertex.add_particle_in(particles[mother - 1])
                    vertices[mother] = vertex
        vertex.add_particle_out(particle)
    event.add_tree(particles[: FIRST - 1])
    return event


def _mothers(line: tuple[int, int, int]) -> list[int]:
    """List the mothers of an entry of Pythia's record (its manual, Particle Properties)."""
    mother1, mother2, status = line
    if mother1 == 0:
        return []
    if mother2 in (0, mother1):
        return [mother1]
    if any(low <= abs(status) <= high for low, high in _HADRONIZATION):
        return list(range(mother1, mother2 + 1))
    return sorted((mother1, mother2))


def _status(pdg_id: int, status: int) -> int:
    """Translate Pythia's status code, as its own interface to HepMC3 does."""
    if status > 0:
        return _STABLE
    if status == -12:
        return _BEAM
    code = abs(pdg_id)
    # The tens digit of a diquark is 0.
    hadron = code > 100 and code // 10 % 10 != 0
    return _DECAYED if hadron or code in (13, 15) else abs(status)


def _places(records: Records, at: slice) -> list[tuple[float, ...]]:
    """Give where each entry was produced [mm]."""
    index = records.vertex_index[at]
    places = np.zeros((len(index), 3))
    displaced = index >= 0
    for axis, values in enumerate(records.vertices):
        places[displaced, axis] = values[index[displaced]]
    return [tuple(place) for place in places.tolist()]
