"""Weighted histograms that fill block by block, and ratios of two that share their events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rs3l_data.store.tables import I8

F8 = npt.NDArray[np.float64]


def bin_index(edges: F8, values: npt.NDArray[np.floating]) -> I8:
    """Find the bin of each value, as `numpy.histogram` does: the last bin has both its edges.

    Parameters
    ----------
    edges
        (n_bins + 1,), rising.
    values
        (n,)

    Returns
    -------
    NDArray
        (n,); ``n_bins`` where a value is outside of all bins or not a number.
    """
    n_bins = len(edges) - 1
    values = np.asarray(values, np.float64)
    inside = (values >= edges[0]) & (values <= edges[-1])
    index = np.searchsorted(edges, values, side="right") - 1
    return np.where(inside, np.minimum(index, n_bins - 1), n_bins)


def squares_of_events(index: I8, weights: F8, events: I8, n: int) -> F8:
    """Sum up, bin by bin, the squares of what each event adds to it.

    Parameters
    ----------
    index, weights, events
        (n_values,), of whole events; the numbers of events are equal where events are.
    n
        Number of bins.
    """
    _, event = np.unique(events, return_inverse=True)
    places, place = np.unique(event * n + index, return_inverse=True)
    added = np.bincount(place, weights).astype(np.float64)
    return np.bincount(places % n, added**2, n).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Histogram:
    """Sums of weights by bin; the last entry of the sums is what lies outside of all bins."""

    edges: F8
    """(n_bins + 1,)"""
    sum_w: F8
    """(n_bins + 1,)"""
    sum_w2: F8
    """(n_bins + 1,), sums of the squares of what each event adds"""

    @classmethod
    def empty(cls, edges: F8) -> Histogram:
        """Make a histogram to fill."""
        return cls(edges, np.zeros(len(edges)), np.zeros(len(edges)))

    def fill(self, values: npt.NDArray[np.floating], weights: F8, events: I8) -> None:
        """Add values with their weights; those of one event in one bin are not independent.

        Parameters
        ----------
        values, weights, events
            (n,), of whole events; the numbers of events are equal where events are.
        """
        index = bin_index(self.edges, values)
        self.sum_w[:] += np.bincount(index, weights, len(self.edges))
        self.sum_w2[:] += squares_of_events(index, weights, events, len(self.edges))

    def density(self) -> tuple[F8, F8]:
        """Compute (1/N) dN/dx and its statistical error, (n_bins,) each.

        N is the sum of all weights, those outside of the bins included.
        """
        scale = np.diff(self.edges) * self.sum_w.sum()
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.sum_w[:-1] / scale, np.sqrt(self.sum_w2[:-1]) / scale


@dataclass(frozen=True, slots=True)
class Paired:
    """A quantity in one view against the same initiators' in the reference view.

    Entry ``[i, j]`` of the sums is for bin ``i`` in the reference and ``j`` in the view; index
    ``n_bins`` is a jet outside of all bins, and ``n_bins + 1`` a jet that is missing.
    """

    edges: F8
    """(n_bins + 1,)"""
    sum_w: F8
    """(n_bins + 2, n_bins + 2)"""
    sum_w2: F8
    """(n_bins + 2, n_bins + 2), of the weights of jets"""
    view_w2: F8
    """(n_bins + 2,), of the view: sums of the squares of what each event adds"""

    def view(self) -> Histogram:
        """Sum over what the jets are in the reference."""
        return Histogram(self.edges, self.sum_w.sum(0)[:-1], self.view_w2[:-1])

    def ratio(self) -> tuple[F8, F8]:
        """Divide the densities of view and reference.

        Returns
        -------
        ratio, error : (n_bins,)
            NaN in bins where either is empty. The error is first-order propagation over the
            initiators, each of which enters both densities and both norms; taking the two as
            independent would overstate it, since the views share their hard events. How jets of
            one event move between bins is taken as independent.
        """
        view, reference = self.sum_w.sum(0)[:-1], self.sum_w.sum(1)[:-1]
        both = (view[:-1] > 0) & (reference[:-1] > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = (view[:-1] / view.sum()) / (reference[:-1] / reference.sum())
            change = _influence(view)[:, np.newaxis, :] - _influence(reference)[:, :, np.newaxis]
            error = ratio * np.sqrt((self.sum_w2 * change**2).sum((1, 2)))
        return np.where(both, ratio, np.nan), np.where(both, error, np.nan)


def _influence(sum_w: F8) -> F8:
    """Differentiate log(density) of each bin by the weight of a jet in each: (n_bins, n_bins + 2).

    A missing jet, the last column, changes nothing.
    """
    n_bins = len(sum_w) - 1
    influence = np.zeros((n_bins, n_bins + 2))
    influence[:, :-1] = -1 / sum_w.sum()
    influence[np.arange(n_bins), np.arange(n_bins)] += 1 / sum_w[:-1]
    return influence
