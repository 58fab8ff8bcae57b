from __future__ import annotations

import ast
from pathlib import Path

from rs3l_data.jobs.provenance import _SOURCE
from rs3l_data.source import source_digest
from tests.data.test_rooms import MAY_IMPORT, PACKAGE

# What makes numbers imports these for something else; what they import is not followed.
LEFT_OUT = {
    "what a config may say, and every file holds it": {
        *("describe/config.py", "describe/jets.py", "describe/view.py"),
    },
    "what is wrong with a config": {
        *("describe/numbers.py", "describe/stages.py", "describe/strict.py", "describe/wording.py"),
    },
    "which events and tables a job makes": {"describe/chunks.py", "describe/references.py"},
    "which columns there are, by the version of the format": {"describe/schema.py"},
    "arrays that are kept together": {"store/tables.py"},
    "where files are, and how they are read and written": {
        *("describe/catalogue/__init__.py", "describe/external.py", "describe/yaml_file.py"),
        *("store/atomic.py", "store/hard.py"),
    },
    "the cross section in files for other programs": {"store/summary.py"},
    "words and times": {"errors.py", "native_output.py", "stopwatch.py", "store/faults.py"},
}


def test_a_digest_is_of_the_files_and_nothing_else(tmp_path: Path) -> None:
    package = tmp_path / "package"
    (package / "simulate").mkdir(parents=True)
    (package / "chain.py").write_text("one")
    (package / "simulate/step.py").write_text("one")

    def digest(*parts: str) -> str:
        return source_digest.__wrapped__(package, parts)

    all_of_it, step = digest("."), digest("simulate")
    (package / "simulate/step.pyc").write_text("compiled")
    assert (digest("."), digest("simulate")) == (all_of_it, step)
    (package / "chain.py").write_text("two")
    assert digest(".") != all_of_it
    assert digest("simulate") == step
    (package / "simulate/step.py").rename(package / "simulate/other.py")
    assert digest("simulate") != step
    assert digest("simulate", "chain.py") != digest("simulate")


def test_every_room_on_the_way_to_a_jet_makes_its_numbers() -> None:
    found = {"chain"}
    while more := {room for known in found for room in MAY_IMPORT[known]} - found:
        found |= more
    # Every room may import how rows of flat tables are found; not words, times and errors alone.
    found |= {"offsets"}
    assert found == {Path(part).parts[0].removesuffix(".py") for part in _SOURCE}


def imported_by(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("rs3l_data."):
            place = PACKAGE.parent.joinpath(*str(node.module).split("."))
            for name in node.names:
                files = place / f"{name.name}.py", place.with_suffix(".py"), place / "__init__.py"
                file = next(file for file in files if file.is_file())
                found.add(file.relative_to(PACKAGE).as_posix())
    return found


def test_what_makes_numbers_imports_what_makes_numbers_or_is_left_out_for_a_reason() -> None:
    """All begins in chain.py, pileup.py and describe/settings.py, which are among them."""
    places = [PACKAGE / part for part in _SOURCE]
    files = {file for place in places for file in [place, *place.rglob("*.py")]}
    code = {file.relative_to(PACKAGE).as_posix(): file for file in files if file.suffix == ".py"}
    others = {name for file in code.values() for name in imported_by(file)} - {*code}
    assert others == set().union(*LEFT_OUT.values())
