"""Which particles of a hard event become rows of the dataset, and what they decay to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rs3l_data.errors import GeneratorError
from rs3l_data.events.hard_events import INCOMING, HardEvents
from rs3l_data.offsets import offsets_of, row_of_each
from rs3l_data.simulate.record import FIRST

I8 = npt.NDArray[np.int64]

_ALL_ETA = 700.0
"""No particle has a larger |η|, and hyperbolic sines beyond overflow"""


@dataclass(frozen=True, slots=True)
class Selection:
    """The particles of the hard process whose jets become rows."""

    pdg_ids: tuple[int, ...]
    """Positive codes, which stand for the antiparticles, too"""
    pt: tuple[float, float]
    """[GeV]"""
    abs_eta_max: float


@dataclass(frozen=True, slots=True)
class Rows:
    """One row for each initiator, as indices into the hard events' flat particles."""

    event: I8
    """Position of the hard event, (n_rows,)"""
    initiator: I8
    """Index of the initiator, (n_rows,)"""
    decay_offsets: I8
    """(n_rows + 1,)"""
    decay: I8
    """Indices of the final decay products, (n_decays,)"""

    def within(self, first: int, last: int, hard: HardEvents) -> Rows:
        """Cut out the rows of the events ``first`` to ``last``, counted from ``first``."""
        begin, end = np.searchsorted(self.event, [first, last])
        low, high = self.decay_offsets[begin], self.decay_offsets[end]
        shift = hard.offsets[first]
        return Rows(
            self.event[begin:end] - first,
            self.initiator[begin:end] - shift,
            self.decay_offsets[begin : end + 1] - low,
            self.decay[low:high] - shift,
        )


def find_rows(hard: HardEvents, selection: Selection) -> Rows:
    """Find the initiators of all hard events and their final decay products.

    An initiator without decays in the hard process (a quark, a gluon) has none.

    Raises
    ------
    GeneratorError
        If one initiator comes from the decay of another: both rows would want the same particles.
    """
    particles = hard.particles
    px, py, pz = (particles[name] for name in ("px", "py", "pz"))
    pt = np.hypot(px, py)
    chosen = (
        np.isin(np.abs(particles["pdg_id"]), selection.pdg_ids)
        & (particles["status"] != INCOMING)
        & (pt >= selection.pt[0])
        & (pt <= selection.pt[1])
        & (np.abs(pz) <= pt * np.sinh(min(selection.abs_eta_max, _ALL_ETA)))
    )
    initiator = np.flatnonzero(chosen)
    event = row_of_each(hard.offsets)
    mother = hard.offsets[event] + particles["mother1"] - FIRST

    # An initiator owns itself, and what has an owner hands it to its daughters; mothers come
    # before their daughters, so as many rounds as the deepest decay chain is long suffice.
    owner = np.full(len(event), -1)
    owner[initiator] = np.arange(len(initiator))
    has_mother = mother >= hard.offsets[event]
    while True:
        inherited = np.where(has_mother & (owner < 0), owner[np.where(has_mother, mother, 0)], -1)
        if np.all(inherited < 0):
            break
        owner = np.maximum(owner, inherited)
    nested = initiator[has_mother[initiator] & (owner[mother[initiator]] >= 0)]
    if len(nested):
        inner = nested[0]
        outer = initiator[owner[mother[inner]]]
        codes = [int(particles["pdg_id"][i]) for i in (inner, outer)]
        raise GeneratorError(
            f"initiators: in event {hard.events['event'][event[inner]]} a particle"
            f" {codes[0]} comes from the decay of a particle {codes[1]}, and both would be rows,"
            " with the same decay products and perhaps the same jet; name one of the two, and"
            " make a process of its own for the other"
        )
    final = np.flatnonzero((owner >= 0) & (particles["status"] > 0) & ~chosen)
    order = np.argsort(owner[final], kind="stable")
    counts = np.bincount(owner[final], minlength=len(initiator))
    return Rows(event[initiator], initiator, offsets_of(counts), final[order])


def labels(
    pdg_id: npt.NDArray[np.int32], label_of: Mapping[int, str], names: tuple[str, ...]
) -> I8:
    """Give each initiator the index of its class in ``names``.

    Parameters
    ----------
    pdg_id
        Codes of either sign, (n_rows,).
    label_of
        The class by positive code.
    """
    codes = np.abs(pdg_id).tolist()
    return np.array([names.index(label_of[code]) for code in codes], np.int64)
