"""The rooms of docs/architecture.md: imports run downstream only."""

import ast
from pathlib import Path

import pytest

import rs3l_data

PACKAGE = Path(rs3l_data.__file__).parent
MAY_IMPORT: dict[str, set[str]] = {
    "describe": set(),
    "events": set(),
    "simulate": {"describe", "events"},
    "detect": {"describe", "events"},
    "cluster": {"detect"},
    "store": {"describe", "events"},
    "integrity": {"describe", "store"},
    "reshape": {"describe", "events", "store", "integrity"},
    "record": {"describe", "events", "store"},
    "report": {"describe", "store"},
}


def rooms_imported_by(path: Path) -> set[str]:
    names = {
        node.module.split(".")[1]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rs3l_data.")
    }
    return {name for name in names if (PACKAGE / name).is_dir()}


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_from_upstream_alone(room: str) -> None:
    for path in (PACKAGE / room).rglob("*.py"):
        assert rooms_imported_by(path) <= MAY_IMPORT[room] | {room}, path
