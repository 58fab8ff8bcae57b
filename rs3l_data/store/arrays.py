"""The shapes in which analyses want jets: padded for networks, jagged records for awkward."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict

import numpy as np
import numpy.typing as npt

from rs3l_data.store import recycled
from rs3l_data.store.tables import I8, Array, Columns, Initiators, View

if TYPE_CHECKING:
    import awkward as ak


_ROWS = 256
"""Whose items fit into half a megabyte"""


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
    features = recycled.empty((len(counts), n_items, len(columns)), np.float32)
    mask = np.empty(features.shape[:2], np.bool_)
    _pad_into(features, mask, offsets, columns)
    return features, mask


def side_by_side(
    offsets: I8, columns: Sequence[Array], at_most: int
) -> Iterator[npt.NDArray[np.float32]]:
    """Put the columns of items side by side, of each row the first ``at_most`` items.

    Parameters
    ----------
    offsets
        (n_rows + 1,)
    columns
        Of shape (offsets[-1],) each.

    Yields
    ------
    (n, n_columns)
        Items of the next rows, so few that they are still in the CPU's cache; overwritten by the
        next ones.
    """
    counts = np.diff(offsets)
    kept = np.minimum(counts, at_most)
    runs = np.stack((kept, counts - kept), axis=1)
    pattern = np.tile([True, False], _ROWS)
    for start, _, items in _side_by_side(offsets, columns):
        own = runs[start : start + _ROWS]
        if own[:, 1].any():
            # One record an item: a mask copies runs of records, indices one record at a time.
            records = items.view(f"V{items.strides[0]}")[:-1, 0]
            first = np.repeat(pattern[: own.size], own.ravel())
            yield records[first].view(np.float32).reshape(-1, len(columns))
        else:
            yield items[:-1]


def _pad_into(
    features: npt.NDArray[np.float32],
    mask: npt.NDArray[np.bool_],
    offsets: I8,
    columns: Sequence[Array],
) -> None:
    places = np.arange(mask.shape[1])
    np.less(places, np.diff(offsets)[:, np.newaxis], out=mask)
    index = np.empty((min(_ROWS, len(mask)), len(places)), np.int64)
    for start, own, items in _side_by_side(offsets, columns):
        inside = mask[start : start + _ROWS]
        chosen = index[: len(inside)]
        chosen.fill(len(items) - 1)
        np.add(own[:-1, np.newaxis], places, out=chosen, where=inside)
        items.take(chosen, axis=0, out=features[start : start + _ROWS], mode="clip")


def _side_by_side(
    offsets: I8, columns: Sequence[Array]
) -> Iterator[tuple[int, I8, npt.NDArray[np.float32]]]:
    """Go through the rows, so few at a time that their items stay in the CPU's cache.

    Yields
    ------
    start
        The first of the rows.
    offsets : (n + 1,)
        Their own, which begin at 0.
    items : (n_items + 1, n_columns)
        Their columns, and a last item of zeros; overwritten by the next ones.
    """
    edges = offsets[np.minimum(np.arange(0, len(offsets) - 1 + _ROWS, _ROWS), len(offsets) - 1)]
    largest = np.empty((np.diff(edges).max(initial=0) + 1, len(columns)), np.float32)
    starts = range(0, len(offsets) - 1, _ROWS)
    for start, first, last in zip(starts, edges[:-1], edges[1:], strict=True):
        items = largest[: last - first + 1]
        for i, column in enumerate(columns):
            items[:-1, i] = column[first:last]
        items[-1] = 0
        yield start, offsets[start : start + _ROWS + 1] - first, items


def pad_views(views: Sequence[View], n_constituents: int | None) -> Padded:
    """Pad several views of the same rows to one shape, with the view as a further first axis."""
    if n_constituents is None:
        n_constituents = max(int(np.diff(view.offsets).max(initial=0)) for view in views)
    shape = (len(views), len(views[0]), n_constituents)
    features = recycled.empty((*shape, len(views[0].constituents)), np.float32)
    mask = np.empty(shape, np.bool_)
    for i, view in enumerate(views):
        _pad_into(features[i], mask[i], view.offsets, list(view.constituents.values()))
    return {
        "features": features,
        "mask": mask,
        "jets": {name: np.stack([v.jets[name] for v in views]) for name in views[0].jets},
    }


def _momentum(names: Collection[str]) -> str | None:
    """Say which of vector's momenta some columns are: it refuses records that lack a part of one.

    >>> _momentum(["pt", "eta", "phi", "mass"]), _momentum(["phi", "eta", "pt", "d0"])
    ('Momentum4D', 'Momentum3D')
    """
    if not {"pt", "eta", "phi"} <= {*names}:
        return None
    return "Momentum4D" if {"mass", "energy"} & {*names} else "Momentum3D"


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
        several, by name, a field that has both. All are momenta of the vector package; columns
        without energy or mass have three components, those without pt, eta or phi none.
    """
    import awkward as ak
    import vector

    vector.register_awkward()

    def momenta(columns: Columns, length: int) -> ak.contents.Content:
        contents = [ak.contents.NumpyArray(column) for column in columns.values()]
        name = _momentum(columns)
        return ak.contents.RecordArray(
            contents, list(columns), length, parameters=name and {"__record__": name}
        )

    def jagged(offsets: I8, columns: Columns) -> ak.contents.Content:
        items = momenta(columns, int(offsets[-1]))
        return ak.contents.ListOffsetArray(ak.index.Index64(offsets), items)

    def of_view(view: View) -> dict[str, ak.contents.Content]:
        return {
            "jet": momenta(view.jets, len(view)),
            "constituents": jagged(view.offsets, view.constituents),
        }

    def record(fields: dict[str, ak.contents.Content]) -> ak.contents.Content:
        return ak.contents.RecordArray(list(fields.values()), list(fields))

    fields = {
        "initiator": momenta(initiators.columns, len(initiators)),
        "decays": jagged(initiators.offsets, initiators.decays),
    }
    if isinstance(views, View):
        fields |= of_view(views)
    else:
        fields |= {name: record(of_view(view)) for name, view in views.items()}
    return ak.Array(record(fields))
