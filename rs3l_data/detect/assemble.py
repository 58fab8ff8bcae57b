"""The last step: tracks and neutral particles become one list of candidates."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from rs3l_data.describe.card import DetectorCard
from rs3l_data.describe.schema import Category
from rs3l_data.detect.candidates import Candidates
from rs3l_data.detect.particleflow import Neutrals
from rs3l_data.detect.tracking import Tracks

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]


def assemble(
    tracks: Tracks,
    track_factor: F8,
    photons: Neutrals,
    neutral_hadrons: Neutrals,
    card: DetectorCard,
    n_events: int,
) -> Candidates:
    """Order tracks, photons and neutral hadrons by event and apply the card's acceptance.

    Parameters
    ----------
    track_factor : (n_tracks,)
        What the calorimeters make of the tracks' momenta.
    """
    n_photons, n_neutral = len(photons.event), len(neutral_hadrons.event)
    event = np.concatenate([tracks.event, photons.event, neutral_hadrons.event])
    energy = np.concatenate([photons.energy, neutral_hadrons.energy])
    eta = np.concatenate([photons.eta, neutral_hadrons.eta])
    phi = np.concatenate([photons.phi, neutral_hadrons.phi])
    pt = energy / np.cosh(eta)
    px = np.concatenate([track_factor * tracks.px, pt * np.cos(phi)])
    py = np.concatenate([track_factor * tracks.py, pt * np.sin(phi)])
    pz = np.concatenate([track_factor * tracks.pz, pt * np.sinh(eta)])
    mass = np.concatenate([tracks.mass, np.zeros(len(energy))])
    category = np.concatenate(
        [
            tracks.category,
            np.full(n_photons, Category.PHOTON, np.uint8),
            np.full(n_neutral, Category.NEUTRAL_HADRON, np.uint8),
        ]
    )

    ends = np.cumsum([len(tracks.event), n_photons, n_neutral])
    kept, offsets = _accepted(
        event, px, py, pz, ends, n_events, card.candidate_pt_min, math.sinh(card.candidate_eta_max)
    )
    px, py, pz, mass = px[kept], py[kept], pz[kept], mass[kept]
    charge = np.zeros(len(event), np.int8)
    charge[: len(tracks.charge)] = tracks.charge
    return Candidates(
        offsets=offsets,
        px=px,
        py=py,
        pz=pz,
        energy=np.sqrt(px * px + py * py + pz * pz + mass * mass),
        category=category[kept],
        charge=charge[kept],
        d0=_of_tracks(tracks.d0, kept),
        d0_error=_of_tracks(tracks.d0_error, kept),
        dz=_of_tracks(tracks.dz, kept),
        dz_error=_of_tracks(tracks.dz_error, kept),
    )


@njit(cache=True)
def _accepted(
    event: I8,
    px: F8,
    py: F8,
    pz: F8,
    ends: I8,
    n_events: int,
    pt_min: float,
    cot_theta_max: float,
) -> tuple[I8, I8]:
    """Merge lists of candidates, each sorted by event, and leave out those beyond the acceptance.

    Parameters
    ----------
    ends
        Of the lists: they lie one after the other.

    Returns
    -------
    kept : (n_candidates,)
        By event and, in each, by list.
    offsets : (n_events + 1,)
    """
    kept, offsets = np.empty(event.size, np.int64), np.zeros(n_events + 1, np.int64)
    at = np.zeros(ends.size, np.int64)
    at[1:] = ends[:-1]
    n = 0
    for number in range(n_events):
        for part in range(ends.size):
            i = at[part]
            while i < ends[part] and event[i] == number:
                pt2 = px[i] * px[i] + py[i] * py[i]
                if pt2 >= pt_min**2 and abs(pz[i]) <= cot_theta_max * math.sqrt(pt2):
                    kept[n] = i
                    n += 1
                i += 1
            at[part] = i
        offsets[number + 1] = n
    return kept[:n], offsets


@njit(cache=True)
def _of_tracks(column: F8, kept: I8) -> npt.NDArray[np.float32]:
    """Take a column of the tracks for the kept candidates: 0 for those without a track."""
    taken = np.zeros(kept.size, np.float32)
    for i in range(kept.size):
        if kept[i] < column.size:
            taken[i] = column[kept[i]]
    return taken
