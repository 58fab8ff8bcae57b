"""Finding what a run has left behind: its dataset, benchmark files and trainings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rs3l_data.errors import InputFileError
from rs3l_data.report.benchmarks import Job, read_jobs
from rs3l_data.report.training import Training, read_trainings
from rs3l_data.store.manifest import MANIFEST_NAME
from rs3l_data.store.opening import open_dataset
from rs3l_data.store.reader import Dataset


@dataclass(frozen=True, slots=True)
class Results:
    """What the report is about."""

    dataset: Dataset
    manifest: dict[str, Any]
    """The content of `dataset.json`"""
    jobs: list[Job]
    """Empty where the run kept no benchmark files"""
    trainings: list[Training]
    """Empty where nothing was trained"""


def gather(folder: Path) -> Results:
    """Read what a run has left in its folder of results; of the dataset, only what describes it.

    Raises
    ------
    InputFileError
        If there is no dataset, or a file is not what the run writes.
    """
    path = folder / "dataset"
    if not (path / MANIFEST_NAME).is_file():
        raise InputFileError(
            f"{folder}: no results of a run: there is no dataset/{MANIFEST_NAME}; give the folder "
            "results/<name> of a run that `snakemake` or `rs3l-data manifest` has finished"
        )
    dataset = open_dataset(path)
    if dataset.manifest is None or len(dataset) == 0:
        raise InputFileError(f"{path}: the dataset has no rows, so there is nothing to report")
    return Results(
        dataset=dataset,
        manifest=dataset.manifest,
        jobs=read_jobs(folder / "benchmarks"),
        trainings=read_trainings(folder / "training"),
    )
