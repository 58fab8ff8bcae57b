"""An embedding in two dimensions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from rs3l_train.evaluation.plots import COLOURS
from rs3l_train.evaluation.roc import F8

MOST_JETS = 4000


def principal_components(embeddings: F8) -> tuple[F8, F8]:
    """Project embeddings (n, D) on the two directions of largest variance.

    The direction's sign is such that its largest entry is positive.

    Returns
    -------
    projected
        (n, 2), about their mean; the second 0 where D is 1.
    shares
        (2,) part of the variance along each.
    """
    centred = embeddings - embeddings.mean(0)
    _, values, directions = np.linalg.svd(centred, full_matrices=False)
    largest = np.abs(directions).argmax(1)
    signs = np.sign(directions[np.arange(len(directions)), largest])
    directions = directions * signs[:, None]
    projected = np.zeros((len(centred), 2))
    shares = np.zeros(2)
    n = min(2, len(directions))
    projected[:, :n] = centred @ directions[:n].T
    shares[:n] = (values**2 / max(float((values**2).sum()), 1e-300))[:n]
    return projected, shares


def embedding_by_label(embeddings: F8, labels: npt.NDArray[np.str_]) -> Figure:
    """Draw the two principal components of an embedding, a panel for each label.

    Parameters
    ----------
    embeddings
        (n, D); a random part of them is drawn where there are many.
    labels
        (n,) names
    """
    projected, shares = principal_components(embeddings)
    names = list(dict.fromkeys(sorted(labels, key=str.lower)))
    columns = min(3, len(names))
    n_rows = -(-len(names) // columns)
    figure = Figure(figsize=(3.2 * columns + 0.6, 3.2 * n_rows), layout="constrained")
    panels = np.ravel(figure.subplots(n_rows, columns, sharex=True, sharey=True, squeeze=False))
    drawn = np.random.default_rng(0).permutation(len(labels))[:MOST_JETS]
    low, high = np.quantile(projected, [0.002, 0.998], axis=0)
    margin = 0.1 * (high - low) + 1e-9
    for i, (axes, name) in enumerate(zip(panels, names, strict=False)):
        own = drawn[labels[drawn] == name]
        axes.scatter(*projected[drawn].T, s=2, color="lightgrey", linewidths=0, rasterized=True)
        colour = COLOURS[i % len(COLOURS)]
        axes.scatter(*projected[own].T, s=3, color=colour, linewidths=0, rasterized=True)
        count = int((labels == name).sum())
        axes.set_title(f"{name}, {count} jet{'s' * (count != 1)}", fontsize="medium")
        axes.set_xlim(low[0] - margin[0], high[0] + margin[0])
        axes.set_ylim(low[1] - margin[1], high[1] + margin[1])
    for axes in panels[len(names) :]:
        axes.remove()
    figure.supxlabel(f"1st component, {100 * shares[0]:.0f} % of the variance", fontsize="medium")
    figure.supylabel(f"2nd component, {100 * shares[1]:.0f} %", fontsize="medium")
    return figure
