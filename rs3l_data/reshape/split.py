"""Cutting a dataset into several that together are the whole again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rs3l_data.describe.schema import Split
from rs3l_data.errors import ConfigError
from rs3l_data.reshape.derived import open_source, step, write_parts
from rs3l_data.reshape.manifest import finish
from rs3l_data.store.folder import new_folder
from rs3l_data.store.reader import Dataset

logger = logging.getLogger(__name__)

Mask = Callable[[Dataset], npt.NDArray[np.bool_]]
"""Says of each row of a shard whether it belongs to a part"""


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
        If ``by`` is none of these.
    StorageError
        If there is something at ``to``, or it cannot be written.
    """
    dataset = open_source(path)
    written = []
    with new_folder(to) as folder:
        for name, mask in _parts(dataset, by):
            own = folder / name
            history = step("split", {"by": by, "part": name}, [dataset])
            names = _names(dataset, name if by == "process" else None)
            parts = (part[mask(part)] for part in dataset.by_shard())
            if paths := write_parts(own, parts, names, history):
                finish(own, paths, [dataset])
                written.append(to / name)
            else:
                logger.warning("%s: no row belongs there, so it is not made", to / name)
    return written


def _parts(dataset: Dataset, by: str) -> Iterator[tuple[str, Mask]]:
    if by == "process":
        for name in dataset.processes:
            yield name, _of_process(name)
    elif by == "split":
        for part in Split:
            yield part.name.lower(), _of_split(part)
    elif by.isascii() and by.isdigit() and len(by) <= 5 and 1 <= int(by) <= 10_000:
        n = int(by)
        for i in range(n):
            yield f"part-{i:0{len(str(n - 1))}d}", _remainder(n, i)
    else:
        raise ConfigError(
            f"--by {by}: expected 'process', 'split' or a number of parts from 1 to 10000"
        )


def _of_process(name: str) -> Mask:
    # Each shard numbers the processes by names of its own.
    return lambda rows: np.array([own == name for own in rows.processes])[
        rows.initiators["process"]
    ]


def _of_split(part: Split) -> Mask:
    return lambda rows: rows.initiators["split"] == part


def _remainder(n: int, i: int) -> Mask:
    return lambda rows: rows.initiators["event"] % n == i


def _names(dataset: Dataset, process: str | None) -> dict[str, Any]:
    """List the processes and labels of a part: all, or those of one process."""
    # The first shards of a dataset that has grown have an older config than its manifest.
    config = {"config": dataset.config}
    if process is None:
        return {"process_names": [*dataset.processes], "label_names": [*dataset.labels], **config}
    labels = np.unique(dataset.select(processes=process).initiators["label"])
    own = [dataset.labels[i] for i in labels]
    return {"process_names": [process], "label_names": own, **config}
