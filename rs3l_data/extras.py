"""Packages that are not there because they belong to an extra of ours, in words."""

from __future__ import annotations

import re
from importlib import metadata

_DISTRIBUTIONS = {"sklearn": "scikit-learn"}
"""Of modules that are called otherwise"""
_OF_AN_EXTRA = re.compile(r"([\w.-]+).*extra == ['\"]([\w-]+)['\"]")


def how_to_install(module: str | None) -> str | None:
    """Say how a module that could not be imported is installed; None if no extra brings it."""
    package = (module or "").partition(".")[0]
    extras = _extras_with(_DISTRIBUTIONS.get(package, package))
    if not extras:
        return None
    commands = " or ".join(f"`pip install '.[{extra}]'`" for extra in extras)
    return f"this needs the package {package}, which is not installed: {commands} in a clone"


def _extras_with(distribution: str) -> list[str]:
    """List the extras that bring a distribution, but for those that are for developers."""
    try:
        required = metadata.requires("rs3l") or []
    except metadata.PackageNotFoundError:
        return []
    found = filter(None, map(_OF_AN_EXTRA.match, required))
    return [of[2] for of in found if of[1] == distribution and of[2] != "test"]
