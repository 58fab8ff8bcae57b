"""The rooms of docs/architecture.md, folders and single files: imports run downstream only."""

import ast
from pathlib import Path

import pytest

import rs3l_data

PACKAGE = Path(rs3l_data.__file__).parent
# What a room may import besides itself and what every room may.
MAY_IMPORT: dict[str, set[str]] = {
    "describe": set(),
    "events": set(),
    "simulate": {"describe", "events"},
    "detect": {"describe", "events"},
    "cluster": {"describe", "detect"},
    "store": {"describe", "events"},
    "integrity": {"describe", "store"},
    "reshape": {"describe", "store", "integrity"},
    "record": {"describe", "store"},
    "outdated": {"store"},
    "report": {"describe", "outdated", "store"},
    "exchange": {"describe", "events", "simulate", "store"},
    "convert": {"cluster", "describe", "integrity", "store"},
    "jet_table": {"cluster", "describe", "detect", "simulate", "store"},
    "pileup": {"describe", "detect", "events", "simulate"},
    "chain": {
        *("cluster", "describe", "events", "exchange", "jet_table", "pileup", "simulate", "store"),
    },
    "trial": {"chain", "describe", "events", "exchange", "simulate"},
    "jobs": {"chain", "describe", "events", "source", "store"},
    "benchmark": {
        *("chain", "describe", "events", "jobs", "pileup", "plan", "simulate", "store"),
    },
    "validation": {"describe", "detect", "events", "report", "store"},
    # Its measurement runs the chain on some events.
    "plan": {"chain", "describe", "events", "jobs", "pileup", "report", "simulate", "store"},
    "choices": set(),
    "slurm": set(),
    "clocks": set(),
    "source": set(),
}
# What every room may say of its work, and how, and what Python lacks.
EVERYWHERE = {
    *(
        "ending",
        "errors",
        "extras",
        "named_files",
        "numba_cache",
        "native_output",
        "offsets",
        "progress",
        "stopwatch",
        "text_table",
        "version",
    ),
}
COMMANDS = "commands"


def modules_imported_by(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    whole = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return whole | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


def rooms_imported_by(path: Path) -> set[str]:
    modules = [name for name in modules_imported_by(path) if name.startswith("rs3l_data.")]
    return {module.split(".")[1] for module in modules} - EVERYWHERE


def files_of(room: str) -> list[Path]:
    return [*(PACKAGE / room).rglob("*.py")] or [PACKAGE / f"{room}.py"]


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_from_upstream_alone(room: str) -> None:
    for path in files_of(room):
        assert rooms_imported_by(path) <= MAY_IMPORT[room] | {room}, path


def test_no_room_is_upstream_of_itself() -> None:
    for room in MAY_IMPORT:
        upstream, new = set(), set(MAY_IMPORT[room])
        while new:
            upstream |= new
            new = {other for one in new for other in MAY_IMPORT[one]} - upstream
        assert room not in upstream


@pytest.mark.parametrize("name", sorted(EVERYWHERE))
def test_what_every_room_imports_imports_none(name: str) -> None:
    assert rooms_imported_by(PACKAGE / f"{name}.py") == set()


def test_every_room_is_known() -> None:
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    files = {path.stem for path in PACKAGE.glob("*.py") if not path.stem.startswith("__")}
    assert folders | files == {*MAY_IMPORT, COMMANDS} | EVERYWHERE


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_does_not_go_round_by_the_front_door(room: str) -> None:
    """`rs3l_data.open` may reach for an archive, and so for rooms downstream."""
    for path in files_of(room):
        assert "rs3l_data" not in modules_imported_by(path), path


def test_only_the_command_line_imports_commands() -> None:
    for path in PACKAGE.glob("*.py"):
        if path.name != "__main__.py":
            assert COMMANDS not in rooms_imported_by(path), path
