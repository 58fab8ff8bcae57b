"""The last step: tracks and neutral particles become one list of candidates."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rs3l_data.describe.card import DetectorCard
from rs3l_data.describe.schema import Category
from rs3l_data.detect.candidates import Candidates
from rs3l_data.detect.particleflow import Neutrals
from rs3l_data.detect.tracking import Tracks

F8 = npt.NDArray[np.float64]


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

    pt2 = px * px + py * py
    accepted = (pt2 >= card.candidate_pt_min**2) & (
        np.abs(pz) <= np.sinh(card.candidate_eta_max) * np.sqrt(pt2)
    )
    kept = np.flatnonzero(accepted)
    kept = kept[np.argsort(event[kept], kind="stable")]
    px, py, pz, mass = px[kept], py[kept], pz[kept], mass[kept]

    def of_tracks(column: F8) -> npt.NDArray[np.float32]:
        padded = np.zeros(len(event), np.float32)
        padded[: len(column)] = column
        return padded[kept]

    charge = np.zeros(len(event), np.int8)
    charge[: len(tracks.charge)] = tracks.charge
    return Candidates(
        offsets=np.searchsorted(event[kept], np.arange(n_events + 1)).astype(np.int64),
        px=px,
        py=py,
        pz=pz,
        energy=np.sqrt(px * px + py * py + pz * pz + mass * mass),
        category=category[kept],
        charge=charge[kept],
        d0=of_tracks(tracks.d0),
        d0_error=of_tracks(tracks.d0_error),
        dz=of_tracks(tracks.dz),
        dz_error=of_tracks(tracks.dz_error),
    )
