"""What the detector takes a particle for, from its PDG code."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from particle import pdgid

from rs3l_data.describe.schema import Category
from rs3l_data.errors import GeneratorError

I8 = npt.NDArray[np.int64]

INVISIBLE = 255
"""In place of a `Category`: neutrinos and other neutral particles that are no hadrons."""

_TABLE = 100_000
"""Span of the codes up to which they are marked in a table, eight times as fast as sorting them;
those of nuclei lie beyond."""


@dataclass(frozen=True, slots=True)
class Species:
    """What each particle is to the detector, as flat arrays."""

    category: npt.NDArray[np.uint8]
    """`rs3l_data.describe.schema.Category`, or `INVISIBLE`"""
    charge: npt.NDArray[np.int8]
    """[e]"""
    is_v0: npt.NDArray[np.bool_]
    """Whether it is a K0_S or a Λ, whose showers begin in the ECAL more often"""


def classify(pdg_id: npt.NDArray[np.int32]) -> Species:
    """Classify particles by their PDG codes.

    Charged particles that shower neither electromagnetically nor hadronically (muons, but also
    stable charged particles beyond the standard model) count as muons; a π0 counts as its photons.

    Parameters
    ----------
    pdg_id : (n_particles,)

    Raises
    ------
    GeneratorError
        If there are partons among the particles.
    """
    codes, index = _distinct(pdg_id)
    rows = [_classify_code(int(code)) for code in codes]
    return Species(
        category=np.array([row[0] for row in rows], np.uint8)[index],
        charge=np.array([row[1] for row in rows], np.int8)[index],
        is_v0=np.array([row[2] for row in rows], np.bool_)[index],
    )


def _distinct(pdg_id: npt.NDArray[np.int32]) -> tuple[I8, I8]:
    """List the codes that there are, rising, and give each particle's position in that list."""
    low, high = int(pdg_id.min(initial=0)), int(pdg_id.max(initial=0))
    if high - low >= _TABLE:
        codes, index = np.unique(pdg_id, return_inverse=True)
        return codes.astype(np.int64), index
    place = pdg_id.astype(np.int64) - low
    table = np.zeros(high - low + 1, np.int64)
    table[place] = 1
    there = np.flatnonzero(table)
    table[there] = np.arange(len(there))
    return there + low, table[place]


@lru_cache(maxsize=4096)
def _classify_code(code: int) -> tuple[int, int, bool]:
    if abs(code) in range(1, 10) or code == 21 or pdgid.is_diquark(code):
        raise GeneratorError(
            f"PDG code {code}, a parton, is among the stable particles; the detector expects "
            "hadrons and leptons: switch HadronLevel:all on"
        )
    charge = round(pdgid.charge(code) or 0)
    return _category(code, charge), charge, abs(code) in (310, 3122)


def _category(code: int, charge: int) -> int:
    if abs(code) == 11:
        return Category.ELECTRON
    if code in (22, 111):
        return Category.PHOTON
    if pdgid.is_hadron(code) or pdgid.is_nucleus(code):
        return Category.CHARGED_HADRON if charge else Category.NEUTRAL_HADRON
    return Category.MUON if charge else INVISIBLE
