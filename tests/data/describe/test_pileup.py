import pytest

from rs3l_data.describe.config import Config
from rs3l_data.describe.resolved import Resolved
from rs3l_data.describe.strict import validate
from rs3l_data.errors import ConfigError

BASE = {
    "name": "a",
    "seed": 1,
    "processes": {"qcd": {"events": 1}},
    "views": {
        "nominal": {},
        "crowded": {"redo": "detector", "of": "nominal", "pileup": {"mean": 60}},
        "cleaned": {"redo": "detector", "of": "crowded", "pileup": {"mitigation": "chs"}},
        "other": {"variation": "fsr_up"},
    },
}


def config(**blocks):
    return validate(Config, {**BASE, **blocks}, "test")


@pytest.mark.parametrize(
    ("pileup", "message"),
    [
        ({"mea": 3}, "views.new: pileup: mea: unknown key; did you mean 'mean'?"),
        ({"mean": -1}, "views.new: pileup: mean"),
        ({"mitigation": "pupi"}, "'none', 'chs' or 'puppi'"),
        ({"sample_events": 5}, "sample_events: unknown key"),
    ],
)
def test_impossible_pileup_is_named(pileup, message):
    with pytest.raises(ConfigError) as caught:
        config(views={"nominal": {}, "new": {"pileup": pileup}})
    assert message in str(caught.value)


def fingerprints(**blocks):
    run = Resolved.from_mapping({**BASE, **blocks}, "test")
    return {
        "sample": run.fingerprint_of_sample(),
        "nominal": run.fingerprint("resimulate", "qcd", 0, "nominal"),
        "other": run.fingerprint("resimulate", "qcd", 0, "other"),
    }


def redone(**blocks):
    before, after = fingerprints(), fingerprints(**blocks)
    return {job for job in before if before[job] != after[job]}


def test_a_job_is_done_again_only_if_its_result_would_change():
    assert redone() == set()
    assert redone(pileup={"mean": 5}) == {"nominal", "other"}
    assert redone(pileup={"sample_events": 5}) == {"sample", "nominal"}
    assert redone(pileup={"vertex_z_sigma": 40}) == {"nominal"}
    assert redone(jets={"radius": 1.0}) == {"nominal", "other"}
    assert redone(seed=2) == {"sample", "nominal", "other"}
    assert redone(detector={"overrides": {"solenoid": {"radius": 1200}}}) == {
        "sample",
        "nominal",
        "other",
    }
