import os
import time

import pytest

from rs3l_data.clocks import TOLERANCE, require_past
from rs3l_data.errors import InputFileError


def dated(folder, **seconds):
    """Make files, each so many seconds ahead of now."""
    now, paths = time.time(), []
    for name, ahead in seconds.items():
        path = folder / name
        path.touch()
        os.utime(path, (now + ahead, now + ahead))
        paths.append(path)
    return paths


def test_files_of_the_past_and_of_clocks_that_differ_a_little_pass(tmp_path):
    paths = dated(tmp_path, old=-1e8, now=0, little=TOLERANCE / 2)
    require_past([*paths, tmp_path / "not made yet"], tmp_path)


def test_files_of_the_future_are_counted_and_the_latest_is_named(tmp_path):
    paths = dated(tmp_path, past=-10, soon=2 * TOLERANCE, tomorrow=86400)
    with pytest.raises(InputFileError, match=r"tomorrow: dated in the future, .*2 such.*touch"):
        require_past([*paths, *paths], tmp_path)
