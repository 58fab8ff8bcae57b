"""Jets held in memory or streamed, and what becomes of shards that cannot be read."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import torch

from rs3l_data.errors import InputFileError
from rs3l_data.store.reader import Dataset
from rs3l_train.config import DataConfig, TrainingConfig
from rs3l_train.views.memory import load
from rs3l_train.views.reading import CONSTITUENT_COLUMNS, JET_COLUMNS
from rs3l_train.views.source import ViewSource
from rs3l_train.views.stream import StreamedViews

logger = logging.getLogger(__name__)

Loading = Literal["memory", "shared", "stream"]

_BLOCK = 50_000


def view_source(
    dataset: Dataset,
    config: TrainingConfig,
    device: torch.device,
    loading: Loading,
    reader: int = 0,
    readers: int = 1,
) -> ViewSource:
    """Load all rows in all views, or get ready to read them.

    Parameters
    ----------
    reader, readers
        Which of the processes this is that share what is not in the memory of each.

    Raises
    ------
    InputFileError
        If a shard cannot be read.
    """
    data, views = config.data, tuple(dataset.views)
    if loading == "memory":
        jets = load(dataset, views, data.constituents, device)
        # Splittings fill a jet's empty places: as many as where the jets are streamed.
        splits = (
            config.pretrain.augmentations is not None and config.pretrain.augmentations.splitting
        )
        return replace(jets, width=data.constituents) if splits else jets
    buffer_rows = max(1, len(dataset))
    if loading == "stream":
        needed = bytes_needed(dataset, views, data.constituents)
        buffer_rows = streamed_rows(data, needed / buffer_rows)
        logger.info("buffers of %d rows", buffer_rows)
    return StreamedViews(dataset, views, data.constituents, buffer_rows, device, reader, readers)


def warn_of_unknown_errors(dataset: Dataset, data: DataConfig) -> None:
    """Log a warning where inputs need the impact parameters' errors, and the dataset has none."""
    converted = dataset.config.get("converted")
    unknown = converted.get("unknown_columns", ()) if isinstance(converted, dict) else ()
    missing = [f"constituents/{name}" for name in ("d0_error", "dz_error")]
    if data.inputs == "shortcut_free" and not {*missing}.isdisjoint(unknown):
        logger.warning(
            "training.data.inputs: shortcut_free, but %s lacks the errors of impact parameters:"
            " networks see none of them; use `rs3l`, which does without",
            dataset.source,
        )


def streamed_rows(data: DataConfig, row_bytes: float) -> int:
    """Tell how many rows a buffer may hold, if two of them are in memory."""
    return max(1, int(data.buffer_mb * 1e6 / 2 / max(1.0, row_bytes)))


def bytes_needed(dataset: Dataset, views: Sequence[str], n_constituents: int) -> int:
    """Count the bytes that the views of all rows take in memory."""
    # Present, start, count; the columns and the label.
    of_row = len(views) * (1 + 8 + 8 + 4 * (len(JET_COLUMNS) + 1))
    counts = sum(
        int(
            np.minimum(
                dataset.jets(view, ["n_constituents"])["n_constituents"], n_constituents
            ).sum()
        )
        for view in views
    )
    return of_row * len(dataset) + 4 * len(CONSTITUENT_COLUMNS) * counts


def readable(dataset: Dataset, views: Sequence[str]) -> Dataset:
    """Leave out shards whose jets cannot be read, with a warning that names each.

    Reads everything that training reads, once.

    Raises
    ------
    InputFileError
        If no shard is left.
    """
    good = np.ones(len(dataset), bool)
    start = 0
    for rows in dataset.rows:
        stop = start + len(rows)
        try:
            for block in dataset[start:stop].blocks(_BLOCK):
                for view in views:
                    block.jets(view)
                    block.constituents(view, CONSTITUENT_COLUMNS)
        except InputFileError as error:
            logger.warning("%s; its %d jets are left out", error, stop - start)
            good[start:stop] = False
        start = stop
    if len(dataset) and not good.any():
        raise InputFileError(f"{dataset.source}: none of its shards can be read")
    return dataset if good.all() else dataset[good]
