import re
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rs3l_data.convert.growing import growing
from rs3l_data.convert.rows import blocks, interleaved
from rs3l_data.convert.sources import find_sources
from rs3l_data.describe.schema import Split
from rs3l_data.errors import InputFileError


@pytest.fixture(scope="module")
def whole(folder):
    import rs3l_data

    return rs3l_data.open(folder)


@given(rows=st.integers(1, 100))
def test_blocks_are_the_dataset_in_equal_parts_of_each_shard(whole, rows):
    parts = list(interleaved(whole, rows))
    for shard, own in enumerate(whole.rows):
        pieces = [part.rows[shard] for part in parts]
        assert np.concatenate(pieces).tolist() == own.tolist()
        sizes = list(map(len, pieces))
        assert max(sizes) - min(sizes) <= 1
    assert max(map(len, parts)) <= rows + len(whole.shards)


def test_blocks_hold_each_present_jet_once_mixed_and_the_same_way_each_time(whole):
    expected = whole.jets("seed")
    found = [block.view.jets["pt"] for block in blocks(whole, "seed", 20)]
    again = [block.view.jets["pt"] for block in blocks(whole, "seed", 20)]
    together = np.concatenate(found)
    there = expected["pt"][expected["present"]]
    assert sorted(together) == sorted(there)
    assert together.tolist() == np.concatenate(again).tolist()
    assert together.tolist() != there.tolist()


def test_a_block_keeps_rows_together(whole):
    rows = {
        (int(e), int(p), int(i)): pt
        for e, p, i, pt in zip(
            *(whole.initiators[n] for n in ("event", "process", "initiator")),
            whole.jets("nominal")["pt"],
            strict=True,
        )
    }
    for block in blocks(whole, "nominal", 20):
        own = block.initiators.columns
        for row in range(len(block)):
            key = tuple(int(own[n][row]) for n in ("event", "process", "initiator"))
            assert rows[key] == block.view.jets["pt"][row]
            of_row = block.view.constituents["pt"][block.owner == row]
            assert len(of_row) == block.view.jets["n_constituents"][row]


def test_a_growing_file_is_what_was_appended(tmp_path):
    pieces = [np.arange(n * 2.0).reshape(n, 2) for n in (3, 0, 1000)]
    with growing(tmp_path / "a.h5") as file:
        for piece in pieces:
            file.append("x", piece)
        assert not (tmp_path / "a.h5").exists()
    with h5py.File(tmp_path / "a.h5") as file:
        assert np.array_equal(file["x"][:], np.concatenate(pieces))


def test_a_growing_file_that_begins_with_nothing_has_chunks_of_many_rows(tmp_path):
    with growing(tmp_path / "a.h5") as file:
        for n in (0, 5000):
            file.append("x", np.ones((n, 3), np.float32))
    with h5py.File(tmp_path / "a.h5") as found:
        assert found["x"].shape == (5000, 3)
        assert found["x"].chunks[0] >= 1000


def test_a_growing_file_that_fails_leaves_nothing(tmp_path):
    with pytest.raises(TypeError), growing(tmp_path / "a.h5") as file:
        file.append("x", np.array([object()]))
    assert list(tmp_path.iterdir()) == []


def test_sources_have_their_part_and_patterns_are_sorted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("b.root", "a.root", "c.txt", "plain:name.h5"):
        (tmp_path / name).touch()
    found = find_sources([f"validation:{tmp_path}/*.root", "plain:name.h5"])
    assert [source.path.name for source in found] == ["a.root", "b.root", "plain:name.h5"]
    assert [source.split for source in found] == [Split.VALIDATION, Split.VALIDATION, None]
    assert found[2].path == Path("plain:name.h5"), "only names of splits are prefixes"


def test_a_file_given_twice_is_an_error(tmp_path):
    """Its jets would be there twice, in two parts of the split perhaps."""
    (tmp_path / "a.h5").touch()
    (tmp_path / "link.h5").symlink_to("a.h5")
    for again in ("a.h5", "link.h5"):
        with pytest.raises(InputFileError, match=r"a\.h5: given 2 times"):
            find_sources([f"train:{tmp_path}/a.*", f"test:{tmp_path}/{again}"])


def test_a_file_that_is_none_is_told_in_words(tmp_path):
    (tmp_path / "loop.h5").symlink_to("loop.h5")
    for name, words in (("none.h5", "no such file"), (".", "a folder"), ("loop.h5", "cannot be")):
        with pytest.raises(InputFileError, match=words):
            find_sources([f"{tmp_path}/{name}"])


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        (
            "val:a.h5",
            "val:a.h5: no such file, nor is 'val' a part of the split; did you mean 'vali",
        ),
        ("Train:*.h5", "did you mean 'train:*.h5'?"),
        ("validaton:a.h5", "did you mean 'validation'? Valid: train, validation, test"),
        ("2026:a.h5", "nor is '2026' a part of the split; Valid: train, validation, test"),
    ],
)
def test_a_prefix_that_is_no_part_of_the_split_is_told_what_they_are(
    tmp_path, monkeypatch, argument, words
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.h5").touch()
    with pytest.raises(InputFileError, match=re.escape(words)):
        find_sources([argument])


def test_a_pattern_without_files_is_an_error(tmp_path):
    with pytest.raises(InputFileError, match="no file matches"):
        find_sources([f"train:{tmp_path}/*.h5"])
