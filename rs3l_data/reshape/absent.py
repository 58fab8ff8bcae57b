"""Jets that a cut takes away: marked in their row, which stays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rs3l_data.describe.schema import JETS, OF_INITIATOR, Status, empty
from rs3l_data.offsets import offsets_of
from rs3l_data.store.tables import View, take_items


def cut_away(view: View, fails: npt.NDArray[np.bool_]) -> View:
    """Mark jets as absent, with `Status.FAILED_CUT` and without constituents.

    Parameters
    ----------
    fails
        (n_rows,) the present jets to take away; absent ones keep their status.
    """
    gone = fails & view.jets["present"]
    blank = empty(tuple(c for c in JETS if c.name in view.jets), len(view))
    blank["status"][:] = Status.FAILED_CUT
    jets = {
        # What the view knows of the initiator does not depend on the jet.
        name: values if name in OF_INITIATOR else np.where(gone, blank[name], values)
        for name, values in view.jets.items()
    }
    counts = np.where(gone, 0, np.diff(view.offsets))
    _, kept = take_items(view.offsets, np.flatnonzero(counts))
    items = {name: values[kept] for name, values in view.constituents.items()}
    return View(jets, items, offsets_of(counts))
