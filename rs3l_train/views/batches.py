"""Which views of which jets go into a batch."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from rs3l_train.views.memory import Selection
from rs3l_train.views.source import ViewSource


def contrastive_batches(
    jets: ViewSource,
    rows: Tensor,
    jets_per_batch: int,
    views_per_jet: int | None,
    generator: torch.Generator,
) -> Iterator[Selection]:
    """Go once through the jets in random order, each with its present views side by side.

    A last batch that is not full is left out, since the loss depends on the number of negatives,
    unless it is the only one.

    Parameters
    ----------
    jets
        Absent views are left out.
    rows
        (n,) the jets to use, each present in two views at least.
    views_per_jet
        How many of its present views a jet brings, drawn at random; None: all.
    generator
        A generator on the CPU.
    """
    present = jets.present
    order = jets.shuffled(rows, generator)
    n_batches = max(1, len(order) // jets_per_batch)
    for batch in torch.split(order[: n_batches * jets_per_batch], jets_per_batch):
        chosen = present[:, batch].T
        if views_per_jet is not None and views_per_jet < len(present):
            chosen = _draw(chosen, views_per_jet, generator)
        jet, view = chosen.nonzero(as_tuple=True)
        yield Selection(view, batch[jet])


def labelled_batches(
    selection: Selection, views_per_batch: int, generator: torch.Generator
) -> Iterator[Selection]:
    """Go once through a selection in random order."""
    order = torch.randperm(len(selection), generator=generator).to(selection.rows.device)
    for part in torch.split(order, views_per_batch):
        yield Selection(selection.views[part], selection.rows[part])


def all_views(present: Tensor, rows: Tensor) -> Selection:
    """Select every present view of the given jets, jet after jet."""
    jet, view = present[:, rows].T.nonzero(as_tuple=True)
    return Selection(view, rows[jet])


def one_view(present: Tensor, rows: Tensor, view: int) -> Selection:
    """Select one view of those of the given jets that have it."""
    kept = rows[present[view, rows]]
    return Selection(torch.full_like(kept, view), kept)


def paired_rows(present: Tensor, rows: Tensor) -> Tensor:
    """Keep the rows that are present in two views at least: others have no positive pair."""
    return rows[present[:, rows].sum(0) >= 2]


def _draw(chosen: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """Keep ``n`` random ones of the True entries of each row of (B, V)."""
    lot = torch.rand(chosen.shape, generator=generator).to(chosen.device)
    best = lot.masked_fill(~chosen, -1).topk(n, dim=1).indices
    return torch.zeros_like(chosen).scatter(1, best, True) & chosen
