"""What a view changes, in words."""

import pytest

from rs3l_data.describe.catalogue import catalogue
from rs3l_data.describe.changes import described, described_among


@pytest.mark.parametrize(
    ("view", "changes"),
    [
        ({}, []),
        ({"redo": "detector", "variation": None, "detector": {}, "pileup": {}}, []),
        ({"variation": "thresholds_up"}, ["ecal.energy_min = 1.0", "hcal.energy_min = 2.0"]),
        ({"variation": "hcal_coarse"}, ["hcal.cells = [...]"]),
        ({"variation": "a14"}, ["tune a14"]),
        (
            {"variation": "fsr_up", "detector": {"ecal": {"energy_min": 0.7}}},
            ["TimeShower:renormMultFac = 4", "ecal.energy_min = 0.7"],
        ),
        ({"variation": ["A:b = 1"], "pileup": {"mean": 60}}, ["A:b = 1", "pileup.mean = 60"]),
        ({"hepmc": "{process}-{chunk}.hepmc"}, ["shower = another program's (HepMC)"]),
    ],
)
def test_each_change_is_named_with_its_key(view, changes):
    assert described(view)[0] == changes


def test_changes_of_a_parent_that_is_not_there_are_told_with_the_view():
    views = {
        "soft": {"variation": "lund_a_up"},
        "shifted": {"redo": "detector", "of": "soft", "detector": {"hcal_scale": 1.02}},
        "crowded": {"redo": "detector", "of": "shifted", "pileup": {"mean": 60}},
    }
    of_soft, of_shifted = "StringZ:aLund = 0.88 (of soft)", "hcal_scale = 1.02 (of shifted)"
    for shown, inherited in (
        (["shifted", "crowded"], []),
        (["soft", "crowded"], [of_shifted]),
        (["crowded"], [of_soft, of_shifted]),
    ):
        told = described_among(views["crowded"], views, shown)
        assert told == ([*inherited, "pileup.mean = 60"], "")


def test_a_foreign_config_whose_views_form_a_cycle_is_told_all_the_same():
    views = {"a": {"of": "b"}, "b": {"of": "c", "variation": ["A:b = 1"]}, "c": {"of": "b"}}
    assert described_among(views["a"], views, ["a"])[0] == ["A:b = 1 (of b)"]


def test_no_change_is_told_as_python():
    for name in catalogue("variations"):
        assert "'" not in "".join(described({"variation": name})[0]), name


def test_the_source_is_that_of_the_variation_and_its_tune():
    assert described({"variation": ["A:b = 1"]})[1] == ""
    assert described({"variation": "of another version"}) == ([], "not in this version's catalogue")
    assert described({"variation": "fsr_up"})[1] == catalogue("variations")["fsr_up"]["source"]
    both = catalogue("variations")["a14"]["source"], catalogue("tunes")["a14"]["source"]
    assert described({"variation": "a14"})[1] == ": ".join(both)
