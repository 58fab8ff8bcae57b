"""What follows from files that are about to be made again: it goes before the first job runs.

Snakemake removes the old result of a job when the job begins. If the job is killed, the next start
finds no file and takes what was made of the old one as up to date, since nothing is newer: it would
say that there is nothing to be done, over a dataset of the config before.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

from rs3l_data.store.atomic import explained, write_whole
from rs3l_data.store.manifest import MANIFEST_NAME

_SIMULATION = {"hard", "resimulate"}
_DATASET = {*_SIMULATION, "manifest"}
_TRAINING = {"pretrain", "study"}
_NETWORK = ("metrics.json", "weights.safetensors")
"""What the rule `pretrain` makes, and Snakemake removes before it is asked for again"""
_BESIDE = ("best.safetensors", "metrics.jsonl", "config.yaml")
"""What another pretraining would write over, from its beginning on"""
BEFORE = "before"
"""Folder where `rs3l-train pretrain` looks for them (rs3l_train/tasks/earlier.py)"""


class Job(Protocol):
    """What is needed to know of a job of Snakemake's."""

    rule: Any
    wildcards: Any


def remove_outdated(jobs: Iterable[Job], results: Path) -> list[Path]:
    """Remove what follows from the results of jobs that are about to run, and takes little to make.

    Those jobs may lie outside of what was asked for, as the shard of a view that is made alone. A
    shard that is packed alone leaves the manifest: its bytes may be those that it describes. A
    pretraining that is asked for again is kept as a copy, for it may be the same.

    Returns
    -------
    What there was, in the order in which it was removed: what follows from others comes first.

    Raises
    ------
    StorageError
        If removing is not permitted.
    """
    jobs = [*jobs]
    rules = {job.rule.name for job in jobs}
    ends = []
    if rules & (_DATASET | _TRAINING):
        ends += ["report.html", "training/study/metrics.json"]
    if rules & (_DATASET | {"onepass"}):
        ends += ["validation.html", "validation.json"]
    if rules & _DATASET:
        ends += [f"dataset/{MANIFEST_NAME}"]
        ends += [
            f"dataset/{job.wildcards.process}-{job.wildcards.chunk}.h5"
            for job in jobs
            if job.rule.name in {*_SIMULATION, "pack"}
        ]
    if "pretrain" in rules:
        _keep(results / "training/pretrain")
    there = [path for end in dict.fromkeys(ends) if (path := results / end).is_file()]
    for path in there:
        _remove(path)
    return there


def _keep(folder: Path) -> None:
    """Put a finished pretraining where it can be taken again if it turns out to be the same.

    Who has deleted a part of it wants it done again. If all of it is gone, the last job was killed.
    """
    there = [name for name in _NETWORK if (folder / name).is_file()]
    for name in there:
        _remove(folder / BEFORE / name)
    if len(there) < len(_NETWORK):
        return
    for name in (*_BESIDE, *_NETWORK):
        kept = folder / BEFORE / name
        if (folder / name).is_file():
            with explained(kept):
                write_whole(kept, (folder / name).read_bytes())
        else:
            _remove(kept)


def _remove(path: Path) -> None:
    with explained(path):
        path.unlink(missing_ok=True)
