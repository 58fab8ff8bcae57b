"""RS3L data: describe, simulate, detect, cluster, store."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rs3l_data.numba_cache import choose_place

if TYPE_CHECKING:
    from rs3l_data.store.reader import Dataset

__all__ = ["open"]

# Before any module imports numba.
choose_place()

_RECORD = re.compile(r"https?://|doi:|10\.\d{4,}/", re.IGNORECASE)


def open(  # noqa: A001
    path: str | Path | Sequence[str | Path],
    verify: bool = False,
    corrupt: Literal["stop", "skip"] = "stop",
) -> Dataset:
    """Open a dataset for reading.

    Parameters
    ----------
    path
        A dataset's folder or the `dataset.json` in it, one of its shards, or a list of shards. Or
        the DOI or the page's address of a published one, which is fetched into a cache first
        (docs/publish.md); what is there as a path is taken for one.
    verify
        Compare every byte with the manifest first, as for files that come from elsewhere.
    corrupt
        At a shard that is damaged, as far as can be told without reading it: stop, or leave it out
        with a warning.

    Raises
    ------
    rs3l_data.errors.InputFileError
        If a file is missing, truncated, foreign or of another format version.

    Examples
    --------
    >>> import rs3l_data
    >>> ds = rs3l_data.open("results/demo/dataset")  # doctest: +SKIP
    >>> ds.select(labels="Hbb").jets("nominal")["pt"]  # doctest: +SKIP
    """
    if isinstance(path, str) and _RECORD.match(path) and not Path(path).exists():
        from rs3l_data.record.cache import cached

        path = cached(path)
    # What only simulates has no use for the reader and what it imports.
    from rs3l_data.store.opening import open_dataset

    return open_dataset(path, verify, corrupt)
