"""Jets of a batch of events, by FastJet."""

from __future__ import annotations

from dataclasses import dataclass

import awkward as ak
import fastjet
import numpy as np
import numpy.typing as npt
from numba import njit

from rs3l_data.describe.jets import JetAlgorithm
from rs3l_data.detect.candidates import Candidates
from rs3l_data.offsets import items_of, offsets_of, row_of_each

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]

# FastJet's banner would stand in the middle of what a command says. The papers that it asks to
# cite are in each dataset's `citation` (`rs3l_data.store.summary`), CITATION.cff and the README.
fastjet.ClusterSequenceArea.set_fastjet_banner_stream(None)

_GHOST_SCALE = 1e-50
"""Factor on the momenta of ghosts: next to any candidate they vanish in double precision, and
FastJet can still tell their direction and the inverse square of their pT."""
_LEAST_PT = 1e-30
"""A jet of ghosts alone has less [GeV]"""

_ALGORITHMS: dict[JetAlgorithm, int] = {
    "antikt": fastjet.antikt_algorithm,  # arXiv:0802.1189
    "cambridge": fastjet.cambridge_algorithm,  # arXiv:hep-ph/9707323, hep-ph/9907280
    "kt": fastjet.kt_algorithm,  # the inclusive one: arXiv:hep-ph/9305266
}


@dataclass(frozen=True, slots=True)
class Ghosts:
    """Particles that are to find their jet without changing it.

    Event ``i`` owns the slice ``offsets[i]:offsets[i + 1]``.
    """

    offsets: I8
    """(n_events + 1,)"""
    momentum: F8
    """(n_ghosts, 4): px, py, pz, E [GeV]; only the direction and the velocity matter"""


@dataclass(frozen=True, slots=True)
class Jets:
    """Jets of a batch of events, as flat arrays.

    Event ``i`` owns the jets ``offsets[i]:offsets[i + 1]``, in falling pT; jet ``j`` owns the slice
    ``constituent_offsets[j]:constituent_offsets[j + 1]`` of ``constituent_index``, in falling pT.
    """

    offsets: I8
    """(n_events + 1,)"""
    px: F8
    """[GeV]"""
    py: F8
    """[GeV]"""
    pz: F8
    """[GeV]"""
    energy: F8
    """[GeV]"""
    constituent_offsets: I8
    """(n_jets + 1,)"""
    constituent_index: I8
    """(n_constituents,) position of the constituent in the flat candidates of the batch"""
    ghost_jet: I8
    """(n_ghosts,) the jet that each ghost was clustered into, or -1"""

    @property
    def n_jets(self) -> int:
        """Number of jets in the batch."""
        return len(self.px)


def cluster(
    candidates: Candidates,
    radius: float,
    candidate_pt_min: float,
    jet_pt_min: float,
    ghosts: Ghosts | None = None,
    algorithm: JetAlgorithm = "antikt",
) -> Jets:
    """Find the jets (E-scheme) of a batch of events with FastJet.

    Distances are in rapidity and azimuth. Everything depends on the events one by one, so a batch
    may be cut anywhere.

    Parameters
    ----------
    candidates
        Any number of events, which may be empty.
    radius
        The jets' radius parameter R.
    candidate_pt_min
        Least transverse momentum of a candidate that enters the clustering, inclusive [GeV].
    jet_pt_min
        Least transverse momentum of a jet that is returned, inclusive [GeV].
    ghosts
        Clustered along with infinitesimal momenta (ghost association, arXiv:0707.1378), whatever
        their own. They leave the jets and their constituents as they are, bit for bit.
    algorithm
        Of the generalised kT family: distances between candidates, and from the beam, grow with
        pT to the power of -2 (anti-kT), 0 (Cambridge/Aachen) or 2 (kT).
    """
    if ghosts is None:
        ghosts = Ghosts(np.zeros(len(candidates.offsets), np.int64), np.empty((0, 4)))
    kept = np.flatnonzero(candidates.px**2 + candidates.py**2 >= candidate_pt_min**2)
    offsets = np.searchsorted(kept, candidates.offsets)
    # In each event the ghosts come last; ghost g counts as candidate n_candidates + g.
    n_candidates = len(candidates.px)
    numbers = n_candidates + np.arange(len(ghosts.momentum))
    particles = np.insert(kept, np.repeat(offsets[1:], np.diff(ghosts.offsets)), numbers)
    offsets = offsets + ghosts.offsets
    momenta = [
        np.concatenate([real, _GHOST_SCALE * ghost])[particles]
        for real, ghost in zip(
            (candidates.px, candidates.py, candidates.pz, candidates.energy),
            ghosts.momentum.T,
            strict=True,
        )
    ]
    sequence = fastjet.ClusterSequence(
        _events(offsets, momenta), fastjet.JetDefinition(_ALGORITHMS[algorithm], radius)
    )
    least = max(jet_pt_min, _LEAST_PT)
    jets = sequence.inclusive_jets(least).layout
    constituents = sequence.constituent_index(least).layout

    jet_offsets = np.asarray(jets.offsets, np.int64)
    px, py, pz, energy = (np.asarray(jets.content[name].data) for name in ("px", "py", "pz", "E"))
    order = _falling(jet_offsets, px**2 + py**2)

    # FastJet counts a constituent from the start of its event, among the candidates it was given;
    # its array goes on behind the last jet's constituents.
    edges = np.asarray(constituents.content.offsets, np.int64)
    start = offsets[row_of_each(jet_offsets)][row_of_each(edges)]
    given = np.asarray(constituents.content.content.data)[: edges[-1]] + start
    given = given[_falling(edges, momenta[0][given] ** 2 + momenta[1][given] ** 2)]

    constituent_offsets, ordered = items_of(edges, order)
    members = particles[given[ordered]]
    real = members < n_candidates
    ghost_jet = np.full(len(ghosts.momentum), -1)
    ghost_jet[members[~real] - n_candidates] = row_of_each(constituent_offsets)[~real]
    return Jets(
        offsets=jet_offsets,
        px=px[order],
        py=py[order],
        pz=pz[order],
        energy=energy[order],
        constituent_offsets=offsets_of(real)[constituent_offsets],
        constituent_index=members[real],
        ghost_jet=ghost_jet,
    )


@njit(cache=True)
def _falling(offsets: I8, values: F8) -> I8:
    """Order every slice by falling value; equal values keep their order.

    Insertion, because the slices are short: on jets it takes a sixth of ``np.lexsort``'s time.
    """
    order = np.empty(values.size, np.int64)
    for part in range(offsets.size - 1):
        for i in range(offsets[part], offsets[part + 1]):
            place = i
            while place > offsets[part] and values[order[place - 1]] < values[i]:
                order[place] = order[place - 1]
                place -= 1
            order[place] = i
    return order


def _events(offsets: I8, momenta: list[F8]) -> ak.Array:
    """Lay the flat momenta out as FastJet reads them, without copying."""
    particles = ak.contents.RecordArray(
        [ak.contents.NumpyArray(component) for component in momenta], ["px", "py", "pz", "E"]
    )
    return ak.Array(ak.contents.ListOffsetArray(ak.index.Index64(offsets), particles))
