"""What can go wrong in training besides its input."""

from __future__ import annotations

from rs3l_data.errors import RS3LError


class TrainingError(RS3LError):
    """A training that cannot go on: the loss or its gradient is no longer a number."""


class TrainingStoppedError(RS3LError):
    """A training that a signal stopped, and that can go on later."""

    exit_code = 130


class ExportError(RS3LError):
    """A network that another format does not hold faithfully."""
