"""What can go wrong in training besides its input."""

from __future__ import annotations

from rs3l_data.errors import RS3LError


class TrainingError(RS3LError):
    """A training that cannot go on: the loss or its gradient is no longer a number."""


class ExportError(RS3LError):
    """A network that another format does not hold faithfully."""
