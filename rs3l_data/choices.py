"""Options by which commands choose parts of a dataset by name, all spelled and read alike."""

from __future__ import annotations

from typing import Any

import typer


def choice(plural: str, singular: str, says: str) -> Any:
    """Make an option of names: ``--views nominal,seed`` and ``--view nominal --view seed``.

    The command gets a list of them; None if the option is not given.
    """
    return typer.Option(
        f"--{plural}", f"--{singular}", metavar="NAME,...", help=says, callback=_single_names
    )


def _single_names(given: list[str] | None) -> list[str]:
    """Part names at commas; of the empty list, for an option not given, typer makes None."""
    text = ",".join(given or [])
    names = [name.strip() for name in text.split(",")] if given else []
    if not all(names):
        raise typer.BadParameter(f"'{text}': a name is empty")
    return names
