"""Downloads from a server that misbehaves as networks and servers do."""

import errno
import os
import threading
import time

import numpy as np
import pytest
import requests

from rs3l_data.ending import last_words
from rs3l_data.errors import StorageError, TransferError
from rs3l_data.record.client import Client
from rs3l_data.record.names import PARTS
from tests.archive_server import Fault
from tests.data.record.conftest import SIZE


def begins(archive, name="data.bin"):
    """The byte that each request started with."""
    return [int(r.split("=")[1].rstrip("-")) if r else 0 for r in archive.asked_for(name)]


def here(tmp_path):
    return (tmp_path / "here" / "data.bin").read_bytes()


def test_a_file_arrives(archive, content, fetch, tmp_path):
    done = fetch()
    assert here(tmp_path) == content
    assert (done.files, done.fetched, done.bytes) == (1, 1, SIZE)
    assert sorted(p.name for p in (tmp_path / "here").iterdir()) == [".record.json", "data.bin"]


def test_a_cut_connection_is_resumed_where_it_broke(archive, content, fetch, tmp_path):
    archive.faults["data.bin"] = [Fault(cut_after=1_200_000), Fault(cut_after=700_000)]
    fetch()
    assert here(tmp_path) == content
    starts = begins(archive)
    assert starts[0] == 0
    # What the client's buffers held when the connection broke may be asked for again.
    assert 0 < starts[1] <= 1_200_000
    assert starts[1] < starts[2] <= 1_900_000


def test_a_connection_that_times_out_is_no_fault_of_the_disk(
    archive, content, fetch, tmp_path, monkeypatch
):
    """The system's words for it are those for a file system that does not answer."""
    silence = OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
    lost = [requests.exceptions.ChunkedEncodingError(f"Connection broken: {silence!r}")]
    blocks = Client.blocks

    def broken_once(self, response):
        for block in blocks(self, response):
            if lost and "data.bin" in response.url:
                raise lost.pop()
            yield block

    monkeypatch.setattr(Client, "blocks", broken_once)
    fetch()
    assert here(tmp_path) == content
    assert not lost


def test_a_server_without_ranges_is_read_from_the_start(archive, content, fetch, tmp_path):
    archive.knows_ranges = False
    archive.faults["data.bin"] = [Fault(cut_after=2_000_000)]
    done = fetch()
    assert here(tmp_path) == content
    assert len(archive.asked_for("data.bin")) == 2
    assert done.bytes == SIZE


def test_a_second_command_goes_on_where_the_first_gave_up(archive, content, fetch, tmp_path):
    archive.faults["data.bin"] = [Fault(cut_after=2_000_000), *[Fault(status=503)] * 9]
    with pytest.raises(TransferError, match=r"503 .*failed 4 times in a row.*is kept"):
        fetch()
    assert not (tmp_path / "here" / "data.bin").exists()
    (part,) = (tmp_path / "here" / PARTS).iterdir()
    kept = part.stat().st_size
    assert kept > 0
    archive.faults.clear()
    archive.requests.clear()
    done = fetch()
    assert here(tmp_path) == content
    assert begins(archive) == [kept]
    assert done.bytes == SIZE - kept


def test_progress_forgives_failures(archive, content, fetch, tmp_path):
    """Only failures in a row count: many cuts are survived with few attempts."""
    archive.faults["data.bin"] = [Fault(cut_after=1_100_000)] * 2 + [Fault(status=500)] * 2
    archive.faults["data.bin"] += [Fault(cut_after=300_000), *[Fault(status=502)] * 2]
    fetch()
    assert here(tmp_path) == content


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500),
        Fault(status=502),
        Fault(status=504),
        Fault(status=408),
        Fault(status=416),
        Fault(status=425),
        Fault(corrupt=True),
        Fault(cut_after=0),
        Fault(body=b"<html>Bad day</html>", headers={"Content-Type": "text/html"}),
    ],
)
def test_a_passing_fault_is_survived(archive, content, fetch, tmp_path, fault):
    archive.faults["data.bin"] = [fault]
    fetch()
    assert here(tmp_path) == content
    assert len(archive.asked_for("data.bin")) == 2


def test_a_fault_of_the_interface_is_survived(archive, content, fetch, tmp_path):
    archive.faults["1"] = [Fault(status=502), Fault(cut_after=100), Fault(status=500)]
    fetch()
    assert here(tmp_path) == content


def test_silence_is_a_failure(archive, content, fetch, tmp_path):
    archive.faults["data.bin"] = [Fault(stall=1.5)]
    fetch(client=Client(attempts=3, timeout=0.3, backoff=0.01))
    assert here(tmp_path) == content
    assert len(archive.asked_for("data.bin")) == 2
    archive.faults["1"] = [Fault(stall=1.5)]
    with pytest.raises(TransferError, match="no answer in time"):
        Client(attempts=1, timeout=0.3).json("GET", f"{archive.url}/api/records/1")


def test_a_server_that_never_gets_further_is_given_up(archive, content, fetch):
    archive.knows_ranges = False
    archive.faults["data.bin"] = [Fault(cut_after=1_000_000)] * 9
    with pytest.raises(TransferError, match="failed 4 times in a row"):
        fetch()


def test_a_wrong_checksum_is_never_accepted(archive, content, fetch, tmp_path):
    archive.listed["data.bin"] = {"checksum": "md5:" + "0" * 32}
    with pytest.raises(TransferError, match=r"data\.bin.*MD5 [0-9a-f]{32}, expected 0{32}"):
        fetch()
    assert not (tmp_path / "here" / "data.bin").exists()
    assert list((tmp_path / "here" / PARTS).iterdir()) == [], "what is wrong is not kept"


@pytest.mark.parametrize("size", [SIZE - 1, SIZE + 1, 0])
def test_a_wrong_size_is_never_accepted(archive, content, fetch, tmp_path, size):
    archive.listed["data.bin"] = {"size": size}
    with pytest.raises(TransferError, match=f"{SIZE} bytes, expected {size} "):
        fetch()
    assert not (tmp_path / "here" / "data.bin").exists()


@pytest.fixture
def part(archive, content, fetch, tmp_path):
    """What a download that was given up has left of the file."""
    archive.faults["data.bin"] = [Fault(cut_after=2_000_000), *[Fault(status=500)] * 3]
    with pytest.raises(TransferError):
        fetch()
    (part,) = (tmp_path / "here" / PARTS).iterdir()
    return part


def test_a_part_that_is_too_long_is_thrown_away(content, part, fetch, tmp_path):
    part.write_bytes(bytes(SIZE + 1))
    fetch()
    assert here(tmp_path) == content


def test_a_damaged_part_is_fetched_again(archive, content, part, fetch, tmp_path):
    part.write_bytes(bytes(part.stat().st_size))
    fetch()
    assert here(tmp_path) == content
    assert begins(archive)[-1] == 0


@pytest.mark.usefixtures("part")
def test_a_part_of_another_version_is_not_continued(archive, fetch, tmp_path):
    other = np.random.default_rng(2).bytes(SIZE)
    archive.records["1"]["data.bin"].write_bytes(other)
    fetch()
    assert here(tmp_path) == other


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(status=404), "404 .*nothing of this name"),
        (Fault(status=410), "410 .*deleted"),
        (Fault(status=403), "403 .*restricted"),
        (Fault(status=400, body=b'{"message": "no"}'), '400 .*"message": "no"'),
        (Fault(status=400, body=b'"' + b"n" * 2000 + b'"'), '400 .*: "n{999}$'),
        (Fault(status=400, body=b"<html>"), "400 .*refused without a reason"),
    ],
)
def test_what_stays_wrong_is_not_tried_again(archive, content, fetch, fault, words):
    archive.faults["data.bin"] = [fault]
    with pytest.raises(TransferError, match=words):
        fetch()
    assert sum(path.endswith("/content") for _, path, _ in archive.requests) == 1


def test_files_lie_on_http_servers_only(archive, content, fetch):
    archive.listed["data.bin"] = {"links": {"self": "file:///etc/passwd"}}
    with pytest.raises(TransferError, match="expected an http address, found 'file:"):
        fetch()


def test_a_full_disk_is_told_before_the_first_byte(archive, content, fetch, monkeypatch):
    class Usage:
        free = 1_000_000

    monkeypatch.setattr("rs3l_data.record.download.shutil.disk_usage", lambda _: Usage)
    with pytest.raises(StorageError, match="3 MB are to come, and 1 MB are free"):
        fetch()
    assert archive.asked_for("data.bin") == []


def test_what_has_arrived_needs_no_room_again(content, part, fetch, tmp_path, monkeypatch):
    class Usage:
        free = SIZE - part.stat().st_size

    monkeypatch.setattr("rs3l_data.record.download.shutil.disk_usage", lambda _: Usage)
    fetch()
    assert here(tmp_path) == content


def test_a_disk_that_fills_up_is_told_in_words(archive, content, fetch, monkeypatch):
    def full(self, response):
        yield b"x"
        raise OSError(errno.ENOSPC, "No space left on device")

    record = archive.describe("1")
    monkeypatch.setattr(Client, "json", lambda *_, **__: record)
    monkeypatch.setattr(Client, "blocks", full)
    with pytest.raises(StorageError, match="full"):
        fetch()


def test_an_interrupt_ends_all_threads_and_keeps_what_came(archive, fetch, tmp_path, monkeypatch):
    source = tmp_path / "source"
    source.mkdir()
    for i in range(3):
        (source / f"{i}.bin").write_bytes(bytes([i]) * SIZE)
        archive.faults[f"{i}.bin"] = [Fault(cut_after=1_500_000)]
    archive.add("1", source)
    client = Client(attempts=4, timeout=5, backoff=30)
    before = threading.active_count()

    def interrupted(jobs):
        while sum(len(archive.asked_for(f"{i}.bin")) for i in range(3)) < 3:
            time.sleep(0.01)
        time.sleep(0.2)
        raise KeyboardInterrupt

    monkeypatch.setattr("rs3l_data.record.download.as_completed", interrupted)
    with pytest.raises(KeyboardInterrupt) as interrupt:
        fetch(client=client)
    monkeypatch.undo()
    kept = f"{tmp_path / 'here'} keeps what has arrived, and the same command goes on there"
    assert last_words(interrupt.value) == f"interrupted; {kept}"
    assert not [t for t in threading.enumerate() if t.name.startswith("download")]
    assert threading.active_count() <= before + 4
    assert len(list((tmp_path / "here" / PARTS).iterdir())) == 3
    fetch()
    assert all((tmp_path / "here" / f"{i}.bin").read_bytes() == bytes([i]) * SIZE for i in range(3))
    assert all(start > 0 for i in range(3) for start in begins(archive, f"{i}.bin")[1:])
