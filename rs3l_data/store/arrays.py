"""The shapes in which analyses want jets: padded for networks, jagged records for awkward."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict

import numpy as np
import numpy.typing as npt

from rs3l_data.store.tables import I8, Array, Columns, Initiators, View, take_items

if TYPE_CHECKING:
    import awkward as ak


class Padded(TypedDict):
    """Jets as arrays of one shape."""

    features: npt.NDArray[np.float32]
    """(n_rows, n_constituents, n_columns), 0 where there is no constituent"""
    mask: npt.NDArray[np.bool_]
    """(n_rows, n_constituents), whether there is one"""
    jets: Columns
    """(n_rows,) each"""


def pad(
    offsets: I8, columns: Sequence[Array], n_items: int | None = None
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Pad the items of each row to the same number, and drop those beyond it.

    Parameters
    ----------
    offsets
        (n_rows + 1,)
    columns
        Of shape (offsets[-1],) each.
    n_items
        How many items each row gets; by default as many as the longest row has.

    Returns
    -------
    features : (n_rows, n_items, n_columns), 0 beyond the items
    mask : (n_rows, n_items)
    """
    counts = np.diff(offsets)
    if n_items is None:
        n_items = int(counts.max(initial=0))
    mask = np.arange(n_items) < counts[:, np.newaxis]
    features = np.zeros((*mask.shape, len(columns)), np.float32)
    _, chosen = take_items(offsets, np.arange(len(counts)), at_most=n_items)
    packed = np.empty((len(chosen), len(columns)), np.float32)
    for i, column in enumerate(columns):
        packed[:, i] = column[chosen]
    # The mask's true elements, read row by row, are the chosen items in their order.
    features[mask] = packed
    return features, mask


def awkward_records(initiators: Initiators, view: View) -> ak.Array:
    """Join initiators and one view to an array of one record a row, without copies.

    Parameters
    ----------
    initiators, view
        Of n rows each.

    Returns
    -------
    ak.Array
        n records with `initiator`, `decays`, `jet` and `constituents`; all are momenta of the
        vector package.
    """
    import awkward as ak
    import vector

    vector.register_awkward()

    def momenta(columns: Columns) -> ak.contents.Content:
        contents = [ak.contents.NumpyArray(column) for column in columns.values()]
        return ak.contents.RecordArray(
            contents, list(columns), parameters={"__record__": "Momentum4D"}
        )

    def jagged(offsets: I8, columns: Columns) -> ak.contents.Content:
        return ak.contents.ListOffsetArray(ak.index.Index64(offsets), momenta(columns))

    fields = {
        "initiator": momenta(initiators.columns),
        "decays": jagged(initiators.offsets, initiators.decays),
        "jet": momenta(view.jets),
        "constituents": jagged(view.offsets, view.constituents),
    }
    return ak.Array(ak.contents.RecordArray(list(fields.values()), list(fields)))
