"""Whether two datasets have hard events in common, whatever they are called and however split.

Of the keys of many initiators the smallest are kept. Another set shares a key with them if it has
the same initiator, and of its own keys that are as small the part that it shares is an estimate of
the part of all (a bottom-k sketch; Cohen and Kaplan, PODC 2007).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from rs3l_data.describe.seeds import mixed
from rs3l_data.store.tables import Array

Keys = npt.NDArray[np.uint64]

SIZE = 8192
"""Keys that are kept: of 10⁶ initiators, those below 0.8 % of the largest key there can be"""


def initiator_keys(initiators: Mapping[str, Array]) -> Keys:
    """Derive a key for each initiator from its momentum in the hard process.

    Parameters
    ----------
    initiators
        Columns of a dataset, (n_rows,) each.

    Returns
    -------
    (n,) of those whose momentum is known.
    """
    known = np.isfinite(initiators["pt"]) & (initiators["pt"] > 0)
    pt, eta, phi = (_bits(initiators[name][known]) for name in ("pt", "eta", "phi"))
    return mixed(mixed(np.uint64(0), pt << np.uint64(32) | phi), eta)


def _bits(column: Array) -> Keys:
    return np.ascontiguousarray(column, "<f4").view("<u4").astype(np.uint64)


@dataclass(frozen=True, eq=False)
class Sketch:
    """The smallest keys of a set."""

    keys: Keys
    """(n,) rising, at most `SIZE`; if they are fewer, all that there are"""

    @classmethod
    def of(cls, keys: Keys) -> Self:
        """Keep the smallest keys."""
        return cls(np.unique(keys)[:SIZE])

    def compared_with(self, keys: Keys) -> tuple[int, int]:
        """Tell how many of other keys can be compared, and how many of these are in the set."""
        if len(self.keys) == SIZE:
            keys = keys[keys <= self.keys[-1]]
        return len(keys), int(np.isin(keys, self.keys).sum())

    def to_text(self) -> str:
        """Write the keys in Base64."""
        return base64.b64encode(self.keys.astype("<u8").tobytes()).decode("ascii")

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read what `to_text` wrote.

        Raises
        ------
        ValueError
            If it is something else.
        """
        try:
            return cls(np.frombuffer(base64.b64decode(text, validate=True), "<u8"))
        except binascii.Error as error:
            raise ValueError(str(error)) from None
