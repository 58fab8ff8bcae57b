"""Compiled kernels find a place where neither the package nor the home can be written."""

import os
import stat

import pytest

from rs3l_data import numba_cache


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """Neither folder can be written; temporary files lie in a folder of the test's."""
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr(numba_cache, "_writable", lambda _: False)
    monkeypatch.setattr(numba_cache.tempfile, "tempdir", str(tmp_path))
    yield tmp_path
    os.environ.pop("NUMBA_CACHE_DIR", None)


def test_a_place_that_can_be_written_is_numba_s_own_affair(monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    numba_cache.choose_place()
    assert "NUMBA_CACHE_DIR" not in os.environ


def test_a_folder_of_the_user_s_own_is_taken_again(nowhere):
    for _ in range(2):
        os.environ.pop("NUMBA_CACHE_DIR", None)
        numba_cache.choose_place()
        assert os.environ["NUMBA_CACHE_DIR"] == str(nowhere / f"rs3l-numba-{os.getuid()}")
    (own,) = nowhere.iterdir()
    assert stat.S_IMODE(own.stat().st_mode) == 0o700


@pytest.mark.parametrize("kind", ["open to all", "a link"])
def test_code_that_others_may_have_put_there_is_not_taken(nowhere, kind):
    place = nowhere / f"rs3l-numba-{os.getuid()}"
    if kind == "a link":
        (nowhere / "elsewhere").mkdir(mode=0o700)
        place.symlink_to("elsewhere")
    else:
        place.mkdir()
        place.chmod(0o777)
    numba_cache.choose_place()
    assert os.environ["NUMBA_CACHE_DIR"].startswith(f"{nowhere}/rs3l-numba-")
    assert os.environ["NUMBA_CACHE_DIR"] != str(place)


def test_what_the_user_says_counts(nowhere, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", "mine")
    numba_cache.choose_place()
    assert os.environ["NUMBA_CACHE_DIR"] == "mine"


@pytest.mark.parametrize("answer", [True, False])
def test_a_folder_that_is_not_there_yet_is_judged_by_what_it_would_lie_in(
    tmp_path, monkeypatch, answer
):
    asked = []
    monkeypatch.setattr(os, "access", lambda path, _: asked.append(path) or answer)
    assert numba_cache._writable(tmp_path / "new/er") is answer
    assert asked == [tmp_path]


def test_a_user_without_a_home_can_import(monkeypatch):
    """A number in a container that stands in no list of users."""

    def unknown(_):
        raise KeyError

    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.delenv("HOME")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    assert not numba_cache._users_cache().exists()
    numba_cache.choose_place()
