"""What is known of a file by its bytes, and a disk that fails in the middle of them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from rs3l_data.errors import InputFileError
from rs3l_data.store.checksums import checksum, checksums
from rs3l_data.store.seal import check_seal

# The memory of this process: it opens, and nothing can be read at its beginning.
FAILING = Path("/proc/self/mem")


def test_the_checksums_are_those_of_hashlib(tmp_path):
    content = bytes(range(256)) * 10_000  # more than one block
    path = tmp_path / "a.bin"
    path.write_bytes(content)
    sha256, md5 = hashlib.sha256(content).hexdigest(), hashlib.md5(content).hexdigest()
    assert checksums(path) == (sha256, md5)
    assert checksum(path, "md5") == md5


@pytest.mark.parametrize(
    "read",
    [checksums, lambda path: checksum(path, "sha256"), check_seal],
    ids=["both", "one", "seal"],
)
def test_a_disk_that_fails_in_the_middle_is_named(read):
    with pytest.raises(InputFileError, match=r"mem: its file system fails .*is back"):
        read(FAILING)
