"""Text files of events on a disk that fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from rs3l_data.errors import InputFileError
from rs3l_data.exchange.text import reading_lines

# The memory of this process: it opens, and nothing can be read at its beginning.
FAILING = Path("/proc/self/mem")


def test_a_disk_that_fails_in_the_middle_is_named():
    with (
        pytest.raises(InputFileError, match=r"mem: its file system fails .*is back"),
        reading_lines(FAILING, lambda: "event 1"),
    ):
        pass
