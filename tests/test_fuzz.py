"""Damaged and hostile files end in an error that names them: no crash, hang or wrong value.

``make fuzz`` tries more of them.
"""

import numpy as np
import pytest

from rs3l_data.errors import InputFileError
from tests import fuzz


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    return fuzz.sources(tmp_path_factory.mktemp("sources"))


def test_damaged_files_of_all_kinds(kinds, tmp_path):
    counts, bad = fuzz.run(tmp_path, cases=100, seed=20, kinds=kinds)
    assert bad == []
    assert counts["refused"] > 60, "the files must be damaged where it matters"


@pytest.mark.parametrize("number", range(len(fuzz.TABLES) - 3))
def test_tables_that_are_not_as_the_schema_says(kinds, tmp_path, number):
    """Each kind of fault once, in a column that everyone reads."""
    path = tmp_path / "case.h5"
    path.write_bytes(kinds[0].source.read_bytes())
    with fuzz.h5py.File(path, "a") as file:
        fuzz.TABLES[number](file, "views/seed/constituents/energy", np.random.default_rng(number))
    word, said = fuzz.outcome(kinds[0], path, b"")
    assert word == "refused", said
    assert str(path) in said


def test_no_reading_allocates_what_a_file_only_declares(kinds, tmp_path):
    path = tmp_path / "case.h5"
    path.write_bytes(kinds[0].source.read_bytes())
    with fuzz.h5py.File(path, "a") as file:
        fuzz.absurd(file, "initiators/event", np.random.default_rng(0))
    with pytest.raises(InputFileError, match=r"declares 8000000000000000 bytes .* absurd"):
        fuzz.rs3l_data.open(path)
