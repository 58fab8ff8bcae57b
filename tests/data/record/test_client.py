"""How long a client waits for a server, and what it makes of its answers."""

import datetime
import email.utils

import numpy as np
import pytest

from rs3l_data.errors import TransferError
from rs3l_data.record.client import AbandonedError, AgainError, Client, Patience, _asked_wait
from tests.archive_server import Fault


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
        (b"[]", "not a record as Zenodo describes one: it is no JSON object"),
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
