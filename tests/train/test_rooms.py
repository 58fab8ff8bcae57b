"""The rooms of docs/architecture.md: imports run downstream only."""

import ast
from pathlib import Path

import pytest

import rs3l_train

PACKAGE = Path(rs3l_train.__file__).parent
MAY_IMPORT: dict[str, set[str]] = {
    "config": set(),
    "views": {"config"},
    "backbones": {"config", "views"},
    "objectives": {"backbones", "config", "views"},
    "loop": {"config", "views"},
    "evaluation": {"loop", "objectives", "views"},
    "tasks": {"backbones", "config", "evaluation", "loop", "objectives", "views"},
    "testing": {"backbones", "config", "objectives", "tasks", "views"},
    "benchmark": {"backbones", "config", "loop", "tasks", "views"},
    "commands": {"benchmark", "config", "loop", "tasks", "views"},
}


def rooms_imported_by(path: Path) -> set[str]:
    names = {
        node.module.split(".")[1]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rs3l_train.")
    }
    return {name for name in names if (PACKAGE / name).is_dir()}


def test_every_room_is_known_and_none_is_upstream_of_itself() -> None:
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} == MAY_IMPORT.keys()
    known: set[str] = set()
    for room, upstream in MAY_IMPORT.items():
        assert upstream <= known, room
        known.add(room)


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_from_upstream_alone(room: str) -> None:
    for path in (PACKAGE / room).rglob("*.py"):
        assert rooms_imported_by(path) <= MAY_IMPORT[room] | {room}, path
