"""Pile-up mitigation: candidates of the detector in, those of the primary vertex out.

Both methods use what an experiment measures: tracks' impact parameters, momenta, and the mean
number of collisions, which follows from the luminosity.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from rs3l_data.describe.card import DetectorCard
from rs3l_data.describe.pileup import Mitigation
from rs3l_data.describe.schema import Category
from rs3l_data.detect.candidates import Candidates, weighted
from rs3l_data.detect.neighbours import neighbour_sums
from rs3l_data.detect.vertexing import from_primary_vertex

F8 = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

RADII = (0.01, 0.4)
"""Of the ring in which neighbours are counted"""
WEIGHT_MIN = 0.01
"""A candidate of a lower weight is dropped"""
TRACKS_MIN = 2
"""Pile-up tracks without which an event has no pile-up distribution to compare with"""


class NeutralPt(NamedTuple):
    """A neutral candidate's weighted pT must exceed ``base + slope μ`` [GeV]."""

    base: float
    slope: float


# Of an early PuppiProducer of CMSSW (Puppi_cff.py at 0359798, without the factors in eta that
# cms-sw/cmssw#9142 brought in May 2015), where the slopes, 0.02 and 0.005 GeV, are for each
# reconstructed vertex: here for each collision, of which CMS reconstructs some 70 %. Beyond
# |eta| = 3 its base is 1.5 GeV, here 1 GeV as from 2.5 to 3.
CENTRAL = NeutralPt(0.2, 0.014)
FORWARD = NeutralPt(1.0, 0.0035)


def mitigate(
    candidates: Candidates, card: DetectorCard, method: Mitigation, mean: float
) -> Candidates:
    """Remove pile-up from events.

    Parameters
    ----------
    method
        ``none`` returns the candidates as they are.
    mean
        Mean number of pile-up collisions.
    """
    if method == "none":
        return candidates
    primary = from_primary_vertex(candidates, card.tracking.primary_vertex)
    if method == "chs":
        return weighted(candidates, charged_hadron_weights(candidates, primary))
    reach = card.tracking.charged_hadron.efficiency.eta_max[-1]
    return weighted(candidates, puppi_weights(candidates, primary, reach, mean))


def charged_hadron_weights(candidates: Candidates, primary: Mask) -> F8:
    """Charged-hadron subtraction (arXiv:1706.04965, section 5; arXiv:2003.00503).

    Returns
    -------
    (n_candidates,)
        0 for charged hadrons of other vertices, 1 for all else.
    """
    return np.where((candidates.category == Category.CHARGED_HADRON) & ~primary, 0.0, 1.0)


def puppi_weights(candidates: Candidates, primary: Mask, tracker_eta: float, mean: float) -> F8:
    """Pile-up per particle identification (arXiv:1407.6013) as CMS has it (arXiv:2003.00503).

    Tracks of the primary vertex have weight 1, other tracks 0. A neutral candidate i has

        α_i = log Σ_j (pT_j / ΔR_ij)²,   0.01 <= ΔR_ij <= 0.4

    over the tracks j of the primary vertex, and beyond the tracker over all candidates j. The
    pile-up tracks of the same event give the median and the r.m.s. about it that α has for pile-up
    (of the same kind of sum). A neutral candidate's weight is the cumulative χ² distribution with
    one degree of freedom at ((α_i - median) / r.m.s.)², or 0 below the median. Weights below
    `WEIGHT_MIN` and weighted pT below a threshold that rises with ``mean`` become 0.

    An event with fewer than `TRACKS_MIN` pile-up tracks keeps its neutral candidates above the
    threshold.

    Parameters
    ----------
    primary : (n_candidates,)
        Tracks of the primary vertex.
    tracker_eta
        |η| up to which there are tracks.
    mean
        Mean number of pile-up collisions.

    Returns
    -------
    (n_candidates,)
        In [0, 1].
    """
    pt = np.hypot(candidates.px, candidates.py)
    eta = np.arcsinh(candidates.pz / pt)
    phi = np.arctan2(candidates.py, candidates.px)
    neutral = candidates.charge == 0
    pileup_track = ~neutral & ~primary
    central = np.abs(eta) < tracker_eta
    weight = primary.astype(np.float64)
    for source, region, threshold in (
        (primary, central, CENTRAL),
        (np.ones(len(pt), np.bool_), ~central, FORWARD),
    ):
        judged = neutral & region
        sums = neighbour_sums(
            candidates.offsets, eta, phi, pt, source, judged | pileup_track, RADII
        )
        found = _weights(candidates.offsets, sums, judged, pileup_track)
        found[(found < WEIGHT_MIN) | (found * pt < threshold.base + threshold.slope * mean)] = 0.0
        weight[judged] = found[judged]
    return weight


def _weights(offsets: npt.NDArray[np.int64], sums: F8, judged: Mask, pileup_track: Mask) -> F8:
    """Compare α with that of the pile-up tracks of the same event: (n_candidates,)."""
    weights = np.zeros(len(sums))
    # Without a neighbour α is -∞: such a candidate is pile-up, and says nothing of the others.
    lonely = sums <= 0.0
    alpha = np.log(np.where(lonely, 1.0, sums))
    for first, last in pairwise(offsets.tolist()):
        mine = slice(first, last)
        reference = alpha[mine][pileup_track[mine] & ~lonely[mine]]
        if len(reference) < TRACKS_MIN:
            weights[mine] = judged[mine]
            continue
        median = np.median(reference)
        spread = np.sqrt(np.mean((reference - median) ** 2))
        weights[mine] = _chi2_cdf((alpha[mine] - median) / max(spread, 1e-9))
        weights[mine][lonely[mine]] = 0.0
    return weights


@njit(cache=True)
def _chi2_cdf(pull: F8) -> F8:
    """Cumulative χ² distribution with one degree of freedom at pull², 0 for a negative pull."""
    below = np.zeros(pull.size)
    for i in range(pull.size):
        if pull[i] > 0.0:
            below[i] = math.erf(pull[i] / math.sqrt(2.0))
    return below
