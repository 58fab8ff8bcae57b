"""Downloads from a server that misbehaves as networks and servers do."""

import datetime
import email.utils
import errno
import os
import threading
import time

import numpy as np
import pytest
import requests

from rs3l_data.errors import StorageError, TransferError
from rs3l_data.record.client import AbandonedError, AgainError, Client, Patience, _asked_wait
from rs3l_data.record.names import PARTS
from tests.archive_server import Fault

SIZE = 3_000_000


@pytest.fixture
def content(archive, tmp_path):
    """A record of one file of random bytes."""
    source = tmp_path / "source"
    source.mkdir()
    content = np.random.default_rng(1).bytes(SIZE)
    (source / "data.bin").write_bytes(content)
    archive.add("1", source)
    return content


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


def test_waiting_ends_when_another_thread_says_so():
    client = Client()
    client.stop.set()
    with pytest.raises(AbandonedError):
        Patience(client, "x").wait(AgainError("no"))


def test_the_wait_that_a_server_asks_for_is_kept(archive, content, fetch, monkeypatch):
    waits = []
    client = Client(attempts=4, timeout=5, backoff=0.01)
    monkeypatch.setattr(client.stop, "wait", lambda delay: waits.append(delay))
    archive.faults["data.bin"] = [
        Fault(status=429, headers={"Retry-After": "7"}),
        Fault(status=503),
    ]
    fetch(client=client)
    assert waits[0] == 7
    assert waits[1] <= 0.02


def test_retry_after_may_be_a_date():
    in_a_minute = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=60)
    assert 50 < _asked_wait(email.utils.format_datetime(in_a_minute, usegmt=True)) <= 60
    assert _asked_wait("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert 50 < _asked_wait(in_a_minute.strftime("%a, %d %b %Y %H:%M:%S")) <= 60
    in_paris = in_a_minute.astimezone(datetime.timezone(datetime.timedelta(hours=2)))
    assert 50 < _asked_wait(email.utils.format_datetime(in_paris)) <= 60
    assert _asked_wait("soon") is None
    assert _asked_wait("²") is None
    assert _asked_wait(None) is None


def test_a_wait_without_end_is_refused(archive, content, fetch):
    archive.faults["data.bin"] = [Fault(status=429, headers={"Retry-After": "86400"})]
    with pytest.raises(TransferError, match="asks to wait 86400 s"):
        fetch()


def test_a_server_may_ask_for_a_quarter_of_an_hour(monkeypatch):
    client, waits = Client(), []
    monkeypatch.setattr(client.stop, "wait", lambda delay: waits.append(delay))
    Patience(client, "x").wait(AgainError("busy", 900.0))
    assert waits == [900]
    with pytest.raises(TransferError, match="busy; the server asks to wait 901 s"):
        Patience(client, "x").wait(AgainError("busy", 901.0))


def test_a_wait_asked_for_is_no_reason_to_come_back_sooner(monkeypatch):
    client, waits = Client(backoff=8), []
    monkeypatch.setattr(client.stop, "wait", lambda delay: waits.append(delay))
    Patience(client, "x").wait(AgainError("busy", 1.0))
    assert 4 <= waits[0] <= 8


def test_waits_grow_and_are_not_the_same(monkeypatch):
    waits = []
    client = Client(attempts=99, backoff=1)
    monkeypatch.setattr(client.stop, "wait", lambda delay: waits.append(delay))
    for _ in range(50):
        patience = Patience(client, "x")
        for _ in range(10):
            patience.wait(AgainError("no"))
    table = np.array(waits).reshape(50, 10)
    longest = np.minimum(2.0 ** np.arange(10), 60)
    assert (table <= longest).all()
    assert (table >= longest / 2).all()
    assert (table.std(axis=0) > 0.1 * longest).all()


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


def test_a_part_that_is_too_long_is_thrown_away(archive, content, fetch, tmp_path):
    archive.faults["data.bin"] = [Fault(cut_after=2_000_000), *[Fault(status=500)] * 3]
    with pytest.raises(TransferError):
        fetch()
    (part,) = (tmp_path / "here" / PARTS).iterdir()
    part.write_bytes(bytes(SIZE + 1))
    fetch()
    assert here(tmp_path) == content


def test_a_damaged_part_is_fetched_again(archive, content, fetch, tmp_path):
    archive.faults["data.bin"] = [Fault(cut_after=2_000_000), *[Fault(status=500)] * 3]
    with pytest.raises(TransferError):
        fetch()
    (part,) = (tmp_path / "here" / PARTS).iterdir()
    part.write_bytes(bytes(part.stat().st_size))
    fetch()
    assert here(tmp_path) == content
    assert begins(archive)[-1] == 0


def test_a_part_of_another_version_is_not_continued(archive, content, fetch, tmp_path):
    archive.faults["data.bin"] = [Fault(cut_after=2_000_000), *[Fault(status=500)] * 3]
    with pytest.raises(TransferError):
        fetch()
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


def test_a_server_without_a_trusted_connection_is_asked_once(archive):
    url = archive.url.replace("http:", "https:")
    with pytest.raises(TransferError, match="no trusted connection"):
        Client().json("GET", url)


def test_addresses_that_lead_round_in_a_circle_are_told(archive, content, fetch):
    archive.faults["1"] = [Fault(status=302, headers={"Location": "/api/records/1"})] * 40
    with pytest.raises(TransferError, match=r"records/1: Exceeded 30 redirects"):
        fetch()


def test_bodies_come_as_they_are_stored(archive, content, fetch):
    fetch()
    assert archive.encodings == {"identity"}


def test_an_answer_without_an_end_is_not_read_to_it(archive, monkeypatch):
    monkeypatch.setattr("rs3l_data.record.client._LARGEST_JSON", 1 << 20)
    archive.faults["x"] = [Fault(body=b"[]" + b" " * (2 << 20))]
    with pytest.raises(TransferError, match="/x: more than 1 MB of JSON"):
        Client().json("GET", f"{archive.url}/x")


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        (Fault(status=204), None),
        (Fault(status=202, headers={"Content-Length": "0"}), None),
        (Fault(status=202, body=b'{"id": 1}'), {"id": 1}),
    ],
)
def test_an_answer_of_what_was_done_may_be_empty(archive, fault, answer):
    archive.faults["x"] = [fault]
    assert Client().json("GET", f"{archive.url}/x") == answer


def test_reading_ends_when_another_thread_says_so(archive, content):
    client = Client()
    with client.request("GET", f"{archive.url}/store/1/blob/data.bin") as response:
        blocks = client.blocks(response)
        assert content.startswith(next(blocks))
        client.stop.set()
        with pytest.raises(AbandonedError):
            next(blocks)


def test_no_server_is_told_in_words(archive, content, fetch):
    archive.server_close()
    with pytest.raises(TransferError, match=r"no connection.*refused.*4 times"):
        fetch()


def test_a_page_instead_of_json_is_told_in_words(archive, content, fetch):
    page = Fault(body=b"<html>", headers={"Content-Type": "text/html; charset=utf-8"})
    archive.faults["1"] = [page] * 9
    with pytest.raises(TransferError, match="expected JSON, found text/html; is this the address"):
        fetch()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"[]", "not a record"),
        (b'{"id": 1, "metadata": {}, "files": []}', "lists no files"),
        (b'{"id": 1, "metadata": {}}', "lists no files; are they restricted"),
        (b'{"id": 1, "files": [{"key": "a", "size": -1}]}', "files.0"),
        (
            b'{"id": 1, "files": [{"key": "a", "size": 1, "checksum": "crc:1"}]}',
            "files.0.checksum",
        ),
    ],
)
def test_answers_that_describe_no_record(archive, content, fetch, answer, words):
    kind = {"Content-Type": "application/json"}
    archive.faults["1"] = [Fault(body=answer, headers=kind)]
    with pytest.raises(TransferError, match=words):
        fetch()


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


def test_what_has_arrived_needs_no_room_again(archive, content, fetch, tmp_path, monkeypatch):
    archive.faults["data.bin"] = [Fault(cut_after=2_000_000), *[Fault(status=503)] * 9]
    with pytest.raises(TransferError):
        fetch()
    archive.faults.clear()
    (part,) = (tmp_path / "here" / PARTS).iterdir()

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


def test_an_interrupt_ends_all_threads_and_keeps_what_came(
    archive, fetch, tmp_path, monkeypatch, caplog
):
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
    with pytest.raises(KeyboardInterrupt):
        fetch(client=client)
    monkeypatch.undo()
    assert "kept what has arrived; the same command goes on there" in caplog.text
    assert not [t for t in threading.enumerate() if t.name.startswith("download")]
    assert threading.active_count() <= before + 4
    assert len(list((tmp_path / "here" / PARTS).iterdir())) == 3
    fetch()
    assert all((tmp_path / "here" / f"{i}.bin").read_bytes() == bytes([i]) * SIZE for i in range(3))
    assert all(start > 0 for i in range(3) for start in begins(archive, f"{i}.bin")[1:])
