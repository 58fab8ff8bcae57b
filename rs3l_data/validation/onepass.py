"""Each view against one-pass Pythia with its own settings: two independent samples of jets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rs3l_data.describe.config import Config
from rs3l_data.describe.references import (
    Reference,
    onepass_chunks,
    references,
    require_comparable,
)
from rs3l_data.errors import InputFileError
from rs3l_data.events.hard_events import HardRun
from rs3l_data.report.observables import values
from rs3l_data.store.opening import open_dataset
from rs3l_data.store.reader import Dataset
from rs3l_data.store.tables import Columns
from rs3l_data.validation.statistics import Result, Sample, chi2_test, ks_test, share_test
from rs3l_data.validation.verdicts import Test, of_result

QUANTITIES = ("pt", "mass", "softdrop_mass", "n_constituents", "tau21", "n2", "initiator_pt")
"""Of the jets that are present; beside them the share of those that are"""

_LEAST_EVENTS = 10
"""With jets, in each sample; with fewer there is nothing to compare"""
_COLUMNS = (
    *("present", "pt", "mass", "softdrop_mass", "n_constituents", "tau1", "tau2", "n2"),
    "initiator_pt",
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A view of the dataset and the one-pass table that it is compared with."""

    view: str
    table: str
    """The name of the view in ``reference``"""
    reference: Dataset


def open_references(config: Config, results: Path) -> tuple[list[Comparison], list[HardRun]]:
    """Open the one-pass events of a run.

    Returns
    -------
    comparisons
        One for each view that is to be checked, in their order.
    runs
        Of the first sample, for the cross sections.

    Raises
    ------
    ConfigError
        If another program made all views or all hard events.
    InputFileError
        If a file is missing or unreadable.
    """
    require_comparable(config)
    samples = [(one, _open(config, results, one)) for one in references(config)]
    found = {
        view: Comparison(view, table, dataset)
        for reference, dataset in samples
        for table, views in reference.tables.items()
        for view in views
    }
    runs = [HardRun(**shard.attributes["run"]) for shard in samples[0][1].shards]
    return [found[view] for view in config.views if view in found], runs


def _open(config: Config, results: Path, reference: Reference) -> Dataset:
    paths = [
        results / "onepass" / reference.name / f"{process}-{chunk}.h5"
        for process, chunk in onepass_chunks(config)
    ]
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise InputFileError(
            f"{missing[0]}: no such file (and {len(missing) - 1} more): the one-pass events of "
            f"'{reference.name}' are not made; `snakemake validation` makes them"
        )
    return open_dataset(paths)


def compare(
    dataset: Dataset, processes: Sequence[str], comparisons: list[Comparison]
) -> Iterator[Test]:
    """Test every view and quantity of processes.

    Raises
    ------
    InputFileError
        If a view or process is missing, or too few jets are there to be compared.
    """
    for one in comparisons:
        for process in processes:
            restored = read_jets(dataset.select(processes=process), one.view)
            reference = read_jets(one.reference.select(processes=process), one.table)
            yield from compare_jets(one.view, process, restored, reference)


def read_jets(dataset: Dataset, view: str) -> Columns:
    """Read what is compared, (n_rows,) each, with weight and event of the rows."""
    columns = dataset.jets(view, _COLUMNS)
    initiators = dataset.initiators
    return {**columns, "weight": initiators["weight"], "event": initiators["event"]}


def compare_jets(view: str, process: str, restored: Columns, reference: Columns) -> Iterator[Test]:
    """Test one view of one process: two tables as `read_jets` returns them."""

    def test(quantity: str, found: Result) -> Test:
        return of_result("one-pass", view, process, quantity, found)

    both = restored, reference
    shares = [Sample.of(jets["present"], jets["weight"], jets["event"]) for jets in both]
    if min(share.n_events for share in shares) == 0:
        raise InputFileError(f"process '{process}': no events to compare in view '{view}'")
    yield test("present", share_test(*shares))
    for quantity in QUANTITIES:
        a, b = (sample_of(jets, quantity) for jets in both)
        if min(a.n_events, b.n_events) >= _LEAST_EVENTS:
            yield test(quantity, ks_test(a, b))
            yield test(quantity, chi2_test(a, b))


def sample_of(jets: Columns, quantity: str) -> Sample:
    """Take a quantity of the jets that are present."""
    chosen: npt.NDArray[np.bool_] = jets["present"]
    return Sample.of(values(quantity, jets)[chosen], jets["weight"][chosen], jets["event"][chosen])
