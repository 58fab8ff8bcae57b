"""The records of a training, as lines of JSON and for TensorBoard."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rs3l_data.errors import ConfigError, InputFileError
from rs3l_data.store.atomic import explained, write_whole
from rs3l_train.loop.folder import RECORDS

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

Record = dict[str, float]


class MetricsLog:
    """A JSONL file with one line for each record; if wished, TensorBoard's files beside it.

    Parameters
    ----------
    folder
        For ``metrics.jsonl``.
    tensorboard
        Whether to write files for TensorBoard, in ``tensorboard`` beside it.

    Raises
    ------
    ConfigError
        If TensorBoard is asked for and not installed.
    """

    def __init__(self, folder: Path, tensorboard: bool = False) -> None:
        self._path = folder / RECORDS
        self._folder = folder / "tensorboard" if tensorboard else None
        self._writer: SummaryWriter | None = None
        if tensorboard:
            _require_tensorboard()

    def start(self, records: Sequence[Record]) -> None:
        """Begin the files anew with the records so far: what a killed run wrote later is gone.

        Raises
        ------
        StorageError
            If the file cannot be written.
        """
        write_whole(self._path, "".join(map(_line, records)))
        if self._folder is None:
            return
        from torch.utils.tensorboard import SummaryWriter

        for file in self._folder.glob("events.out.tfevents.*"):
            file.unlink()
        self._writer = SummaryWriter(str(self._folder))
        for record in records:
            self._to_tensorboard(record)

    def add(self, record: Record) -> None:
        """Write one record at once.

        Raises
        ------
        StorageError
            If the disk or the quota is full.
        """
        with explained(self._path), self._path.open("a", encoding="utf-8") as file:
            file.write(_line(record))
        self._to_tensorboard(record)

    def _to_tensorboard(self, record: Record) -> None:
        if self._writer is None:
            return
        for name, value in record.items():
            if name != "views":
                self._writer.add_scalar(name, value, int(record["views"]))
        self._writer.flush()


def read_records(folder: Path) -> list[Record]:
    """Read the records of a training.

    Raises
    ------
    InputFileError
        If they cannot be read.
    """
    path = folder / RECORDS
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise InputFileError(f"{path}: cannot be read: {error}; train again") from None


def _line(record: Record) -> str:
    return json.dumps(record) + "\n"


def _require_tensorboard() -> None:
    try:
        import torch.utils.tensorboard  # noqa: F401
    except ImportError:
        raise ConfigError(
            "training.loop.tensorboard: the package `tensorboard` is not installed;"
            " `pip install tensorboard`, or set it to false"
        ) from None
