"""What a view changes besides its random numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rs3l_data.describe.catalogue import entry

if TYPE_CHECKING:
    from rs3l_data.describe.config import View

AFTER_THE_SHOWER = (
    "StringZ:",
    "StringPT:",
    "StringFlav:",
    "StringFragmentation:",
    "StringInteractions:",
    "MiniStringFragmentation:",
    "HadronLevel:",
    "ParticleDecays:",
    "BoseEinstein:",
    "HadronScatter:",
    "Ropewalk:",
)
"""Settings of Pythia that act on partons after their shower and nowhere before."""


@dataclass(frozen=True, slots=True)
class Variation:
    """A variation, from the catalogue or written in place."""

    tune: str | None = None
    """Replaces the run's"""
    settings: tuple[str, ...] = ()
    """Of Pythia, read after everything else"""
    detector: dict[str, Any] = field(default_factory=dict)
    """Keys of the detector card with other values"""


def variation(view: View) -> Variation:
    """Look up what a view changes.

    Raises
    ------
    ValueError
        If the catalogue does not have it, with the nearest name.
    """
    if view.variation is None:
        return Variation()
    if isinstance(view.variation, str):
        named = entry("variations", view.variation)
        return Variation(
            named.get("tune"), tuple(named.get("settings", ())), named.get("detector", {})
        )
    return Variation(settings=view.variation)


def acts_after_the_shower(line: str) -> bool:
    """Say whether a setting changes the hadronisation or the decays alone.

    >>> acts_after_the_shower("StringZ:aLund = 0.6"), acts_after_the_shower("Tune:pp = 21")
    (True, False)
    """
    key = line.strip().lower()
    # A particle's own property: its code, then a colon, as in 111:mayDecay.
    particle = key.partition(":")[0].isdigit()
    return particle or key.startswith(tuple(prefix.lower() for prefix in AFTER_THE_SHOWER))
