"""Choosing rows by names: of processes, labels and parts of the split."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

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


def named(names: Splits, valid: Sequence[str], what: str, source: str) -> list[str] | None:
    """List the names that are asked for; None where none are, which chooses all.

    Raises
    ------
    InputFileError
        If a name is none of ``valid``, or the list is empty: a script that makes its lists would
        go on without a row, and fail far from here.
    """
    several = listed(names)
    if several is not None:
        check_names(several, valid, what, source)
        if not several:
            raise InputFileError(
                f"{source}: expected one {what} or more, found none; Valid: {', '.join(valid)}"
            )
    return several


def check_columns(
    chosen: Sequence[str], names: Sequence[str], table: str, source: str, argument: str = "columns"
) -> None:
    """Refuse a column that there is not, and one name in the place of a list.

    Parameters
    ----------
    table
        Whose ``names`` are valid.
    argument
        What the caller's caller knows ``chosen`` by.

    Raises
    ------
    InputFileError
        Naming ``source``.
    """
    if isinstance(chosen, str):
        # Gone through letter by letter, it would be said that there is no column 'm'.
        raise InputFileError(
            f'{source}: {argument}: expected a list of names, such as ["{chosen}"]; '
            f"found {chosen!r}"
        )
    check_names(chosen, names, f"column of the {table}", source)


def no_event(source: str, process: str, event: int) -> InputFileError:
    """Say that a hard event has no row among those that are chosen."""
    return InputFileError(
        f"{source}: no row of event {event} of the process '{process}' is chosen here; see the "
        "column `event` of `initiators` for those there are"
    )


def union(names: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Join the names of several shards, each name once."""
    return tuple(dict.fromkeys(name for some in names for name in some))


def translated(indices: Array, names: tuple[str, ...], to: tuple[str, ...]) -> Array:
    """Turn indices into ``names`` into indices into ``to``, which has them all."""
    if names == to[: len(names)]:
        return indices
    return np.array([to.index(name) for name in names], indices.dtype)[indices]
