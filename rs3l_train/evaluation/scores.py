"""What a tagger says of the jets of one view."""

from __future__ import annotations

from dataclasses import dataclass

from rs3l_train.evaluation.roc import F8


@dataclass(frozen=True, slots=True)
class Scores:
    """A tagger's scores in one view; signal is meant to score high."""

    signal: F8
    background: F8
    background_mass: F8 | None = None
    """Soft-drop mass of the background jets [GeV], NaN where it is not defined"""
