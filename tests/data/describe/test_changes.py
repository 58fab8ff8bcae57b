"""What a view changes, in words."""

import pytest

from rs3l_data.describe.catalogue import catalogue
from rs3l_data.describe.changes import described


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


def test_no_change_is_told_as_python():
    for name in catalogue("variations"):
        assert "'" not in "".join(described({"variation": name})[0]), name


def test_the_source_is_that_of_the_variation_and_its_tune():
    assert described({"variation": ["A:b = 1"]})[1] == ""
    assert described({"variation": "of another version"}) == ([], "not in this version's catalogue")
    assert described({"variation": "fsr_up"})[1] == catalogue("variations")["fsr_up"]["source"]
    both = catalogue("variations")["a14"]["source"], catalogue("tunes")["a14"]["source"]
    assert described({"variation": "a14"})[1] == ": ".join(both)
