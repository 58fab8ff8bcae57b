"""Cutting a dataset into several that together are the whole again."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rs3l_data.describe.schema import Split
from rs3l_data.errors import ConfigError
from rs3l_data.reshape.derived import names_of, open_source, step, write_parts
from rs3l_data.reshape.manifest import finish
from rs3l_data.store.folder import new_folder
from rs3l_data.store.reader import Dataset

logger = logging.getLogger(__name__)


def split(path: Path, by: str, to: Path) -> list[Path]:
    """Cut a dataset into one for each process, each part of the split, or into a number of them.

    Parameters
    ----------
    by
        ``process``, ``split``, or a number n: part i then has the events of each process whose
        number leaves i when divided by n, so that every part has its share of everything.
    to
        A new folder, which gets a folder for each dataset.

    Returns
    -------
    list
        The folders; a part without rows gets none.

    Raises
    ------
    InputFileError
        If the source is no sound dataset.
    ConfigError
        If ``by`` is none of these, or more parts than can have an event.
    StorageError
        If there is something at ``to``, or it cannot be written.
    """
    dataset = open_source(path)
    written = []
    with new_folder(to) as folder:
        for name, part in _parts(dataset, by):
            own = folder / name
            history = step("split", {"by": by, "part": name}, [dataset])
            names = names_of(part, only_used=by == "process")
            if paths := write_parts(own, part.by_shard(), names, history):
                finish(own, paths, [dataset])
                written.append(to / name)
            else:
                logger.warning("%s: no row belongs there, so it is not made", to / name)
    return written


def _parts(dataset: Dataset, by: str) -> Iterator[tuple[str, Dataset]]:
    if by == "process":
        for name in dataset.processes:
            yield name, dataset.select(processes=name)
    elif by == "split":
        for part in Split:
            yield part.name.lower(), dataset.select(splits=part)
    elif by.isascii() and by.isdigit() and len(by) <= 5 and 1 <= int(by) <= 10_000:
        n = int(by)
        most = len(np.unique(dataset.initiators["event"]))
        if n > most:  # Each part takes its time, with rows or without.
            raise ConfigError(
                f"--by {by}: {dataset.source} has at most {most} hard events of a process with rows"
                " here, and an event stays whole: expected no more parts than that"
            )
        for i in range(n):
            yield f"part-{i:0{len(str(n - 1))}d}", dataset[dataset.initiators["event"] % n == i]
    else:
        raise ConfigError(
            f"--by {by}: expected 'process', 'split' or a number of parts from 1 to 10000"
        )
