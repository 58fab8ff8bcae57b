"""Which views of which jets go into a batch."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from rs3l_train.views.memory import Selection
from rs3l_train.views.positives import Positives
from rs3l_train.views.source import ViewSource


def pretraining_batches(
    jets: ViewSource,
    rows: Tensor,
    jets_per_batch: int,
    positives: Positives,
    generator: torch.Generator,
) -> Iterator[Selection]:
    """Go once through the jets in random order, each with its drawn views side by side.

    Drawn on the CPU, where nothing has to wait for a GPU to learn how many views there are.

    A last batch that is not full is left out, since a loss may depend on the number of jets,
    unless it is the only one.

    Parameters
    ----------
    jets
        Absent views are left out.
    rows
        (n,) the jets to use, each with a view at least that may be drawn.
    positives
        Which of its views a jet brings.
    generator
        A generator on the CPU.
    """
    present = jets.present.cpu()
    order = jets.shuffled(rows, generator).cpu()
    n_batches = max(1, len(order) // jets_per_batch)
    usable = positives.usable(present)
    for batch in torch.split(order[: n_batches * jets_per_batch], jets_per_batch):
        batch = jets.arranged(batch)
        chosen = usable[:, batch].T
        if positives.views_per_jet is not None and positives.views_per_jet < len(present):
            chosen = _draw(chosen, positives.views_per_jet, positives.weights, generator)
        jet, view = chosen.nonzero(as_tuple=True)
        selection = Selection(view, batch[jet])
        if positives.copies > 1:
            selection = Selection(
                selection.views.repeat_interleave(positives.copies),
                selection.rows.repeat_interleave(positives.copies),
            )
        yield selection.to(jets.device)


def labelled_batches(
    selection: Selection, views_per_batch: int, generator: torch.Generator
) -> Iterator[Selection]:
    """Go once through a selection in random order, in batches as equal as can be.

    Parameters
    ----------
    views_per_batch
        At most; as few batches as that takes.
    """
    order = torch.randperm(len(selection), generator=generator).to(selection.rows.device)
    # A small rest would be a noisy step, and might not do for all processes.
    for part in torch.tensor_split(order, -(-len(selection) // views_per_batch)):
        yield Selection(selection.views[part], selection.rows[part])


def all_views(present: Tensor, rows: Tensor) -> Selection:
    """Select every present view of the given jets, jet after jet."""
    jet, view = present[:, rows].T.nonzero(as_tuple=True)
    return Selection(view, rows[jet])


def one_view(present: Tensor, rows: Tensor, view: int) -> Selection:
    """Select one view of those of the given jets that have it."""
    kept = rows[present[view, rows]]
    return Selection(torch.full_like(kept, view), kept)


def _draw(chosen: Tensor, n: int, weights: Tensor, generator: torch.Generator) -> Tensor:
    """Keep ``n`` random ones of the True entries of each row of (B, V), without replacement.

    One after the other, each with a probability proportional to its weight among those left:
    the n largest of u^(1/w) are such a draw (Efraimidis and Spirakis, Inf. Proc. Lett. 97 (2006)
    181), and so are those of log(u)/w.
    """
    random = torch.rand(chosen.shape, generator=generator)
    # Above 0, so that a view is never behind those that are not to be chosen.
    lot = random.clamp(min=1e-30).log() / weights.clamp(min=1e-30)
    best = lot.masked_fill(~chosen, -torch.inf).topk(n, dim=1).indices
    return torch.zeros_like(chosen).scatter(1, best, True) & chosen
