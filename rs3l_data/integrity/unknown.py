"""Columns that a converted dataset's source does not have: in their place, nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from rs3l_data.integrity.findings import Place
from rs3l_data.store.tables import I8, Columns

_ALWAYS = {"present", "status", "pt", "eta", "phi", "mass", "n_constituents"}
"""Without them it is no jet"""


def unknown_columns(config: Mapping[str, Any], table: str = "jets") -> frozenset[str]:
    """Give the columns of a table that `config.converted.unknown_columns` names.

    There, a column of the jets stands by its name, one of another table as ``table/column``.

    >>> config = {"converted": {"unknown_columns": ["tau1", "initiators/mass"]}}
    >>> [*unknown_columns(config)], [*unknown_columns(config, "initiators")]
    (['tau1'], ['mass'])
    """
    converted = config.get("converted")
    named = converted.get("unknown_columns") if isinstance(converted, Mapping) else None
    names = [name for name in named if isinstance(name, str)] if isinstance(named, list) else []
    if table == "jets":
        return frozenset(name for name in names if "/" not in name) - _ALWAYS
    return frozenset(name[len(table) + 1 :] for name in names if name.startswith(f"{table}/"))


def filled_in(
    columns: Columns,
    names: Iterable[str],
    config: Mapping[str, Any],
    untold: bool | npt.NDArray[np.bool_] = True,
) -> Columns:
    """Put 1 for NaN in columns of initiators where a converted dataset's source knows none.

    Parameters
    ----------
    untold
        (n_rows,) where that may be.
    """
    if "converted" not in config:
        return columns
    filled = {n: np.where(np.isnan(columns[n]) & untold, 1, columns[n]) for n in names}
    return {**columns, **filled}


def check_unknown(
    columns: Columns, unknown: frozenset[str], place: Place, owner: I8 | None = None
) -> None:
    """Note values in unknown columns: who reads them would take them for a measurement.

    A flag has no value that says nothing, so flags are left out.
    """
    for name in sorted(unknown & {*columns}):
        values = columns[name]
        if values.dtype.kind == "f":
            filled, expected = ~np.isnan(values) & (values != 0), "NaN or 0: the source lacks it"
        elif values.dtype.kind in "iu":
            filled = ~np.isin(values, (-1, 0))
            expected = "-1 or 0: the source lacks it"
        else:
            continue
        place.rows("unknown", name, filled, values, expected, owner)
