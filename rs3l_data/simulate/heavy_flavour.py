"""Heavy flavour in a view's events: the b and c hadrons, and the gluons that split to b or c."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rs3l_data.simulate.record import Records
from rs3l_data.simulate.trace import heavy_splittings, last_heavy_hadrons

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class HeavyHadrons:
    """The weakly decaying b and c hadrons of a batch of events.

    Event ``i`` owns the slice ``offsets[i]:offsets[i + 1]``. The c hadrons from decays of b hadrons
    are among them.
    """

    offsets: I8
    """(n_events + 1,)"""
    flavour: I8
    """(n_hadrons,) 5 or 4"""
    momentum: F8
    """(n_hadrons, 4): px, py, pz, E before the decay [GeV]"""


@dataclass(frozen=True, slots=True)
class Splittings:
    """The gluons of a batch of events that split into a charm or bottom pair in the shower.

    Event ``i`` owns the slice ``offsets[i]:offsets[i + 1]``.
    """

    offsets: I8
    """(n_events + 1,)"""
    flavour: I8
    """(n_splittings,) 5 or 4"""
    momentum: F8
    """(n_splittings, 2, 4): px, py, pz, E of the quarks at the end of the shower [GeV]"""


def heavy_hadrons(records: Records) -> HeavyHadrons:
    """Select the heavy hadrons of a batch of event records."""
    offsets, index, flavour = last_heavy_hadrons(records)
    return HeavyHadrons(offsets, flavour, _momenta(records, index))


def splittings(records: Records) -> Splittings:
    """Select the heavy splittings of a batch of event records."""
    offsets, index = heavy_splittings(records)
    flavour = np.abs(records.pdg_id[index[:, 0]]).astype(np.int64)
    return Splittings(offsets, flavour, _momenta(records, index))


def _momenta(records: Records, index: I8) -> F8:
    return np.stack([values[index] for values in records.momentum], axis=-1)
