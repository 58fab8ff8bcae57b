"""What the background is made of, and what of each kind a cut lets pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rs3l_train.evaluation.roc import cut_at
from rs3l_train.evaluation.scores import Scores

Names = npt.NDArray[np.str_]

SPLITTINGS = {4: "+cc", 5: "+bb"}
"""What the name of a jet's label ends in, by the column `gluon_splitting`"""


def kinds_of(labels: Names, splitting: npt.NDArray[np.uint8]) -> Names:
    """Name the kinds of jets: by their label, and the heavy quarks of a gluon that splits in them.

    How often gluons split to them, showers do not agree on.

    Parameters
    ----------
    labels
        (n,)
    splitting
        (n,) the column `gluon_splitting`

    >>> kinds_of(np.array(["g", "g", "q"]), np.array([0, 5, 4], np.uint8)).tolist()
    ['g', 'g+bb', 'q+cc']
    """
    ends = np.select([splitting == code for code in SPLITTINGS], list(SPLITTINGS.values()), "")
    return np.char.add(labels, ends)


def passing_by_kind(
    scores: Scores, kinds: Names, reference: Scores, efficiencies: Sequence[float]
) -> dict[str, dict[str, Any]]:
    """Count the background of each kind, and what of it passes the reference's cuts.

    Parameters
    ----------
    kinds
        (n_background,) of the background jets of ``scores``

    Returns
    -------
    By kind `n`, the jets there are, and by signal efficiency in the reference `passing`, the
    number above the threshold and as large a part of those at it as of the reference's signal.
    """
    passing = {f"{e:g}": cut_at(reference.signal, e)(scores.background) for e in efficiencies}
    return {
        str(kind): {
            "n": int((kinds == kind).sum()),
            "passing": {key: float(part[kinds == kind].sum()) for key, part in passing.items()},
        }
        for kind in np.unique(kinds)
    }
