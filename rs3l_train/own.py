"""What the settings of networks and objectives inherit from that other packages bring.

This file imports nothing of `rs3l_train`, which imports those packages: see `config.announced`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from rs3l_data.describe.strict import Strict


class OwnBackbone(Strict, ABC):
    """Settings of a network of another package."""

    name: str
    """A literal, and that of the entry point"""

    @abstractmethod
    def build(self, n_inputs: int) -> Any:
        """Build the `Backbone` for ``n_inputs`` features of a constituent."""


class ObjectiveSettings(Strict):
    """What all objectives have."""

    needs_pairs: ClassVar[bool] = True
    """Whether a jet that is in the batch once only is of no use"""
    needs_labels: ClassVar[bool] = False
    """Whether it learns to tell the dataset's labels apart"""


class OwnObjective(ObjectiveSettings, ABC):
    """Settings of an objective of another package."""

    name: str
    """A literal, and that of the entry point"""

    @abstractmethod
    def build(self, backbone: Any, presentation: Any, n_labels: int) -> Any:
        """Build the `Objective` of a `Backbone` and a `Presentation`, for a dataset's labels."""
