import json

import pytest
from typer.testing import CliRunner

from rs3l_data.__main__ import app
from rs3l_data.errors import ConfigError, InputFileError, TransferError
from rs3l_data.record.client import Client
from rs3l_data.record.deposit import Token, upload
from rs3l_data.record.layout import Layout
from rs3l_data.record.publish import publish
from rs3l_data.store.checksums import checksum
from tests.archive_server import TOKEN, Fault
from tests.data.record.conftest import ABOUT


@pytest.fixture
def record(folder, tmp_path):
    publish(folder, tmp_path / "record", ABOUT, Layout())
    return tmp_path / "record"


def client(token=TOKEN, attempts=3):
    return Client(attempts=attempts, timeout=5, backoff=0.01, auth=Token(token))


def sent(archive):
    return [path.rsplit("/", 1)[-1] for method, path, _ in archive.requests if method == "PUT"]


def visible(record):
    return {p.name: p.read_bytes() for p in record.iterdir() if not p.name.startswith(".")}


def test_a_draft_holds_the_record(archive, record):
    found = upload(record, archive.url, client())
    assert archive.stored[found.number] == visible(record)
    assert archive.depositions[found.number]["metadata"]["title"] == "Jets"
    assert not archive.depositions[found.number].get("submitted")
    assert found.sent == len(visible(record))
    assert archive.tokens == {f"Bearer {TOKEN}"}


def test_a_second_call_sends_what_is_missing(archive, record):
    archive.faults["higgs-0000.h5"] = [Fault(status=500)] * 3
    with pytest.raises(TransferError, match=r"500 .*failed 3 times"):
        upload(record, archive.url, client())
    archive.requests.clear()
    found = upload(record, archive.url, client())
    assert len(archive.depositions) == 1
    assert archive.stored[found.number] == visible(record)
    assert "higgs-0000.h5" in sent(archive)
    assert "README.md" not in sent(archive)
    (record / "README.md").write_text("other")
    archive.requests.clear()
    assert upload(record, archive.url, client()).sent == 1
    assert "README.md" in sent(archive)


def test_passing_faults_are_survived(archive, record):
    archive.faults["README.md"] = [Fault(status=429, headers={"Retry-After": "0"})]
    half = {"body": b'{"checksum": "md5', "headers": {"Content-Type": "application/json"}}
    archive.faults["datacite.json"] = [Fault(**half)]
    archive.faults["dataset.json"] = [Fault(corrupt=True), Fault(status=503), Fault(body=b"[]")]
    found = upload(record, archive.url, client(attempts=4))
    assert archive.stored[found.number] == visible(record)


def test_a_release_is_asked_for(archive, record):
    found = upload(record, archive.url, client(), release=True)
    assert archive.depositions[found.number]["submitted"]
    with pytest.raises(ConfigError, match="is released already"):
        upload(record, archive.url, client())


@pytest.mark.parametrize("content", ["", "{", "[]", '{"base": "x"}', '{"base": "x", "id": 1}'])
def test_a_damaged_memory_of_the_draft_is_told(archive, record, content):
    (record / ".deposit.json").write_text(content)
    with pytest.raises(InputFileError, match=r"\.deposit\.json: .*remove it, and the files go to"):
        upload(record, archive.url, client())
    assert archive.requests == []


def test_a_record_goes_to_one_archive(archive, record):
    upload(record, archive.url, client())
    with pytest.raises(ConfigError, match=f"sent to {archive.url} before; remove it"):
        upload(record, "https://archive.example", client())


def test_a_draft_is_not_begun_twice_when_the_answer_is_lost(archive, record):
    archive.faults["depositions"] = [Fault(status=502)]
    with pytest.raises(TransferError, match="look whether it arrived"):
        upload(record, archive.url, client())
    assert len([m for m, _, _ in archive.requests if m == "POST"]) == 1


def test_a_wrong_token_is_not_tried_again(archive, record):
    with pytest.raises(TransferError, match=r"401 .*wants a login") as caught:
        upload(record, archive.url, client("wrong-token"))
    assert "wrong-token" not in str(caught.value)
    assert len(archive.requests) == 1


def test_the_token_goes_to_no_other_host(archive, record, monkeypatch):
    real = type(archive).url.fget
    monkeypatch.setattr(
        type(archive), "url", property(lambda a: real(a).replace("127.0.0.1", "localhost"))
    )
    with pytest.raises(TransferError, match="the token is sent nowhere else"):
        upload(record, real(archive), client())
    assert sent(archive) == []


@pytest.mark.parametrize("token", ["", "secret\ntoken", "secret token", "secret\u2019token"])
def test_a_token_that_no_header_can_hold_is_refused_without_showing_it(token):
    """The message of the library that refuses it would."""
    with pytest.raises(ConfigError, match="token has a blank, a line break") as told:
        Token(token)
    assert "secret" not in str(told.value)


def command(archive, folder, tmp_path, *options, title="Jets"):
    """Publish and upload; gives what was said."""
    about = tmp_path / "about.yaml"
    about.write_text(json.dumps({"title": title, "creators": [{"name": "Curie, Marie"}]}))
    arguments = ["publish", folder, "--to", tmp_path / "record", "--about", about, "--upload"]
    arguments += ["--base-url", archive.url, *options]
    done = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    return done.output


@pytest.fixture
def with_token(monkeypatch):
    monkeypatch.setenv("ZENODO_TOKEN", f"{TOKEN}\n")  # as from a file with its end of line


@pytest.mark.usefixtures("with_token")
def test_the_command_sends_a_draft_and_never_shows_the_token(
    archive, folder, tmp_path, monkeypatch
):
    for expected in ("7 files sent; a draft", "0 files sent; a draft"):
        said = command(archive, folder, tmp_path, "--log", tmp_path / "log")
        assert expected in said
        assert TOKEN not in said + (tmp_path / "log").read_text()
    assert not [p for p in (tmp_path / "record").iterdir() if TOKEN.encode() in p.read_bytes()]
    monkeypatch.delenv("ZENODO_TOKEN")
    with pytest.raises(ConfigError, match="ZENODO_TOKEN is not set"):
        command(archive, folder, tmp_path)


@pytest.mark.usefixtures("with_token")
def test_a_second_upload_says_what_about_says_now(archive, folder, tmp_path):
    command(archive, folder, tmp_path)
    data = {p.name: p.read_bytes() for p in (tmp_path / "record").glob("*.h5")}
    said = command(archive, folder, tmp_path, title="Other jets")
    # The card, its metadata, and the two lists of checksums that hold theirs.
    assert "4 files sent" in said
    ((number, draft),) = archive.depositions.items()
    assert draft["metadata"]["title"] == "Other jets"
    assert archive.stored[number] == visible(tmp_path / "record")
    assert archive.stored[number].items() >= data.items()
    assert archive.stored[number]["README.md"].startswith(b"# Other jets")
    for algorithm in ("sha256", "md5"):
        lines = archive.stored[number][f"{algorithm}sums.txt"].decode().splitlines()
        found = {name: hexadecimal for hexadecimal, name in map(str.split, lines)}
        assert found.keys() == archive.stored[number].keys() - {"sha256sums.txt", "md5sums.txt"}
        for name, hexadecimal in found.items():
            assert hexadecimal == checksum(tmp_path / "record" / name, algorithm)


@pytest.mark.usefixtures("with_token")
@pytest.mark.parametrize(
    ("option", "others"),
    [
        (
            ["--processes", "qcd"],
            [["--processes", "higgs"], ["--processes", "qcd,higgs"]],
        ),
        (["--views", "seed"], [["--views", "nominal"]]),
        (["--shard-size", "50kB"], [["--shard-size", "60kB"], ["--by-view"]]),
        (["--by-view"], [["--processes", "qcd"]]),
    ],
)
def test_a_second_upload_refuses_what_would_be_another_record(
    archive, folder, tmp_path, option, others
):
    command(archive, folder, tmp_path, *option)
    before = visible(tmp_path / "record")
    for again in (option, []):
        assert "0 files sent" in command(archive, folder, tmp_path, *again)
    for other in others:
        with pytest.raises(ConfigError, match=f"the record exists.*leave {other[0]} away"):
            command(archive, folder, tmp_path, *other, title="Other jets")
        assert visible(tmp_path / "record") == before
    (tmp_path / "record" / ".layout.json").unlink()
    assert "0 files sent" in command(archive, folder, tmp_path)
    with pytest.raises(InputFileError, match=r"\.layout\.json: .*make the record again"):
        command(archive, folder, tmp_path, *option)
