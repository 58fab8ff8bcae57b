"""One at a time in a folder, whoever made it and whoever removes it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from rs3l_data.errors import StorageError
from rs3l_data.store.alone import alone


def test_there_is_never_more_than_one(tmp_path):
    """Each removes the folder that the others wait for."""
    inside, most = [], []

    def enter(_):
        for _ in range(100):
            with alone(tmp_path / "new" / "folder"):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(enter, range(4)))
    assert most == [1] * 400
    assert not (tmp_path / "new" / "folder").exists()


def test_who_does_not_wait_is_told(tmp_path):
    taken = RuntimeError("mine")
    with alone(tmp_path / "folder"):
        with pytest.raises(RuntimeError, match="mine"), alone(tmp_path / "folder", taken):
            pass
        with alone(tmp_path / "other", taken):
            pass
    with alone(tmp_path / "folder", taken):
        pass


def test_what_is_in_the_folder_stays(tmp_path):
    with alone(tmp_path / "folder"):
        (tmp_path / "folder" / "file").write_text("mine")
    assert (tmp_path / "folder" / "file").read_text() == "mine"


@pytest.mark.parametrize("dangling", [False, True])
def test_what_is_no_folder_is_told(tmp_path, dangling):
    if dangling:
        (tmp_path / "here").symlink_to("nowhere")
    else:
        (tmp_path / "here").write_text("mine")
    with pytest.raises(StorageError, match="here: "), alone(tmp_path / "here"):
        pass
