import pytest
from hypothesis import given
from hypothesis import strategies as st

from rs3l_data.errors import ConfigError, TransferError
from rs3l_data.record.address import SANDBOX, ZENODO, Address, locate
from rs3l_data.record.names import check_names, fault_of


@pytest.mark.parametrize(
    "text",
    [
        "123",
        "10.5281/zenodo.123",
        "doi:10.5281/zenodo.123",
        "DOI:10.5281/ZENODO.123",
        "https://doi.org/10.5281/zenodo.123",
        "http://dx.doi.org/10.5281/zenodo.123",
        "https://zenodo.org/records/123",
        "https://zenodo.org/record/123/",
        "https://zenodo.org/records/123/files/a.h5?download=1",
        "https://zenodo.org/api/records/123",
        " https://zenodo.org/records/123#files ",
    ],
)
def test_many_names_for_one_record(text):
    assert locate(text) == Address(ZENODO, "123")


def test_the_archive_is_that_of_the_address_or_of_the_option():
    assert locate("7", "http://localhost:80/").api == "http://localhost:80/api/records/7"
    assert locate("http://a.b:81/x/records/7", "http://c.d").base == "http://a.b:81/x"
    assert locate("10.5072/zenodo.7").base == SANDBOX
    assert locate("10.5072/zenodo.7", "http://c.d").base == "http://c.d"


@pytest.mark.parametrize(
    "text",
    ["", "abc", "-1", "10.1000/182", "https://zenodo.org/", "ftp://zenodo.org/records/1", "12 3"],
)
def test_what_is_no_record_is_refused_with_an_example(text):
    with pytest.raises(ConfigError, match=r"expected .*10\.5281/zenodo\.<number>"):
        locate(text)


def test_the_archive_must_be_an_address():
    with pytest.raises(ConfigError, match=r"expected an archive's address, as https://zenodo\.org"):
        locate("1", "zenodo.org")


@pytest.mark.parametrize(
    ("text", "base"),
    [("1", "https://curie:secret@a.b/"), ("https://curie:secret@a.b/records/1", ZENODO)],
)
def test_an_address_with_a_password_is_refused_without_showing_it(text, base):
    """Files of the record's folder would keep it."""
    with pytest.raises(ConfigError, match=r"^the address of a\.b has .*; put them into") as told:
        locate(text, base)
    assert "secret" not in str(told.value)


HOSTILE = [
    "../x",
    "..",
    ".",
    "",
    "/etc/passwd",
    "a/b",
    "a\\b",
    "C:x",
    "C:\\x",
    "\\\\server\\share",
    "a\0b",
    "a\nb",
    "\x1b[2J",
    "CON",
    "nul.h5",
    "com1.txt",
    "a ",
    "a.",
    "x" * 201,
    "é" * 101,
    "\ud800",
    ".download",
    ".record.json",
    "a?",
    "<script>",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_that_are_refused(name):
    with pytest.raises(TransferError, match="nothing is written under it"):
        check_names([name])


@pytest.mark.parametrize("name", ["a.h5", ".zenodo.json", "Jets (1), v2.tar.gz", "é.h5", "x" * 200])
def test_names_that_are_taken(name):
    check_names([name])


@given(st.text(max_size=40))
def test_a_name_that_is_taken_stays_in_its_folder(tmp_path_factory, name):
    folder = tmp_path_factory.getbasetemp()
    if fault_of([name]):
        return
    assert (folder / name).parent == folder
    assert (folder / name).resolve().parent == folder.resolve()


@pytest.mark.parametrize("names", [("a", "a"), ("A.h5", "a.h5"), ("é", "e\u0301")])
def test_two_names_of_one_file(names):
    with pytest.raises(TransferError, match="are one file"):
        check_names(names)
