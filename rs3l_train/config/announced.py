"""Networks and objectives of other packages, which say their settings in entry points.

What is installed is trusted to be imported, and nothing else: no config and no file of a network
names code.
"""

from __future__ import annotations

import sys
from functools import reduce
from importlib.metadata import EntryPoint, entry_points
from operator import or_
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import Field

from rs3l_data.describe.strict import Named, Strict, tags
from rs3l_data.errors import ConfigError
from rs3l_data.source import source_digest

_faults: list[str] = []
_packages: dict[str, dict[str, None]] = {}


def with_announced(shipped: Any, group: str, base: type[Strict], default: str) -> Any:
    """Add to a union of settings those that installed packages announce.

    A fault is told when a config is read: see `require_sound`.

    Parameters
    ----------
    group
        Of the entry points.
    base
        The class that such settings inherit from.
    default
        The `name` of a block that has none.

    Returns
    -------
    type
        The union, for a field of a model.
    """
    members = {tags(one)[0]: one for one in get_args(shipped)}
    for entry in sorted(entry_points(group=group)):
        try:
            settings = entry.load()
        except Exception as error:  # Of whatever kind: it is another package's code.
            fault = f"{type(error).__name__}: {error}"
        else:
            fault = _fault(entry, settings, base)
            if not fault and entry.name in members:
                fault = "the name is taken"
        if fault:
            _faults.append(f"entry point '{entry.name}' of {group}, {_origin(entry)}: {fault}")
        else:
            members[entry.name] = settings
            _packages.setdefault(_origin(entry), {})[_digest(settings)] = None
    union: Any = reduce(or_, members.values())
    return Annotated[union, Field(discriminator="name"), Named(default)]


def require_sound() -> None:
    """Check that all announced settings could be imported and are what they have to be.

    Raises
    ------
    ConfigError
        With a line for each that is not.
    """
    if _faults:
        raise ConfigError("\n".join(f"{fault}; mend or uninstall it" for fault in _faults))


def own_packages() -> dict[str, str]:
    """Give digests of the code of each package that announces something, by name and version.

    One for each of its modules (folder or file) that hold what it announces.
    """
    return {name: " ".join(digests) for name, digests in _packages.items()}


def _fault(entry: EntryPoint, settings: Any, base: type[Strict]) -> str:
    if not (isinstance(settings, type) and issubclass(settings, base)):
        return f"{entry.value} is no subclass of {base.__module__}.{base.__name__}"
    if settings.__abstractmethods__:
        return f"{entry.value} has no method {', '.join(sorted(settings.__abstractmethods__))}"
    # Of other fields the words do not matter: many a network takes one of several.
    if get_args(settings.model_fields["name"].annotation) != (entry.name,):
        return f"{entry.value} needs `name: Literal[{entry.name!r}] = {entry.name!r}`"
    return ""


def _origin(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value


def _digest(settings: type[Strict]) -> str:
    """Give a digest of the package, or of the one file, that a class is defined in."""
    module = sys.modules[settings.__module__.partition(".")[0]]
    for folder in getattr(module, "__path__", ()):
        return source_digest(Path(folder))
    file = Path(str(module.__file__))
    return source_digest(file.parent, (file.name,))
