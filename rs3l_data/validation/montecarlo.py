"""The hard events themselves: weights, cross sections and the initiators' spectrum."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import norm

from rs3l_data.events.hard_events import HardRun
from rs3l_data.report.histograms import F8
from rs3l_data.store.reader import Dataset
from rs3l_data.store.summary import combine
from rs3l_data.validation.statistics import Sample, chi2_test, ks_test
from rs3l_data.validation.verdicts import Group, Test, of_result

_PLACE: tuple[Group, str] = ("monte carlo", "hard events")


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of the hard events of a process."""

    n_events: int
    total: float
    relative_spread: float
    """Standard deviation over mean"""
    effective: float
    """(sum w)² / sum w² (Kish): as many events of weight 1 are worth as much"""
    largest: float
    """In units of the mean"""


@dataclass(frozen=True, slots=True)
class CrossSection:
    """The cross section of a process, by the run's hard events and by one-pass Pythia [pb]."""

    run: float
    run_error: float
    one_pass: float
    one_pass_error: float

    @property
    def pull(self) -> float:
        """Difference in units of its error."""
        return (self.run - self.one_pass) / float(np.hypot(self.run_error, self.one_pass_error))


def weights(dataset: Dataset) -> dict[str, Weights]:
    """Sum up the weights of each process that has rows; every hard event counts once."""
    found = {}
    for process in dataset.processes:
        columns = dataset.select(processes=process).initiators
        # Another program's events may all lie outside of the cuts.
        if len(columns["weight"]):
            found[process] = summary(columns["weight"][columns["initiator"] == 0])
    return found


def summary(weight: F8) -> Weights:
    """Sum up weights, (n_events,)."""
    total, mean = float(weight.sum()), float(weight.mean())
    return Weights(
        n_events=len(weight),
        total=total,
        relative_spread=float(weight.std()) / mean,
        effective=total**2 / float(np.sum(weight**2)),
        largest=float(weight.max()) / mean,
    )


def cross_sections(
    manifest: Mapping[str, Any], processes: Sequence[str], runs: Sequence[HardRun]
) -> dict[str, CrossSection]:
    """Compare the cross sections of processes in the manifest with those of one-pass Pythia."""
    found = {}
    for process in processes:
        made = manifest["processes"][process]
        own = combine([run for run in runs if run.process == process])
        found[process] = CrossSection(
            made["cross_section_pb"],
            made["cross_section_error_pb"],
            own["cross_section_pb"],
            own["cross_section_error_pb"],
        )
    return found


def spectrum(dataset: Dataset, process: str) -> Sample:
    """Take the initiators' transverse momentum in the hard process [GeV]."""
    columns = dataset.select(processes=process).initiators
    return Sample.of(columns["pt"], columns["weight"], columns["event"])


def compare(
    dataset: Dataset, reference: Dataset, sections: Mapping[str, CrossSection]
) -> Iterator[Test]:
    """Test cross sections and spectra of the hard events against one-pass Pythia's."""
    for process, section in sections.items():
        p = float(2 * norm.sf(abs(section.pull)))
        yield Test(*_PLACE, process, "cross section", "pull", section.pull, p, uniform=True)
        samples = spectrum(dataset, process), spectrum(reference, process)
        for found in (ks_test(*samples), chi2_test(*samples)):
            yield of_result(*_PLACE, process, "initiator pT", found)
