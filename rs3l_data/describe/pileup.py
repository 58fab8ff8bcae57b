"""Pile-up: the other collisions in the bunch crossing of a hard event, and what is done about them.

It belongs to what follows the stable particles, as the detector does: a view may change it at any
intervention point, and what its parents changed holds for it, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from rs3l_data.describe import tree
from rs3l_data.describe.strict import Strict, validate
from rs3l_data.describe.view import View

Mitigation = Literal["none", "chs", "puppi"]


class Pileup(Strict):
    """The pile-up of a view."""

    mean: float = Field(
        0.0,
        ge=0,
        le=1000,
        description="Mean number of further inelastic collisions in a bunch crossing; 0 switches "
        "pile-up and its mitigation off.",
    )
    vertex_z_sigma: float = Field(
        50.0,
        gt=0,
        description="r.m.s. length of the luminous region along the beam [mm]; see docs/pileup.md.",
    )
    mitigation: Mitigation = Field(
        "puppi",
        description="What is done about it before the jets: `none`, `chs` (charged-hadron "
        "subtraction) or `puppi` (a weight for each particle).",
    )


class PileupOfRun(Pileup):
    """Pile-up, off by default; see docs/pileup.md."""

    sample_events: int = Field(
        2000,
        gt=0,
        le=20_000,
        description="Minimum-bias events that the collisions are drawn from; all views share them.",
    )


def pileup_on_branch(of_run: PileupOfRun, views: Mapping[str, View], view: str) -> Pileup:
    """Give the pile-up of a view: that of the run with all changes on its branch.

    Raises
    ------
    ConfigError
        If a view changes a key that does not exist, or gives it a wrong value.
    """
    changes: dict[str, Any] = of_run.model_dump(exclude={"sample_events"})
    for name in tree.path_to(views, view):
        changes |= views[name].pileup
    return validate(Pileup, changes, "pileup")
