"""A dataset of ours as the structured arrays that salt (ATLAS flavour tagging) trains on."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import yaml

from rs3l_data.convert import defaults
from rs3l_data.convert.growing import growing
from rs3l_data.convert.rows import Block, blocks
from rs3l_data.describe.schema import Category
from rs3l_data.store.atomic import write_whole
from rs3l_data.store.reader import Dataset
from rs3l_data.store.tables import Array, Columns

JETS, CONSTITUENTS, LABEL = "jets", "constituents", "flavour_label"
_LEFT_OUT = ("present", "status")
"""Columns of jets, which are the same in all that are written"""
_NOT_INPUTS = (LABEL, "eventNumber", "process", "initiator", "split", "weight", "valid")


def write_salt(
    dataset: Dataset,
    folder: Path,
    view: str,
    n_constituents: int = defaults.CONSTITUENTS,
    rows: int = defaults.ROWS,
) -> dict[Path, int]:
    """Write the jets of one view into ``folder/jets.h5``, with salt's two files of constants.

    `norm_dict.yaml` holds mean and standard deviation of every variable, `class_dict.yaml` a weight
    of each class, the inverse of its share.

    Parameters
    ----------
    n_constituents
        Of a jet, those with the highest pt.
    rows
        Of the dataset that are held in memory.

    Returns
    -------
    dict
        The file and its number of jets.

    Raises
    ------
    InputFileError
        If there is no such view, or a shard is damaged.
    StorageError
        If a file cannot be written.
    """
    # salt wants classes 0, 1, ... of which each has jets.
    used = np.unique(dataset.initiators["label"])
    path = folder / "jets.h5"
    moments = {JETS: _Moments(), CONSTITUENTS: _Moments()}
    n_of_class = np.zeros(len(used), np.int64)
    with growing(path) as file:
        for block in blocks(dataset, view, rows):
            jets = _jets(block, np.searchsorted(used, block.initiators.columns["label"]))
            constituents = _constituents(block, n_constituents)
            file.append(JETS, jets)
            file.append(CONSTITUENTS, constituents)
            moments[JETS].add(jets)
            moments[CONSTITUENTS].add(constituents[constituents["valid"]])
            n_of_class += np.bincount(jets[LABEL], minlength=len(used))
        file.file[JETS].attrs[LABEL] = [dataset.labels[index] for index in used]
    shares = n_of_class / max(1, n_of_class.sum())
    weights = [float(1 / (share * len(used))) if share else 0.0 for share in shares]
    _write_yaml(folder / "norm_dict.yaml", {name: own.summary() for name, own in moments.items()})
    _write_yaml(folder / "class_dict.yaml", {JETS: {LABEL: weights}})
    return {path: int(n_of_class.sum())}


def _jets(block: Block, label: Array) -> Array:
    rows = block.initiators.columns
    columns: Columns = {
        **{name: column for name, column in block.view.jets.items() if name not in _LEFT_OUT},
        "energy": block.momenta["energy"].astype(np.float32),
        LABEL: label.astype(np.int32),
        "eventNumber": rows["event"],
        **{name: rows[name] for name in ("process", "initiator", "split", "weight")},
    }
    return _structured(columns)


def _constituents(block: Block, width: int) -> Array:
    row = block.owner
    place = np.arange(len(row)) - block.view.offsets[row]
    kept = place < width
    found = {name: column[kept] for name, column in block.view.constituents.items()}
    columns = {name: column for name, column in found.items() if name != "category"}
    for name, angle in zip(("deta", "dphi"), block.angles, strict=True):
        columns[name] = angle[kept].astype(np.float32)
    for category in Category:
        words = category.name.title().replace("_", "")
        columns[f"is{words}"] = (found["category"] == category).astype(np.uint8)
    columns["valid"] = np.ones(kept.sum(), bool)
    packed = _structured(columns)
    padded = np.zeros((len(block), width), packed.dtype)
    padded[row[kept], place[kept]] = packed
    return padded


def _structured(columns: Columns) -> Array:
    n = len(next(iter(columns.values())))
    table = np.empty(n, [(name, column.dtype) for name, column in columns.items()])
    for name, column in columns.items():
        table[name] = column
    return table


class _Moments:
    """Mean and standard deviation of the variables of a structured array, block by block."""

    def __init__(self) -> None:
        self._n: dict[str, int] = {}
        self._mean: dict[str, float] = {}
        self._squares: dict[str, float] = {}

    def add(self, table: Array) -> None:
        """Take in a block; values that are no numbers do not count."""
        for name in table.dtype.names or ():
            if name in _NOT_INPUTS:
                continue
            values = table[name].astype(np.float64)
            values = values[np.isfinite(values)]
            if len(values):
                self._merge(name, len(values), values.mean(), values.var() * len(values))

    def _merge(self, name: str, n: int, mean: float, squares: float) -> None:
        # The parallel formula of Chan, Golub and LeVeque (1983): no cancellation.
        old = self._n.get(name, 0)
        step = mean - self._mean.get(name, 0.0)
        self._n[name] = old + n
        self._mean[name] = self._mean.get(name, 0.0) + step * n / (old + n)
        self._squares[name] = self._squares.get(name, 0.0) + squares + step**2 * old * n / (old + n)

    def summary(self) -> dict[str, dict[str, float]]:
        """Give mean and standard deviation, 1 where nothing varies, of each variable."""
        return {
            name: {
                "mean": float(self._mean[name]),
                "std": math.sqrt(self._squares[name] / n) or 1.0,
            }
            for name, n in self._n.items()
        }


def _write_yaml(path: Path, content: object) -> None:
    write_whole(path, yaml.safe_dump(content, sort_keys=False))
