"""How a dataset is laid out in a record, and what a record's folder remembers of that."""

from __future__ import annotations

from pathlib import Path

from rs3l_data.describe.strict import Strict
from rs3l_data.errors import ConfigError, InputFileError
from rs3l_data.record.memory import recall

LAYOUT = ".layout.json"

_OPTIONS = {
    "shard_bytes": "--shard-size",
    "by_view": "--by-view",
    "processes": "--processes",
    "views": "--views",
}


class Layout(Strict):
    """How a dataset is laid out in a record; as it is, if nothing is said."""

    shard_bytes: int | None = None
    by_view: bool = False
    """One file for each view of each shard, so that views can be fetched alone"""
    processes: tuple[str, ...] = ()
    views: tuple[str, ...] = ()

    @property
    def keeps_files(self) -> bool:
        """Whether the dataset's own files may do."""
        return self == Layout()


def check_layout(folder: Path, asked: Layout) -> None:
    """Refuse options by which a record would be another; those that are not given ask nothing.

    Raises
    ------
    ConfigError
        If one is given with another value than the record was made with.
    InputFileError
        If the folder does not say how it was made.
    """
    nothing = Layout()
    if asked == nothing:
        return
    remedy = "remove the folder, and make the record again"
    made = recall(folder / LAYOUT, Layout, remedy)
    if made is None:
        raise InputFileError(f"{folder / LAYOUT}: no such file; {remedy}")
    other = [
        option
        for key, option in _OPTIONS.items()
        if getattr(asked, key) not in (getattr(nothing, key), getattr(made, key))
    ]
    if other:
        raise ConfigError(
            f"{folder}: the record exists, and was made with other options; remove it to make it "
            f"again, or leave {' and '.join(other)} away to send it as it is"
        )
