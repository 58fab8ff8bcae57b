"""What simulation costs: recorded CPU times, sizes and memory, and how to look them up."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from statistics import mean
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, get_args

import yaml
from pydantic import AfterValidator, Field

from rs3l_data.describe.catalogue import catalogue
from rs3l_data.describe.numbers import NotNegative, Positive
from rs3l_data.describe.strict import Strict, validate
from rs3l_data.describe.yaml_file import read_yaml

Command = Literal["hard", "resimulate", "pack", "manifest", "pileup"]
T = TypeVar("T")


def _complete(value: dict[Command, T]) -> dict[Command, T]:
    if missing := [command for command in get_args(Command) if command not in value]:
        raise ValueError(f"expected an entry for each command, found none for {missing}")
    return value


ByCommand = Annotated[dict[Command, T], AfterValidator(_complete)]
ByProcess = Annotated[dict[str, Positive], Field(min_length=1)]


class Rate(NamedTuple):
    """A cost, and whether it was measured for just this or concluded from something like it."""

    value: float
    measured: bool


class Footprint(Strict):
    """Memory of a command: what it needs for nothing, and for each thing that it handles."""

    base_mb: NotNegative
    each_kb: NotNegative


class Rates(Strict):
    """Costs on one core of one machine. Times are CPU times."""

    machine: str = Field(description="What they were measured on.")
    date: str
    command: str = Field(description="What measured them.")
    software: dict[str, str]
    start_s: ByCommand[NotNegative] = Field(
        description="Of a job before its first event: Python, compiled code, initialisation [s]."
    )
    idle_s: NotNegative = Field(
        description="By the clock, of each job beside its CPU time: start, files, scheduling [s]."
    )
    hard_ms: ByProcess = Field(description="Hard process, an event inside the cuts [ms].")
    rows: ByProcess = Field(description="Initiators of an event.")
    shower_ms: dict[str, ByProcess] = Field(
        min_length=1,
        description="A view at `shower`, an event, by tune and further settings [ms].",
    )
    hadronization_ms: ByProcess = Field(description="A view at `hadronization`, an event [ms].")
    detector_ms: ByProcess = Field(description="A view at `detector`, an event [ms].")
    pileup_ms: NotNegative = Field(description="Each collision of pile-up in each event [ms].")
    minimum_bias_ms: NotNegative = Field(description="An event of the pile-up's sample [ms].")
    pack_ms: NotNegative = Field(description="Packing, a row in a view [ms].")
    manifest_ms: NotNegative = Field(description="The manifest, a row in a view [ms].")
    hard_kb: NotNegative = Field(description="File of hard events, an event [kB].")
    view_kb: ByProcess = Field(description="Files of views and shards, a row in a view [kB].")
    pileup_kb: NotNegative = Field(description="File of minimum-bias events, an event [kB].")
    memory: ByCommand[Footprint] = Field(
        description="For each event (hard, pileup), row in a view (resimulate, pack) or shard "
        "(manifest). Packing also keeps the shard's file in memory."
    )

    def shower(self, kind: str, process: str) -> Rate:
        """Look up the time of a view at `shower`, an event [ms].

        What was not measured is put together of what was: the time of the tune, times what the
        most similar settings cost beside their own tune.

        Parameters
        ----------
        kind
            As `shower_kind` writes it.
        """
        exact = self.shower_ms.get(kind, {}).get(process)
        if exact is not None:
            return Rate(exact, True)
        similar = max(self.shower_ms, key=lambda known: _likeness(kind, known))
        factor = _ratio(self.shower_ms[similar], self._plain(similar))
        return Rate(of_process(self._plain(kind), process).value * factor, False)

    def _plain(self, kind: str) -> Mapping[str, float]:
        """Give the times of a kind's tune alone; of the first that was measured, if it was not."""
        first = next(iter(self.shower_ms.values()))
        return self.shower_ms.get(_lines(kind)[0], first)


def of_process(values: Mapping[str, float], process: str) -> Rate:
    """Look up a cost by process; for one that was not measured, the mean of the others."""
    if process in values:
        return Rate(values[process], True)
    return Rate(mean(values.values()), False)


def shower_kind(tune: str, settings: tuple[str, ...]) -> str:
    """Write what tells showers of different cost apart: the tune and what is set beside it.

    >>> shower_kind("monash", ("PartonShowers:model=2",))
    'monash; PartonShowers:model = 2'
    """
    words = ([part.strip() for part in line.split("=", 1)] for line in settings)
    lines = dict.fromkeys(map(" = ".join, words))
    return "; ".join([tune, *lines])


@cache
def recorded() -> Rates:
    """Give the rates that are shipped with the package."""
    return validate(Rates, catalogue("rates"), "catalogue of rates")


def read_rates(path: Path) -> Rates:
    """Read rates that `rs3l-data plan --measure --save` wrote.

    Raises
    ------
    ConfigError, InputFileError
        If the file is missing or holds something else.
    """
    return validate(Rates, read_yaml(path), str(path))


def rates_as_yaml(rates: Rates) -> str:
    """Write rates as `read_rates` reads them, with the three digits that they are worth."""
    return yaml.safe_dump(_rounded(rates.model_dump()), sort_keys=False, width=100)


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return float(f"{value:.3g}") if isinstance(value, float) else value


def _lines(kind: str) -> list[str]:
    return kind.split("; ")


def _likeness(kind: str, known: str) -> tuple[bool, int, bool]:
    """Order measured kinds by their likeness to another: one that sets what it does not is none.

    The shower's model decides on factors, a tune on tenths.
    """
    tune, *settings = _lines(kind)
    known_tune, *known_settings = _lines(known)
    shared = len({*settings} & {*known_settings})
    return ({*known_settings} <= {*settings}, shared, tune == known_tune)


def _ratio(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    common = one.keys() & other.keys()
    return mean(one[p] / other[p] for p in common) if common else 1.0
