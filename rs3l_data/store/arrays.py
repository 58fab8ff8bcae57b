"""The shapes in which analyses want jets: padded for networks, jagged records for awkward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict

import numpy as np
import numpy.typing as npt

from rs3l_data.store.tables import I8, Array, Columns, Initiators, View

if TYPE_CHECKING:
    import awkward as ak


_ROWS = 256


class Padded(TypedDict):
    """Jets as arrays of one shape."""

    features: npt.NDArray[np.float32]
    """(n_rows, n_constituents, n_columns), 0 where there is no constituent"""
    mask: npt.NDArray[np.bool_]
    """(n_rows, n_constituents), whether there is one"""
    jets: Columns
    """(n_rows,) each; where several views were asked for, all three have a first axis of views"""


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
    places = np.arange(n_items)
    mask = places < counts[:, np.newaxis]
    features = np.empty((*mask.shape, len(columns)), np.float32)
    # Some rows at a time, so that their items, side by side, stay in the CPU's cache.
    for start in range(0, len(counts), _ROWS):
        own = offsets[start : start + _ROWS + 1] - offsets[start]
        items = np.zeros((own[-1] + 1, len(columns)), np.float32)
        for i, column in enumerate(columns):
            items[:-1, i] = column[offsets[start] : offsets[start] + own[-1]]
        inside = mask[start : start + _ROWS]
        index = np.where(inside, own[:-1, np.newaxis] + places, own[-1])
        items.take(index, axis=0, out=features[start : start + _ROWS], mode="clip")
    return features, mask


def pad_views(views: Sequence[View], n_constituents: int | None = None) -> Padded:
    """Pad several views of the same rows to one shape, with the view as a further first axis."""
    if n_constituents is None:
        n_constituents = max(int(np.diff(view.offsets).max(initial=0)) for view in views)
    padded = [pad(view.offsets, list(view.constituents.values()), n_constituents) for view in views]
    return {
        "features": np.stack([features for features, _ in padded]),
        "mask": np.stack([mask for _, mask in padded]),
        "jets": {name: np.stack([v.jets[name] for v in views]) for name in views[0].jets},
    }


def awkward_records(initiators: Initiators, views: View | Mapping[str, View]) -> ak.Array:
    """Join initiators and views to an array of one record a row, without copies.

    Parameters
    ----------
    initiators, views
        Of n rows each.

    Returns
    -------
    ak.Array
        n records with `initiator` and `decays`, and of one view `jet` and `constituents`; of
        several, by name, a field that has both. All are momenta of the vector package.
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

    def of_view(view: View) -> dict[str, ak.contents.Content]:
        return {
            "jet": momenta(view.jets),
            "constituents": jagged(view.offsets, view.constituents),
        }

    def record(fields: dict[str, ak.contents.Content]) -> ak.contents.Content:
        return ak.contents.RecordArray(list(fields.values()), list(fields))

    fields = {
        "initiator": momenta(initiators.columns),
        "decays": jagged(initiators.offsets, initiators.decays),
    }
    if isinstance(views, View):
        fields |= of_view(views)
    else:
        fields |= {name: record(of_view(view)) for name, view in views.items()}
    return ak.Array(record(fields))
