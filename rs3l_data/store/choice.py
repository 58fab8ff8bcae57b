"""Choosing rows by names: of processes, labels and parts of the split."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from rs3l_data.describe.schema import Split
from rs3l_data.describe.strict import nearest
from rs3l_data.errors import InputFileError
from rs3l_data.store.tables import Array

Names = str | Sequence[str] | None
Splits = Names | Split | Sequence[Split]


def listed(names: Splits) -> list[str] | None:
    """Make a list of one name or several; None stays None, which chooses all.

    Members of `Split` become their names.
    """
    if names is None:
        return None
    several = [names] if isinstance(names, str) or not isinstance(names, Iterable) else names
    return [one.name.lower() if isinstance(one, Split) else one for one in several]


def mask_of(values: Array, names: Sequence[str], chosen: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Tell which of the ``values``, (n,) indices into ``names``, mean one of the chosen names."""
    return np.isin(values, [names.index(name) for name in chosen])


def check_names(chosen: Sequence[str], names: Sequence[str], what: str, source: str) -> None:
    """Refuse a name that there is not.

    Raises
    ------
    InputFileError
        Naming ``source``, ``what`` there is none of, and the nearest of ``names``.
    """
    for name in chosen:
        if name not in names:
            raise InputFileError(f"{source}: no {what} {name!r}; {nearest(str(name), names)}")


def union(names: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Join the names of several shards, each name once."""
    return tuple(dict.fromkeys(name for some in names for name in some))


def translated(indices: Array, names: tuple[str, ...], to: tuple[str, ...]) -> Array:
    """Turn indices into ``names`` into indices into ``to``, which has them all."""
    if names == to[: len(names)]:
        return indices
    return np.array([to.index(name) for name in names], indices.dtype)[indices]
