"""YAML as configs, cards and catalogues are written in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from rs3l_data.errors import InputFileError, why_not_opened

_TOKEN = re.compile(r"'?<([a-z ]+)>'?")
"""As PyYAML names what is no character: <block end>, '<stream end>'"""


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

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Tell where a value stands that only looks like a date or a number."""
        try:
            return super().construct_object(node, deep)
        except ValueError as error:
            raise yaml.MarkedYAMLError(None, None, str(error), node.start_mark) from None


def parse_yaml(text: str) -> Any:
    """Parse one YAML document.

    Raises
    ------
    yaml.YAMLError
        If it is none, or a key stands twice in a mapping.
    """
    return yaml.load(text, _Loader)


def why_no_yaml(text: str, error: Exception) -> str:
    """Say in one line where a text is no YAML, and why: what PyYAML says is a drawing of several.

    Parameters
    ----------
    text
        What was parsed.
    error
        What parsing it has raised.
    """
    match error:
        case yaml.MarkedYAMLError(problem_mark=yaml.Mark() as mark):
            where = f"line {mark.line + 1}, column {mark.column + 1}"
            why, context, begun = error.problem or "", error.context or "", error.context_mark
            if context.startswith("while "):
                # What was being read may have begun long before.
                since = (
                    f" from line {begun.line + 1} on" if begun and begun.line < mark.line else ""
                )
                why += f" ({context}{since})"
            elif context:
                why = f"{context}, {why}"
            why = _TOKEN.sub(r"the \1", why).replace("the stream end", "the end of the text")
        case yaml.reader.ReaderError():
            before = text[: error.position]
            line, column = before.count("\n") + 1, error.position - before.rfind("\n")
            where = f"line {line}, column {column}"
            why = f"a character that YAML does not allow, {chr(error.character)!r}"
        case _:
            return " ".join(str(error).split())
    return f"{where}: {why}"


def read_yaml(path: Path) -> Any:
    """Read one YAML (or JSON) document.

    Raises
    ------
    InputFileError
        If the file cannot be read, is no YAML, or has a key twice; the message is one line, and
        names that of the file.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputFileError(why_not_opened(path, error)) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InputFileError(
            f"{path}: line {line}: not UTF-8, found the byte {error.object[error.start]:#x}; save"
            " the file as UTF-8"
        ) from None
    try:
        return parse_yaml(text)
    except _TwiceError as error:
        raise InputFileError(f"{path}: {error}") from None
    # Escapes of characters that there are not end in the other errors.
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        raise InputFileError(f"{path}: not a YAML file: {why_no_yaml(text, error)}") from None
