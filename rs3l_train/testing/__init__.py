"""What tests of a network or an objective call, in this package or in another."""

from __future__ import annotations

from rs3l_train.testing.networks import check_backbone
from rs3l_train.testing.objectives import check_objective

__all__ = ["check_backbone", "check_objective"]
