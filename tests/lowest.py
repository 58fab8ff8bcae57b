"""Constraints for pip: the lowest version of each package that pyproject.toml allows.

    python -m tests.lowest > FILE

What only tests need stays as it is pinned. For a Python without packages.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).parents[1]


def lowest() -> Iterator[str]:
    """Give a line for each package that somebody who uses rs3l installs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = dict(project["optional-dependencies"])
    tools = [_split(line)[0] for line in extras.pop("test")]
    of_users = dict(map(_split, [*project["dependencies"], *chain(*extras.values())]))
    lock = (ROOT / "envs/constraints.txt").read_text(encoding="utf-8")
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)$", lock, re.MULTILINE))
    for name, version in {**{name: pins[name] for name in tools}, **of_users}.items():
        yield f"{name}=={version}"


def _split(requirement: str) -> tuple[str, str]:
    """Give name and lower bound."""
    found = re.match(r"([\w.-]+)>=([\d.]+)", requirement)
    assert found, f"pyproject.toml: {requirement!r} has no lower bound"
    return found[1], found[2]


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in lowest())
