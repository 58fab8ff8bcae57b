"""Folders that appear whole or not at all."""

import errno
import os
import time

import pytest

from rs3l_data.errors import StorageError, TakenError
from rs3l_data.store.folder import new_folder


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_appears_at_the_end_with_its_content(tmp_path):
    with new_folder(tmp_path / "new" / "x") as place:
        (place / "a").write_text("whole")
        assert not (tmp_path / "new" / "x").exists()
    assert names(tmp_path / "new") == ["x"]
    assert names(tmp_path / "new" / "x") == ["a"]


def test_two_that_write_to_one_place_do_not_meet(tmp_path):
    """Two containers often have the same number of a process, as this one has twice."""
    other = new_folder(tmp_path / "x")
    (other.__enter__() / "a").write_text("other's")
    with new_folder(tmp_path / "x") as place:
        (place / "b").write_text("ours")
        assert len(names(tmp_path)) == 2
    assert len(names(tmp_path)) == 2, "the other's is still there"
    fault = KeyboardInterrupt()
    assert not other.__exit__(KeyboardInterrupt, fault, None)
    assert names(tmp_path) == ["x"]
    assert names(tmp_path / "x") == ["b"]


def test_who_comes_second_is_told_so(tmp_path):
    second = new_folder(tmp_path / "x")
    (second.__enter__() / "b").write_text("second")
    with new_folder(tmp_path / "x") as place:
        (place / "a").write_text("first")
    with pytest.raises(TakenError, match="x: there is something already"):
        second.__exit__(None, None, None)
    assert names(tmp_path) == ["x"]
    assert names(tmp_path / "x") == ["a"]


def test_a_link_is_no_new_folder(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "x").symlink_to("elsewhere")
    with (
        pytest.raises(TakenError, match="x: there is something already"),
        new_folder(tmp_path / "x"),
    ):
        pass


def test_what_is_taken_is_wrong_usage_and_a_full_disk_a_failure(tmp_path):
    """A script that tries again after a failure must not do so after a wrong `--to`."""
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "mine").touch()
    with pytest.raises(TakenError) as taken, new_folder(tmp_path / "x"):
        pass
    assert taken.value.exit_code == 2
    with pytest.raises(StorageError) as full, new_folder(tmp_path / "y"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert full.value.exit_code == 1


def test_what_a_killed_process_left_is_removed_an_hour_later(tmp_path):
    old, busy, other = (tmp_path / f".{name}.part" for name in ("x.1", "x.2", "y.1"))
    hour_ago = (time.time() - 4000,) * 2
    for left_over in (old, busy, other):
        (left_over / "train").mkdir(parents=True)
        (left_over / "train" / "a.h5").touch()
        if left_over != busy:
            os.utime(left_over / "train" / "a.h5", hour_ago)
        # Nothing has been added to the folder itself for long, but to a file within.
        os.utime(left_over / "train", hour_ago)
        os.utime(left_over, hour_ago)
    with new_folder(tmp_path / "x"):
        pass
    assert names(tmp_path) == [busy.name, other.name, "x"]


def test_a_folder_in_a_file_is_told_in_words(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(StorageError, match="file is not a folder; choose another"),
        new_folder(tmp_path / "file" / "x"),
    ):
        pass
