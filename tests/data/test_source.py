from __future__ import annotations

from pathlib import Path

from rs3l_data.jobs.provenance import _SOURCE
from rs3l_data.source import source_digest
from tests.data.test_rooms import MAY_IMPORT


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
