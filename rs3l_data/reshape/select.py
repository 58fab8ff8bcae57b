"""Choosing rows, views and jets of a dataset."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rs3l_data.describe.schema import INITIATORS, JETS, written_in
from rs3l_data.reshape.absent import cut_away
from rs3l_data.reshape.cuts import Cut, parse
from rs3l_data.reshape.derived import names_of, open_source, step, write_parts
from rs3l_data.reshape.manifest import finish
from rs3l_data.store.folder import new_folder
from rs3l_data.store.manifest import MANIFEST_NAME, read_manifest
from rs3l_data.store.reader import Dataset
from rs3l_data.store.tables import View

logger = logging.getLogger(__name__)

Names = list[str] | None


@dataclass(frozen=True, slots=True)
class Choice:
    """What shall stay; None is all."""

    processes: Names = None
    labels: Names = None
    splits: Names = None
    views: Names = None
    where: str | None = None
    """Of the jets: those that fail are marked as absent in their view, and their rows stay"""
    where_initiator: str | None = None
    """Of the initiators: rows that fail are left out of all views"""

    def arguments(self) -> dict[str, Any]:
        """Give what was asked for, in a form that JSON can hold."""
        given = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in given.items() if value is not None}


def select(path: Path, choice: Choice, to: Path) -> None:
    """Write the chosen part of a dataset as a dataset of its own.

    Parameters
    ----------
    path
        A dataset's folder.
    to
        A new folder.

    Raises
    ------
    InputFileError
        If the source is no sound dataset, there is no such process, label, split or view, or
        nothing is left.
    ConfigError
        If a condition cannot be read.
    StorageError
        If there is something at ``to``, or it cannot be written.
    """
    dataset = open_source(path)
    history = step("select", choice.arguments(), [dataset])
    columns = written_in(JETS, dataset.shards[0].format_version)
    jet_cut = None if choice.where is None else parse(choice.where, columns, "jets")
    row_cut = _row_cut(choice)
    named = dataset.select(choice.processes, choice.labels, views=choice.views)
    by_name = choice.processes is not None or choice.labels is not None
    names = names_of(named, only_used=by_name)
    chosen = named.select(splits=choice.splits)
    parts = (
        part if row_cut is None else part[row_cut(part.initiators)] for part in chosen.by_shard()
    )
    with new_folder(to) as folder:
        paths = write_parts(folder, parts, names, history, partial(_view, cut=jet_cut))
        finish(folder, paths, [dataset])
        labels = read_manifest(folder / MANIFEST_NAME)["labels"].values()
        if not any(n for label in labels for n in label["present"].values()):
            logger.warning("%s: no jet is left in any view; its rows are", to)


def _row_cut(choice: Choice) -> Cut | None:
    # What is counted by names has options of its own; the numbers differ between shards.
    columns = tuple(c for c in INITIATORS if c.name not in ("process", "label", "split"))
    text = choice.where_initiator
    return None if text is None else parse(text, columns, "initiators")


def _view(part: Dataset, name: str, cut: Cut | None) -> View:
    view = part.read_view(name)
    return view if cut is None else cut_away(view, ~cut(view.jets))
