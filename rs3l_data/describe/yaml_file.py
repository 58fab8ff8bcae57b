"""YAML as configs, cards and catalogues are written in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from rs3l_data.errors import InputFileError, why_not_opened


class _TwiceError(yaml.YAMLError):
    """A key stands twice in one mapping."""


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice in one mapping: PyYAML alone takes the last one silently."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Compare the keys as they are written, before merge keys (`<<`) bring others in."""
        node = super().compose_mapping_node(anchor)
        lines: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag.endswith(":merge"):
                continue
            line = key.start_mark.line + 1
            if key.value in lines:
                raise _TwiceError(
                    f"line {line}: the key '{key.value}' stands in line {lines[key.value]} "
                    "already; remove one of the two"
                )
            lines[key.value] = line
        return node


def parse_yaml(text: str) -> Any:
    """Parse one YAML document.

    Raises
    ------
    yaml.YAMLError
        If it is none, or a key stands twice in a mapping.
    """
    return yaml.load(text, _Loader)


def read_yaml(path: Path) -> Any:
    """Read one YAML (or JSON) document.

    Raises
    ------
    InputFileError
        If the file cannot be read, is no YAML, or has a key twice; the message holds the line.
    """
    try:
        return parse_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputFileError(why_not_opened(path, error)) from None
    except _TwiceError as error:
        raise InputFileError(f"{path}: {error}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InputFileError(
            f"{path}: line {line}: not UTF-8, found the byte {error.object[error.start]:#x}; save"
            " the file as UTF-8"
        ) from None
    # Values that only look like dates or numbers end in a ValueError.
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputFileError(f"{path}: not a YAML file: {error}") from None
