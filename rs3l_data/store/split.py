"""Which events are for training, validation and test: by a hash of the event, not by its place."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from rs3l_data.describe.seeds import event_keys


def split_of(
    seed: int, process: str, events: npt.NDArray[np.int64], fractions: tuple[float, float, float]
) -> npt.NDArray[np.uint8]:
    """Assign events to train, validation and test.

    An event's part depends on its number, the process and the seed alone, so it stays the same
    when a dataset grows or is cut into other shards.

    Parameters
    ----------
    seed
        The dataset's seed.
    events
        (n,) numbers of the events within the process.
    fractions
        Of train, validation and test; none negative, and they add up to 1.

    Returns
    -------
    NDArray[np.uint8]
        (n,) values of `rs3l_data.describe.schema.Split`.

    Raises
    ------
    ValueError
        If the fractions are not fractions.
    """
    if min(fractions) < 0 or not math.isclose(sum(fractions), 1, abs_tol=1e-9):
        raise ValueError(f"split fractions must be >= 0 and add up to 1, found {fractions}")
    keys = event_keys(seed, process, "split", events)
    uniform = (keys >> np.uint64(11)) * 2.0**-53
    last = max(part for part, fraction in enumerate(fractions) if fraction > 0)
    # Rounding of the sums must not leave a gap below 1 that would fall to an empty part.
    part = np.searchsorted(np.cumsum(fractions)[:2], uniform, side="right")
    return np.minimum(part, last).astype(np.uint8)
