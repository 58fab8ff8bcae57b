"""Which jet belongs to which initiator, and whether it holds all that the initiator decays to.

Distances are in pseudorapidity and azimuth.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rs3l_data.cluster.kinematics import delta_r
from rs3l_data.offsets import items_of, row_of_each

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
NO_JET = -1


def match(
    jet_offsets: I8,
    jet_eta: F8,
    jet_phi: F8,
    row_event: I8,
    target_eta: F8,
    target_phi: F8,
    max_delta_r: float,
) -> I8:
    """Give each row (an initiator) the nearest jet of its event, and each jet to at most one row.

    Where two rows want the same jet, the pair that is closer wins and the other row gets its
    nearest jet of those left. The result depends on the order of the rows only between pairs
    at exactly equal distance.

    Parameters
    ----------
    jet_offsets
        (n_events + 1,) slices of the events' jets.
    jet_eta, jet_phi
        (n_jets,)
    row_event
        (n_rows,) number of the row's event in this batch.
    target_eta, target_phi
        (n_rows,) direction of the initiator. NaN matches nothing.
    max_delta_r
        Largest distance at which a jet still counts as the initiator's, inclusive.

    Returns
    -------
    (n_rows,) index into the flat jets, or -1.
    """
    row, jet = pairs(jet_offsets, row_event)
    distance = delta_r(jet_eta[jet], jet_phi[jet], target_eta[row], target_phi[row])
    near = distance <= max_delta_r
    row, jet, distance = row[near], jet[near], distance[near]
    matched = np.full(len(row_event), NO_JET, np.int64)
    taken = np.zeros(len(jet_eta), np.bool_)
    for pair in np.argsort(distance, kind="stable"):
        if matched[row[pair]] == NO_JET and not taken[jet[pair]]:
            matched[row[pair]] = jet[pair]
            taken[jet[pair]] = True
    return matched


def contained(
    matched: I8,
    jet_eta: F8,
    jet_phi: F8,
    decay_offsets: I8,
    decay_eta: F8,
    decay_phi: F8,
    radius: float,
) -> npt.NDArray[np.bool_]:
    """Say of each row whether all its decay products lie within ``radius`` of its jet's axis.

    A row without decay products is contained if it has a jet; a row without a jet never is.

    Parameters
    ----------
    matched
        (n_rows,) index of the row's jet, or -1, as `match` returns it.
    jet_eta, jet_phi
        (n_jets,)
    decay_offsets
        (n_rows + 1,) slices of the rows' decay products.
    decay_eta, decay_phi
        (n_decays,)
    radius
        Radius parameter of the jets, inclusive.

    Returns
    -------
    (n_rows,)
    """
    row = row_of_each(decay_offsets)
    of_a_jet = matched[row] != NO_JET
    row, jet = row[of_a_jet], matched[row[of_a_jet]]
    distance = delta_r(jet_eta[jet], jet_phi[jet], decay_eta[of_a_jet], decay_phi[of_a_jet])
    inside: npt.NDArray[np.bool_] = matched != NO_JET
    inside[row[~(distance <= radius)]] = False
    return inside


def pairs(jet_offsets: I8, row_event: I8) -> tuple[I8, I8]:
    """List every (row, jet) of the same event, by rising row, then jet."""
    offsets, jet = items_of(jet_offsets, row_event)
    return row_of_each(offsets), jet
