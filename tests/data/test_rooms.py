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
    "cluster": {"describe", "detect"},
    "store": {"describe", "events"},
    "integrity": {"describe", "store"},
    "reshape": {"describe", "events", "store", "integrity"},
    "record": {"describe", "events", "store"},
    "report": {"describe", "store"},
    "exchange": {"describe", "events", "simulate", "store"},
    "convert": {"cluster", "describe", "store"},
    "jobs": {"describe", "events", "store"},
    "validation": {"describe", "detect", "events", "report", "store"},
    "plan": {"describe", "events", "jobs", "report", "simulate", "store"},
}
COMMANDS = "commands"


def modules_imported_by(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    whole = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return whole | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


def rooms_imported_by(path: Path) -> set[str]:
    modules = [name for name in modules_imported_by(path) if name.startswith("rs3l_data.")]
    names = {module.split(".")[1] for module in modules}
    return {name for name in names if (PACKAGE / name).is_dir()}


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_from_upstream_alone(room: str) -> None:
    for path in (PACKAGE / room).rglob("*.py"):
        assert rooms_imported_by(path) <= MAY_IMPORT[room] | {room}, path


def test_every_room_is_known() -> None:
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert rooms == {*MAY_IMPORT, COMMANDS}


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_does_not_go_round_by_the_front_door(room: str) -> None:
    """`rs3l_data.open` may reach for an archive, and so for rooms downstream."""
    for path in (PACKAGE / room).rglob("*.py"):
        assert "rs3l_data" not in modules_imported_by(path), path


def test_only_the_command_line_imports_commands() -> None:
    for path in PACKAGE.glob("*.py"):
        if path.name != "__main__.py":
            assert COMMANDS not in rooms_imported_by(path), path
