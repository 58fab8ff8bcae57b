"""Which tracks come from the primary vertex, as far as their impact parameters tell."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rs3l_data.describe.card import PrimaryVertex
from rs3l_data.detect.candidates import Candidates


def from_primary_vertex(candidates: Candidates, card: PrimaryVertex) -> npt.NDArray[np.bool_]:
    """Say which candidates are tracks of the primary vertex, (n_candidates,).

    Those with ``|dz|`` within a number of standard deviations, but never tighter or looser than
    the card says: a stiff track keeps a margin for a displaced decay, and a soft one is
    not taken from far away. Nothing of the truth enters.
    """
    cut = np.clip(card.significance * candidates.dz_error, card.dz_min, card.dz_max)
    primary: npt.NDArray[np.bool_] = (np.abs(candidates.dz) < cut) & (candidates.charge != 0)
    return primary
