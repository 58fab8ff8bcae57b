"""One number for a dataset's content, the same however it is cut into shards."""

from __future__ import annotations

from collections.abc import Sequence

from rs3l_data.describe.schema import INITIATORS
from rs3l_data.store.row_sum import RowSum, initiator_hashes, view_sum
from rs3l_data.store.rows import Rows
from rs3l_data.store.shard import Shard
from rs3l_data.store.tables import I8, Initiators

_BLOCK = 10_000


def digest(*datasets: Rows) -> str:
    """Hash all rows in all views; of several datasets, as if they were one.

    Everything is read: each row in each view is hashed by itself (BLAKE2b over the bytes of all
    columns, those of its initiator, decay products, constituents and further weights included;
    process and label by name), and the hashes are added up (`row_sum`). So neither shards nor the
    order of rows matter, nor the files' compression, and any changed value does, as does a row
    that is missing or there twice. Memory holds a block of rows of one view.

    Returns
    -------
    str
        SHA-256 of the sum and the number of hashes, as 64 hexadecimal digits.

    Raises
    ------
    InputFileError
        If a shard is damaged.
    """
    parts = (
        _sum_of(shard, rows, dataset.views)
        for dataset in datasets
        for shard, rows in zip(dataset.shards, dataset.rows, strict=True)
    )
    return sum(parts, RowSum()).digest()


def digest_of_sums(dataset: Rows) -> str:
    """Give what `digest` gives, from the sums that the shards carry: next to nothing is read.

    Only a shard without them, as older versions wrote, or one that not all rows are chosen of, is
    hashed.

    Raises
    ------
    InputFileError
        If a shard is damaged.
    """
    total = RowSum()
    for shard, rows in zip(dataset.shards, dataset.rows, strict=True):
        known = [view for view in dataset.views if view in shard.sums and len(rows) == shard.n_rows]
        total = sum((shard.sums[view] for view in known), total)
        total += _sum_of(shard, rows, [view for view in dataset.views if view not in known])
    return total.digest()


def _sum_of(shard: Shard, rows: I8, views: Sequence[str]) -> RowSum:
    """Hash some rows of a shard in some views."""
    total = RowSum()
    if not views:
        return total
    names = [column.name for column in INITIATORS]
    weights = shard.read_weights(rows)
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        offsets, decays = shard.read_decays(block)
        hashes = initiator_hashes(
            Initiators(shard.read_initiators(block, names), decays, offsets),
            shard.processes,
            shard.labels,
            None if weights is None else weights[start : start + _BLOCK],
        )
        for view in views:
            total += view_sum(view, hashes, shard.read_view(view, block))
    return total
