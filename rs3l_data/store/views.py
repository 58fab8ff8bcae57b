"""Shards with other views than the one that they come from, without a look into their columns."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from rs3l_data.store.hdf5 import create, read_attributes, reading
from rs3l_data.store.joined import require_same_rows
from rs3l_data.store.shard import open_shard

Source = tuple[Path, Sequence[str]]
"""A shard, and the views to take of it"""


def copy_views(sources: Sequence[Source], out: Path) -> None:
    """Write a shard with views of one or several shards that have the same rows.

    The compressed columns are copied as they are, so this takes little more than the writing,
    and files of an older format version stay what they are.

    Raises
    ------
    InputFileError
        If a shard is damaged, lacks a view, or has other rows or columns than the first.
    StorageError
        If the file cannot be written.
    """
    require_same_rows([open_shard(path) for path, _ in sources])
    with ExitStack() as stack:
        files = [stack.enter_context(reading(path, "shard")) for path, _ in sources]
        first = files[0]
        names = [name for _, views in sources for name in views]
        attributes = {**read_attributes(first), "view_names": names}
        with create(out, "shard", attributes, first.attrs["format_version"]) as target:
            for name in first:
                if name != "views":
                    first.copy(name, target)
            group = target.create_group("views")
            for (_, views), file in zip(sources, files, strict=True):
                for view in views:
                    file.copy(f"views/{view}", group)
