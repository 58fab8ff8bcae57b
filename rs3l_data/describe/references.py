"""Which samples of one-pass Pythia the views are compared with, and how many jobs make them.

Views with the same settings of Pythia share one sample, and it goes through each of their detectors
and pile-ups once: random numbers are all that such views differ in.
"""

from __future__ import annotations

from dataclasses import dataclass

from rs3l_data.describe.branch import pileup_of
from rs3l_data.describe.chunks import events_in_chunk
from rs3l_data.describe.config import Config
from rs3l_data.describe.settings import onepass_settings
from rs3l_data.describe.tree import shower_of
from rs3l_data.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Reference:
    """One sample of one-pass Pythia."""

    name: str
    """The first view that is compared with it"""
    tables: dict[str, tuple[str, ...]]
    """The views that are compared with it, by the first one that has the same detector
    and pile-up"""


def references(config: Config) -> list[Reference]:
    """List the samples that the views of the config's `validation` need."""
    # Views differ in the same way in every process.
    process = next(iter(config.processes))
    chosen = config.validation.views or config.views
    samples: dict[str, dict[str, list[str]]] = {}
    for view in chosen:
        # Another program's view has no settings of ours to be compared with.
        if config.views[shower_of(config.views, view)].hepmc is not None:
            continue
        settings = "\n".join(onepass_settings(config, process, view))
        card, pileup = config.card(view), pileup_of(config, view)
        downstream = card.model_dump_json() + pileup.model_dump_json()
        samples.setdefault(settings, {}).setdefault(downstream, []).append(view)
    return [
        Reference(
            name=next(iter(by_card.values()))[0],
            tables={views[0]: tuple(views) for views in by_card.values()},
        )
        for by_card in samples.values()
    ]


def reference_of(config: Config, name: str) -> Reference:
    """Look up a sample.

    Raises
    ------
    ConfigError
        If there is none of this name.
    """
    found = references(config)
    for one in found:
        if one.name == name:
            return one
    for one in found:
        if any(name in views for views in one.tables.values()):
            raise ConfigError(
                f"view '{name}' has the settings of '{one.name}' and shares its one-pass sample; "
                "give that name"
            )
    config.require("views", name)
    if (file := config.views[shower_of(config.views, name)].hepmc) is not None:
        raise ConfigError(
            f"view '{name}' comes from the HepMC file '{file}': there are no settings of Pythia to "
            "make its events with in one go; give another view"
        )
    raise ConfigError(f"view '{name}' is not among those of `validation.views`")


def needs_sample(config: Config, reference: Reference) -> bool:
    """Say whether any table of a sample has pile-up: then its job needs minimum-bias events."""
    return any(pileup_of(config, table).mean > 0 for table in reference.tables)


def comparable_processes(config: Config) -> list[str]:
    """List the processes that Pythia can make in one go: not those from other hard events."""
    return [name for name, process in config.processes.items() if not process.lhe]


def require_comparable(config: Config) -> None:
    """Refuse a config of which Pythia can make nothing in one go.

    Raises
    ------
    ConfigError
        If another program makes all views or all hard events.
    """
    if not comparable_processes(config):
        raise ConfigError(
            "processes: all take their hard events from `lhe` files; there is nothing that Pythia "
            "could make in one go, and so nothing to validate"
        )
    if not references(config):
        where = "validation.views" if config.validation.views else "views"
        raise ConfigError(
            f"{where}: all come from HepMC files, and Pythia cannot make events with another "
            "program's settings; at least one view without `hepmc` is needed"
        )


def onepass_chunks(config: Config) -> list[tuple[str, str]]:
    """List all (process, chunk) pairs of a sample, the chunk as it stands in file names."""
    return [
        (process, f"{i:04d}")
        for process in comparable_processes(config)
        for i in range(_n_chunks(config, process))
    ]


def _n_chunks(config: Config, process: str) -> int:
    return -(-config.validation.events // events_in_chunk(config, process))


def onepass_events(config: Config, process: str, chunk: int) -> range:
    """List the event numbers of a chunk.

    Raises
    ------
    ConfigError
        If there is no such chunk, or the hard events are another program's.
    """
    if config.processes[process].lhe:
        raise ConfigError(
            f"processes.{process}: its hard events come from `lhe` files, Pythia cannot make them "
            f"in one go; processes that it can: {', '.join(comparable_processes(config)) or 'none'}"
        )
    n_chunks = _n_chunks(config, process)
    if not 0 <= chunk < n_chunks:
        raise ConfigError(f"chunk {chunk}: the validation has chunks 0 to {n_chunks - 1}")
    size = events_in_chunk(config, process)
    return range(config.validation.events)[chunk * size : (chunk + 1) * size]
