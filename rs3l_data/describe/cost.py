"""What each job of a config costs: CPU time, memory and disk, from rates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from rs3l_data.describe import tree
from rs3l_data.describe.branch import has_pileup, pileup_of, tune_of
from rs3l_data.describe.config import Config
from rs3l_data.describe.rates import Command, Rate, Rates, of_process, shower_kind


class Cost(NamedTuple):
    """What a job needs."""

    cpu_s: float
    memory_mb: float
    disk_mb: float
    measured: bool
    """Whether each part of it was measured, or some concluded from something like it"""


def kind_of(config: Config, view: str) -> str:
    """Tell the kind of a view's shower, as rates know it: its tune and what is set beside it."""
    settings = (*config.generator.settings, *config.views[view].changes.settings)
    return shower_kind(tune_of(config, view), settings)


@dataclass(frozen=True, slots=True)
class Costs:
    """The costs of a config's jobs at given rates."""

    config: Config
    rates: Rates

    def view_ms(self, process: str, view: str) -> Rate:
        """Estimate the CPU time of a view, an event [ms], without the view that it starts from."""
        alone = self._without_pileup(process, view)
        return Rate(alone.value + self._pileup_ms(view), alone.measured)

    def _without_pileup(self, process: str, view: str) -> Rate:
        rates = self.rates
        spec = self.config.views[view]
        if spec.redo == "shower":
            own = rates.shower(kind_of(self.config, view), process)
        elif spec.redo == "hadronization":
            own = of_process(rates.hadronization_ms, process)
        else:
            own = of_process(rates.detector_ms, process)
        # Nobody has timed reading another program's showers; it is no slower than making ours.
        return Rate(own.value, own.measured and spec.hepmc is None)

    def _pileup_ms(self, view: str) -> float:
        return pileup_of(self.config, view).mean * self.rates.pileup_ms

    def family_ms(self, process: str, root: str) -> Rate:
        """Estimate the CPU time of a view and of all that share its shower, an event [ms]."""
        views = tree.family(self.config.views, root)
        parts = [self.view_ms(process, view) for view in views]
        return Rate(sum(part.value for part in parts), all(part.measured for part in parts))

    def hard(self, process: str, events: int) -> Cost:
        """Estimate the job that makes the hard events of a chunk."""
        each = of_process(self.rates.hard_ms, process)
        # Reading another program's events has not been measured.
        measured = each.measured and not self.config.processes[process].lhe
        disk = events * self.rates.hard_kb / 1e3
        return self._job("hard", events, events * each.value, disk, measured)

    def shower(self, process: str, root: str, events: int) -> Cost:
        """Estimate the job that makes a shower of a chunk and all views that share it."""
        each = self.family_ms(process, root)
        views = tree.family(self.config.views, root)
        rows, disk = self._rows(process, events)
        # Views are written block by block: memory grows with the hard events and the rows' keys.
        cost = self._job("resimulate", rows, events * each.value, disk * len(views), each.measured)
        return self._with_sample(cost) if has_pileup(self.config, root) else cost

    def onepass(self, process: str, tables: list[str], events: int) -> Cost:
        """Estimate a job of one-pass Pythia: hard process, shower, and each table's detector."""
        first, *others = tables
        root = tree.shower_of(self.config.views, first)
        parts = [
            of_process(self.rates.hard_ms, process),
            self._without_pileup(process, root),
            *[of_process(self.rates.detector_ms, process)] * len(others),
        ]
        pileup_ms = sum(map(self._pileup_ms, tables))
        rows, disk = self._rows(process, events * len(tables))
        ms = events * (sum(part.value for part in parts) + pileup_ms)
        cost = self._job("resimulate", rows, ms, disk, all(part.measured for part in parts))
        # Tables are written at the end, not block by block.
        cost = cost._replace(memory_mb=cost.memory_mb + disk)
        return self._with_sample(cost) if pileup_ms > 0 else cost

    def pack(self, process: str, events: int) -> Cost:
        """Estimate the job that packs a shard."""
        n_views = len(self.config.views)
        rows, disk = self._rows(process, events)
        ms = rows * n_views * self.rates.pack_ms
        return self._job("pack", rows, ms, n_views * disk, process in self.rates.rows)

    def manifest(self, n_shards: int) -> Cost:
        """Estimate the job that describes the dataset."""
        processes = self.config.processes.items()
        n_views = len(self.config.views)
        rows = sum(self._rows(name, process.events * n_views)[0] for name, process in processes)
        # Time goes into checksums of all bytes, memory into what is kept of each shard.
        return self._job("manifest", n_shards, rows * self.rates.manifest_ms, 0, True)

    def pileup(self) -> Cost:
        """Estimate the job that makes the minimum-bias events."""
        n, rates = self.config.pileup.sample_events, self.rates
        return self._job("pileup", n, n * rates.minimum_bias_ms, n * rates.pileup_kb / 1e3, True)

    def _with_sample(self, cost: Cost) -> Cost:
        """Add the memory of the minimum-bias events."""
        sample = self.config.pileup.sample_events * self.rates.memory["pileup"].each_kb / 1e3
        return cost._replace(memory_mb=cost.memory_mb + sample)

    def _rows(self, process: str, events: float) -> tuple[float, float]:
        """Count the rows of so many events, and the megabytes of their views."""
        rows = events * of_process(self.rates.rows, process).value
        return rows, rows * of_process(self.rates.view_kb, process).value / 1e3

    def _job(self, command: Command, n: float, ms: float, disk: float, measured: bool) -> Cost:
        memory = self.rates.memory[command]
        return Cost(
            cpu_s=self.rates.start_s[command] + ms / 1e3,
            memory_mb=memory.base_mb + n * memory.each_kb / 1e3,
            disk_mb=disk,
            measured=measured,
        )
