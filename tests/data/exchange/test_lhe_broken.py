"""Les Houches files that are broken, or are not what the config says: each is named."""

import gzip
import re

import pytest

from rs3l_data.chain import hard_chunk
from rs3l_data.errors import GeneratorError, InputFileError
from tests.data.exchange.conftest import higgs_config, take
from tests.data.exchange.lhe_text import event_text, lhe_text


def broken(text, what):
    """Damage the text of twelve events in a known way, in event 7."""
    events = text.split("<event>\n")
    seventh = events[8]
    lines = seventh.split("\n")
    if what == "truncated":
        return "<event>\n".join(events[:8]) + "<event>\n" + "\n".join(lines[:3])
    if what == "no end":
        return "<event>\n".join(events[:8])
    changed = {
        "count": seventh.replace(" 4 17", " 5 17", 1),
        "letters": seventh.replace(lines[2], lines[2].replace("21", "2x1", 1)),
        "column": seventh.replace(lines[3], lines[3].rsplit(" ", 1)[0]),
        "infinite": seventh.replace(lines[1].split()[8], "nan"),
        "mother": seventh.replace(" 25 1 1 2", " 25 1 1 9"),
        "status": seventh.replace(" 25 1 1 2", " 25 3 1 2"),
        "process": seventh.replace(" 4 17", " 4 2147483648", 1),
        "colour": seventh.replace(" 501 502", " -3000000000 502", 1),
        "second status": seventh.replace(lines[2], lines[2].replace(" 21 -1", " 21 1")),
        "first mother": seventh.replace(" 25 1 1 2", " 25 1 9 2"),
        "no first mother": seventh.replace(" 25 1 1 2", " 25 1 -1 2"),
        "no second mother": seventh.replace(" 25 1 1 2", " 25 1 1 -1"),
        "scale": seventh.replace(lines[0].split()[3], "nan"),
        "no scale": seventh.replace(lines[0].split()[3], "0.0"),
        "mass": seventh.replace(" 125.0 0 9", " nan 0 9"),
        "further weight": re.sub("(<wgt id='1001'>) [^ ]+", r"\1 nan", seventh),
        "two percent": seventh.replace(
            lines[3].split()[6],
            repr(float(lines[3].split()[6]) + 0.02 * float(lines[3].split()[9])),
        ),
        "energy": seventh.replace(lines[3].split()[9], "9e3"),
        "along": seventh.replace(lines[4].split()[8], "9e3"),
        "species": seventh.replace(" 25 1 1 2", " 3000000000 1 1 2"),
        "anticolour": seventh.replace(" 501 502", " 501 3000000000", 1),
        "unclosed": seventh.replace("</event>\n", ""),
        "pdf code": seventh.replace("<rwgt>", "#pdf 21 1e10 0.1 0.1 91 1 1\n<rwgt>"),
        "xml": seventh.replace("</rwgt>", "</rwgtt>"),
        "weights": seventh.replace("<wgt id='1001'>", "<wgt id='1002'>"),
        "momentum": seventh.replace(lines[3].split()[6], "1e3"),
        "endless": seventh.replace(lines[2], lines[2].replace("21", "inf", 1)),
        "lifetime": seventh.replace(lines[2], lines[2].removesuffix("0 9") + "nan 9"),
        "spin": seventh.replace(lines[2], lines[2].removesuffix("9") + "nan"),
        "pdf letters": seventh.replace("<rwgt>", "#pdf 21 21 0.1 x 91 1 1\n<rwgt>"),
        "pdf infinite": seventh.replace("<rwgt>", "#pdf 21 21 0.1 0.1 91 1 nan\n<rwgt>"),
        "pdf count": seventh.replace("<rwgt>", "#pdf 21 21 0.1 0.1\n<rwgt>"),
    }[what]
    return "<event>\n".join([*events[:8], changed, *events[9:]])


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("truncated", "event 7: truncated"),
        ("no end", "event 7: truncated"),
        ("count", "event 7: malformed: 4 particles, but its first line says 5"),
        ("letters", "event 7: malformed: .*2x1"),
        ("column", "event 7: malformed"),
        ("infinite", "event 7: malformed: a number is infinite or none"),
        ("mother", "event 7: malformed: mothers 1 and 9 of 4 particles"),
        ("status", r"event 7: malformed: status codes \[-1, -1, 3, 1\]"),
        ("second status", r"event 7: malformed: status codes \[-1, 1, 1, 1\]"),
        ("first mother", "event 7: malformed: mothers 9 and 2 of 4 particles"),
        ("no first mother", "event 7: malformed: mothers -1 and 2 of 4 particles"),
        ("no second mother", "event 7: malformed: mothers 1 and -1 of 4 particles"),
        ("scale", "event 7: malformed: a number is infinite or none"),
        ("no scale", "event 7: malformed: a scale of 0, SCALUP, from which no shower starts"),
        ("mass", "event 7: malformed: a number is infinite or none"),
        ("further weight", "event 7: malformed: a number is infinite or none"),
        ("two percent", "event 7: malformed: px of the outgoing particles adds up to"),
        ("energy", "event 7: malformed: e of the outgoing particles adds up to"),
        ("along", "event 7: malformed: pz of the outgoing particles adds up to"),
        ("species", "event 7: malformed: a code of 3000000000, expected"),
        ("anticolour", "event 7: malformed: a code of 3000000000, expected"),
        ("unclosed", "event 7: truncated"),
        ("momentum", "event 7: malformed: px of the outgoing particles adds up to"),
        ("endless", "event 7: malformed: cannot convert float infinity"),
        ("lifetime", "event 7: malformed: a number is infinite or none"),
        ("spin", "event 7: malformed: a number is infinite or none"),
        ("pdf letters", "event 7: malformed: could not convert string to float: 'x'"),
        ("pdf infinite", "event 7: malformed: a number is infinite or none"),
        ("pdf count", "event 7: malformed: 4 numbers after #pdf, expected 7"),
        ("process", "event 7: malformed: a code of 2147483648, expected 2147483647 at most"),
        ("colour", "event 7: malformed: a code of 3000000000, expected"),
        ("pdf code", "event 7: malformed: a code of 10000000000, expected"),
        ("xml", "event 7: malformed: Parse Error: mismatched tag"),
        ("weights", "event 7: has the weights of event 0, except for 1001, 1002"),
    ],
)
def test_broken_events_are_named(tmp_path, what, message):
    """Of a packed file: a plain one is read by fewer steps."""
    path = tmp_path / "broken.lhe.gz"
    path.write_bytes(gzip.compress(broken(lhe_text(range(12)), what).encode()))
    with pytest.raises(InputFileError, match=f"broken.lhe.gz: {message}"):
        take(higgs_config([path]))


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (event_text(1, mass=1.0), "event 1: Pythia cannot take it or decay its resonances"),
        (event_text(1).replace(" 25 1 1", " 9999971 1 1"), "event 1: .* no particle 9999971"),
    ],
)
def test_events_that_pythia_cannot_take_are_named(tmp_path, event, message):
    """A Higgs boson too light for its only decays; a particle of no catalogue."""
    path = tmp_path / "odd.lhe"
    text = lhe_text([0]).replace("</LesHouchesEvents>", event + event_text(2))
    path.write_text(text + "</LesHouchesEvents>\n")
    with pytest.raises(GeneratorError, match=message):
        take(higgs_config([path], events=3))


def test_broken_gzip_names_the_event_that_was_reached(tmp_path):
    data = gzip.compress(lhe_text(range(100)).encode())
    path = tmp_path / "broken.lhe.gz"
    path.write_bytes(data[: len(data) // 2])
    config = higgs_config([path], events=100, chunk_events=100)
    with pytest.raises(InputFileError, match=r"event [3-5]\d: the gzip file is truncated"):
        take(config)
    path.write_bytes(data[:10] + b"\xff" * 100)
    with pytest.raises(InputFileError, match=r"its header: the gzip file is .* damaged"):
        take(config)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("no events at all\n" * 30, "expected <LesHouchesEvents> and an <init> block"),
        ("", "expected <LesHouchesEvents> and an <init> block"),
        (lhe_text(range(12), beam=7000.0), "beams of 7000 and 7000 GeV, but .* is 13000 GeV"),
        (lhe_text(range(12)).replace("2212 2212", "2212 -2212"), "beams 2212 and -2212"),
        (lhe_text(range(12)).replace("6500.0 6500.0", "6500.0 1000"), "beams of 6500 and 1000"),
        (lhe_text(range(11)), "11 events, but at least 12 are asked for"),
        (lhe_text(range(12)).replace("-4 1", "-4 2"), "1 processes in <init>, but .* says 2"),
        (
            lhe_text(range(12)).replace("0 17\n", "0 17\n1 1 1 18\n", 1),
            "2 processes in <init>, but .* says 1",
        ),
        (lhe_text(range(12)).replace("2.5 0.25", "nan 0.25"), "a number in <init> is infinite"),
        (lhe_text(range(12)).replace("2.5 0.25", "2.5 nan"), "a number in <init> is infinite"),
        (lhe_text(range(12)).replace("6500.0 6500.0", "6500.0 nan"), "a number in <init> is"),
        (lhe_text(range(12)).replace("2.5 0.25", "0 0"), "a cross section of 0 in <init>, XSECUP"),
        (
            lhe_text(range(12)).replace("-4 1\n", "-2 2\n2.5 0.25 1 16\n"),
            "weighting strategy -2 of 2 processes: how many events of each",
        ),
    ],
)
def test_files_that_are_not_what_the_config_says(tmp_path, content, message):
    path = tmp_path / "other.lhe"
    path.write_text(content)
    with pytest.raises(InputFileError, match=message):
        take(higgs_config([path]))


def test_missing_and_repeated_files(tmp_path, lhe):
    for files, message in [
        ([tmp_path / "none.lhe"], "none.lhe: no such file"),
        ([tmp_path / "none*.lhe"], r"none\*.lhe: no file matches"),
        ([lhe, lhe], "given 2 times"),
        ([tmp_path], "a folder"),
    ]:
        with pytest.raises(InputFileError, match=message):
            hard_chunk(higgs_config(files), "mg", 0, lambda _: None)
