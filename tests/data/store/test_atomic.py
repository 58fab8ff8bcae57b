import errno
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

import rs3l_data
from rs3l_data.errors import ConfigError, InputFileError, StorageError
from rs3l_data.store import hdf5
from rs3l_data.store.atomic import atomic_write, require_named, require_writable, write_whole
from rs3l_data.store.view_file import EventRange, write_view_file
from tests.data.store.random_tables import random_view
from tests.data.store.small_disk import fill_disk
from tests.synthetic import make_dataset


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def write_half(path, fault):
    with atomic_write(path) as temporary:
        temporary.write_text("half")
        raise fault


def test_file_appears_only_at_the_end_with_its_content(tmp_path):
    target = tmp_path / "new" / "a.txt"
    with atomic_write(target) as temporary:
        temporary.write_text("whole")
        assert not target.exists()
        assert temporary.parent == target.parent, "a rename is atomic only within a file system"
    assert target.read_text() == "whole"
    assert names(target.parent) == ["a.txt"]


def test_what_a_killed_process_left_is_removed_an_hour_later(tmp_path):
    old, young, other = (tmp_path / f".{name}.part" for name in ("a.h5.1", "a.h5.2", "b.h5.1"))
    for left_over in (old, young, other):
        left_over.touch()
    for left_over in (old, other):
        os.utime(left_over, times=(time.time() - 4000,) * 2)
    with atomic_write(tmp_path / "a.h5") as temporary:
        temporary.touch()
    assert names(tmp_path) == [young.name, other.name, "a.h5"]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_need_not_flush_folders(tmp_path, monkeypatch, number):
    fsync = os.fsync

    def files_alone(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        fsync(descriptor)

    monkeypatch.setattr("os.fsync", files_alone)
    write_whole(tmp_path / "x", "all of it")
    assert (tmp_path / "x").read_text() == "all of it"


def test_permissions_are_those_of_any_new_file(tmp_path):
    (tmp_path / "plain").touch()
    with atomic_write(tmp_path / "ours") as temporary:
        temporary.touch()
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("fault", [ValueError("no"), KeyboardInterrupt(), SystemExit(1)])
def test_fault_keeps_the_old_file_and_leaves_nothing(tmp_path, fault):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(type(fault)):
        write_half(target, fault)
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_link_is_replaced_and_what_it_leads_to_stays(tmp_path):
    """A folder of links to another's files can be worked in."""
    (tmp_path / "original").write_text("old")
    (tmp_path / "link").symlink_to("original")
    write_whole(tmp_path / "link", "new")
    assert not (tmp_path / "link").is_symlink()
    assert (tmp_path / "original").read_text() == "old"


@pytest.mark.parametrize("write", [lambda path: write_whole(path, "x"), require_writable])
def test_a_pipe_or_a_device_is_never_replaced(tmp_path, write):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/null")
    for name in ("pipe", "link"):
        with pytest.raises(StorageError, match=f"{name}: a device or a pipe"):
            write(tmp_path / name)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_text_takes_the_place_of_its_kind_alone(tmp_path):
    taken = tmp_path / "dataset.json"
    require_named(taken, "page", ".html")
    taken.write_text("{}")
    with pytest.raises(ConfigError, match=r"is there and no page by its name; .* x\.html"):
        require_named(taken, "page", ".html", ".htm")
    require_named(taken, "manifest", ".html", ".json")


@pytest.mark.parametrize("name", ["b.txt", "a/b.txt"])
def test_what_is_no_folder_is_named(tmp_path, name):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")
    for taken in ("file", "link"):
        with pytest.raises(StorageError, match=rf"{taken}/{name}: .*/{taken} is not a folder"):
            write_whole(tmp_path / taken / name, "x")


@pytest.mark.parametrize("length", [250, 300])
@pytest.mark.parametrize("write", [lambda path: write_whole(path, "x"), require_writable])
def test_a_name_that_is_too_long_is_told_in_words(tmp_path, write, length):
    """Some bytes belong to what is written first, hidden beside it."""
    path = tmp_path / ("a" * length)
    with pytest.raises(StorageError, match=f"{path}: its name is too long .*choose a shorter"):
        write(path)
    assert names(tmp_path) == []


def after(fault, first):
    """A fault that came while another was handled."""
    fault.__context__ = first
    return fault


@pytest.mark.parametrize(
    "fault",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        # As Arrow does.
        after(RuntimeError("only after close"), OSError(errno.ENOSPC, "No space left on device")),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        # As HDF5 tells it when it closes a file.
        OSError("Can't write data (errno = 28, error message = 'No space left on device')"),
        RuntimeError("Can't decrement id ref count (error message = 'No space left on device')"),
    ],
)
def test_full_disk_is_told_in_words(tmp_path, fault):
    with pytest.raises(StorageError, match=r"a\.h5: .*full .*MB free") as caught:
        write_half(tmp_path / "a.h5", fault)
    assert caught.value.exit_code == 1
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (OSError(errno.EFBIG, "File too large"), "larger than a file may be"),
        (OSError(errno.EIO, "Input/output error"), "file system fails .*is back"),
        (OSError(errno.ESTALE, "Stale file handle"), "file system fails .*is back"),
        (OSError(errno.EROFS, "Read-only file system"), "no permission to write"),
    ],
)
def test_a_failing_disk_is_told_in_words(tmp_path, fault, words):
    with pytest.raises(StorageError, match=rf"a\.h5: .*{words}"):
        write_half(tmp_path / "a.h5", fault)
    assert names(tmp_path) == []


@pytest.mark.parametrize("relative", [False, True])
def test_a_folder_that_vanishes_while_it_is_written_is_told_in_words(
    tmp_path, monkeypatch, relative
):
    monkeypatch.chdir(tmp_path)
    folder = Path("gone") if relative else tmp_path / "gone"

    def write():
        with atomic_write(folder / "a.h5") as temporary:
            temporary.write_text("whole")
            folder.rename(tmp_path / "away")

    with pytest.raises(StorageError, match=r"a\.h5: its folder .* vanished while .* comes back"):
        write()
    assert not folder.exists()


@pytest.mark.parametrize("name", ["a.h5", "folder/a.h5"])
@pytest.mark.parametrize("write", [lambda path: write_whole(path, "x"), require_writable])
def test_a_folder_that_cannot_be_made_is_not_only_called_vanished(
    tmp_path, monkeypatch, write, name
):
    """As in /proc, which says of what it does not make that it is not there."""

    def refused(self, *_, **__):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self))

    monkeypatch.setattr(Path, "touch" if name == "a.h5" else "mkdir", refused)
    monkeypatch.setattr(Path, "write_bytes", refused)
    words = r"a\.h5: its folder is not there and cannot be made, or takes no .* choose another"
    with pytest.raises(StorageError, match=words):
        write(tmp_path / name)


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE])
def test_a_disk_that_fails_while_reading_is_not_called_a_damaged_file(tmp_path, number):
    with hdf5.create(tmp_path / "a.h5", "shard", {}) as file:
        file.create_group("initiators")
    # As HDF5 tells it.
    fault = OSError(f"Can't read data (errno = {number}, error message = '{os.strerror(number)}')")
    with (
        pytest.raises(InputFileError, match="its file system fails") as caught,
        hdf5.reading(tmp_path / "a.h5", "shard"),
    ):
        raise fault
    assert "damaged" not in str(caught.value)


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EACCES, errno.EIO, errno.ENAMETOOLONG])
@pytest.mark.parametrize("place", ["elsewhere", "beside"])
def test_faults_of_other_files_pass_through(tmp_path, number, place):
    """Of one that is read to be written anew, say: to choose another folder would not help."""
    other = str(tmp_path / "input.h5") if place == "beside" else "/data/input.h5"
    with (
        pytest.raises(OSError, match=r"input\.h5"),
        atomic_write(tmp_path / "a"),
    ):
        raise OSError(number, os.strerror(number), other)


@pytest.mark.parametrize("name", ["there", ".", ""])
def test_a_folder_is_not_taken_for_a_file_to_write(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    began = False
    with (
        pytest.raises(StorageError, match="a folder, expected the name of a file"),
        atomic_write(Path(name)),
    ):
        began = True
    assert not began
    assert names(tmp_path) == ["there"]


@pytest.mark.parametrize("room", [0, 100, 10_000])
def test_full_disk_while_writing_a_dataset(tmp_path, monkeypatch, room):
    fill_disk(monkeypatch, room)
    with pytest.raises(StorageError, match=r"shard-0000\.h5: .*full"):
        make_dataset(tmp_path / "ds", n_events=3)
    assert names(tmp_path / "ds") == []


def test_full_disk_ends_long_work_soon(tmp_path, monkeypatch):
    """Not when an hour of simulation is over."""
    fill_disk(monkeypatch, room=100_000)
    block = {"nominal": random_view(np.random.default_rng(1), [30] * 1000)}
    keys = {"event": np.arange(40_000), "initiator": np.zeros(40_000, np.uint8)}
    blocks = iter([block] * 40)
    with pytest.raises(StorageError, match="full"):
        write_view_file(
            tmp_path / "v.h5", EventRange("hbb", 0, 39_999), keys, ["nominal"], blocks, {}
        )
    assert len([*blocks]) > 20
    assert names(tmp_path) == []


WRITER = """
import os, signal, sys
from pathlib import Path
from rs3l_data.store import hdf5

# The process dies when the file is written and flushed, and lacks only its name.
Path.replace = lambda self, target: os.kill(os.getpid(), signal.SIGKILL)
with hdf5.create(Path(sys.argv[1]), "shard", {"config": {}}) as file:
    file.create_group("initiators")
"""


def test_killed_process_leaves_nothing_that_passes_for_a_result(tmp_path):
    target = tmp_path / "shard.h5"
    done = subprocess.run([sys.executable, "-c", WRITER, str(target)], check=False)
    assert done.returncode == -signal.SIGKILL
    (left_over,) = tmp_path.iterdir()
    assert left_over.name.startswith(".shard.h5.")
    assert left_over.suffix == ".part"
    assert h5py.is_hdf5(left_over), "the test must kill a process that has written all"
    assert list(tmp_path.glob("*.h5")) == []
    with pytest.raises(InputFileError, match="no such file"):
        rs3l_data.open(target)
