"""What can go wrong in training besides its input."""

from __future__ import annotations

from rs3l_data.errors import RS3LError


class TrainingError(RS3LError):
    """A training that cannot go on: the loss or its gradient is no longer a number."""


class TrainingStoppedError(RS3LError):
    """A training that a signal stopped, and that can go on later."""

    exit_code = 130


class ContractError(RS3LError):
    """A network or an objective that is not what its base class promises."""


class ExportError(RS3LError):
    """A network that another format does not hold faithfully."""


def require_kind(settings: object, built: object, kind: type) -> None:
    """Check that settings of another package build what they are there for.

    Raises
    ------
    ContractError
        If they build something else.
    """
    if not isinstance(built, kind):
        raise ContractError(
            f"{class_of(settings)}.build: gives a {class_of(built)}, expected a subclass of"
            f" {kind.__module__}.{kind.__name__}"
        )


def class_of(thing: object) -> str:
    """Name the class of what an error is about, with the module that defines it."""
    return f"{type(thing).__module__}.{type(thing).__qualname__}"
