"""Anti-kT jets of a batch of events, by FastJet."""

from __future__ import annotations

from dataclasses import dataclass

import awkward as ak
import fastjet
import numpy as np
import numpy.typing as npt
from numba import njit

from rs3l_data.detect.candidates import Candidates

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]


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

    @property
    def n_events(self) -> int:
        """Number of events in the batch."""
        return len(self.offsets) - 1

    @property
    def n_jets(self) -> int:
        """Number of jets in the batch."""
        return len(self.px)


def cluster(
    candidates: Candidates, radius: float, candidate_pt_min: float, jet_pt_min: float
) -> Jets:
    """Find the anti-kT jets (arXiv:0802.1189, E-scheme) of a batch of events with FastJet.

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
    """
    kept = np.flatnonzero(candidates.px**2 + candidates.py**2 >= candidate_pt_min**2)
    momenta = [p[kept] for p in (candidates.px, candidates.py, candidates.pz, candidates.energy)]
    offsets = np.searchsorted(kept, candidates.offsets)
    sequence = fastjet.ClusterSequence(
        _events(offsets, momenta), fastjet.JetDefinition(fastjet.antikt_algorithm, radius)
    )
    jets = sequence.inclusive_jets(jet_pt_min).layout
    constituents = sequence.constituent_index(jet_pt_min).layout

    jet_offsets = np.asarray(jets.offsets, np.int64)
    px, py, pz, energy = (np.asarray(jets.content[name].data) for name in ("px", "py", "pz", "E"))
    order = _falling(jet_offsets, px**2 + py**2)

    # FastJet counts a constituent from the start of its event, among the candidates it was given;
    # its array goes on behind the last jet's constituents.
    edges = np.asarray(constituents.content.offsets, np.int64)
    n_constituents = np.diff(edges)
    start = np.repeat(np.repeat(offsets[:-1], np.diff(jet_offsets)), n_constituents)
    given = np.asarray(constituents.content.content.data)[: edges[-1]] + start
    given = given[_falling(edges, momenta[0][given] ** 2 + momenta[1][given] ** 2)]

    constituent_offsets = np.concatenate([[0], np.cumsum(n_constituents[order])])
    shift = np.repeat(edges[order] - constituent_offsets[:-1], n_constituents[order])
    return Jets(
        offsets=jet_offsets,
        px=px[order],
        py=py[order],
        pz=pz[order],
        energy=energy[order],
        constituent_offsets=constituent_offsets,
        constituent_index=kept[given[shift + np.arange(len(given))]],
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
