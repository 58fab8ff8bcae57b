from __future__ import annotations

import pytest
import torch
from safetensors.torch import save

from rs3l_data.errors import InputFileError
from rs3l_train.loop.sealed import read_header, read_sealed, sealed

TENSORS = {"weight": torch.arange(6.0).view(2, 3), "count": torch.tensor(7)}
HEADER = {"config": '{"width": 16}'}


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "x.safetensors"
    file.write_bytes(sealed("test-1", TENSORS, HEADER))
    return file


def test_what_is_read_is_what_was_written(path):
    tensors, header = read_sealed(path, "test-1", "no")
    assert tensors.keys() == TENSORS.keys()
    for name, value in TENSORS.items():
        assert torch.equal(tensors[name], value)
        assert tensors[name].dtype == value.dtype
    assert header["config"] == HEADER["config"]
    assert read_header(path, "test-1", "no") == header


def test_the_same_content_is_the_same_bytes(path):
    """By which networks are told apart; safetensors alone shuffles what the header says."""
    header = {**HEADER, "author": "Curie, Zoé"} | {str(i): "" for i in range(10)}
    once = sealed("test-1", TENSORS, header)
    assert all(sealed("test-1", TENSORS, dict(reversed(header.items()))) == once for _ in range(20))
    assert (8 + int.from_bytes(once[:8], "little")) % 8 == 0
    path.write_bytes(once)
    assert read_header(path, "test-1", "no").items() >= header.items()


@pytest.mark.parametrize("bit", [0, 3, 5])
def test_every_changed_byte_is_found(path, bit):
    whole = path.read_bytes()
    n_in_header = 8 + int.from_bytes(whole[:8], "little")
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1 << bit
        path.write_bytes(changed)
        with pytest.raises(InputFileError, match=r"x\.safetensors: .*; do this"):
            read_sealed(path, "test-1", "do this")
        if place >= n_in_header:
            read_header(path, "test-1", "do this")  # which does not look there


def test_a_missing_end_and_a_file_of_another_kind_are_named(path):
    with pytest.raises(InputFileError, match="its format is 'test-1', expected 'test-2'; try"):
        read_header(path, "test-2", "try")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputFileError, match=r"not a whole safetensors file: .*; try"):
        read_header(path, "test-1", "try")
    path.write_bytes(save(TENSORS, {"format": "test-1"}))
    with pytest.raises(InputFileError, match="damaged: not the header that was written; try"):
        read_header(path, "test-1", "try")
