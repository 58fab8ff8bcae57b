"""The heavy flavour of jets: which b and c hadrons, and which split gluons, lie in them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rs3l_data.cluster import kinematics
from rs3l_data.cluster.matching import pairs
from rs3l_data.offsets import row_of_each

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]


def hadrons_in_jets(n_jets: int, hadron_jet: I8, hadron_flavour: I8) -> tuple[I8, I8]:
    """Count the b and the c hadrons of each jet.

    Parameters
    ----------
    hadron_jet
        (n_hadrons,) the jet that the hadron was clustered into as a ghost, or -1.
    hadron_flavour
        (n_hadrons,) 5 or 4.

    Returns
    -------
    b, c : (n_jets,)
    """
    inside = hadron_jet >= 0
    counts = [
        np.bincount(hadron_jet[inside & (hadron_flavour == flavour)], minlength=n_jets)
        for flavour in (5, 4)
    ]
    return counts[0], counts[1]


def splitting_in_jets(
    jet_offsets: I8,
    jet_eta: F8,
    jet_phi: F8,
    splitting_offsets: I8,
    flavour: I8,
    momentum: F8,
    radius: float,
) -> I8:
    """Find the heaviest pair that a gluon splits to within each jet.

    A pair lies in a jet if both quarks lie within ``radius`` of its axis, in pseudorapidity and
    azimuth.

    Parameters
    ----------
    jet_offsets
        (n_events + 1,) slices of the events' jets.
    jet_eta, jet_phi
        (n_jets,)
    splitting_offsets
        (n_events + 1,) slices of the events' splittings.
    flavour
        (n_splittings,) 5 or 4.
    momentum
        (n_splittings, 2, 4): px, py, pz, E of the two quarks [GeV].
    radius
        Radius parameter of the jets, inclusive.

    Returns
    -------
    (n_jets,) 5, 4, or 0 where there is none.
    """
    split, jet = pairs(jet_offsets, row_of_each(splitting_offsets))
    px, py, pz, _ = np.moveaxis(momentum[split], -1, 0)
    distance = kinematics.delta_r(
        jet_eta[jet, None], jet_phi[jet, None], kinematics.eta(px, py, pz), kinematics.phi(px, py)
    )
    inside = np.all(distance <= radius, axis=1)
    heaviest = np.zeros(len(jet_eta), np.int64)
    np.maximum.at(heaviest, jet[inside], flavour[split[inside]])
    return heaviest
