"""What Pythia refuses only when it is initialised is refused before any job runs."""

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from rs3l_data.__main__ import app
from rs3l_data.errors import ConfigError, GeneratorError
from rs3l_data.trial import instances, read_all, try_all
from tests.data.conftest import make_config

QCD = {"qcd": {"events": 10}}
ZPRIME = {
    "mine": {
        "events": 10,
        "settings": ["NewGaugeBoson:ffbar2gmZZprime = on"],
        "initiators": [6],
        "label": "top",
    }
}
PLAIN = {"processes": QCD, "views": {"nominal": {}}}


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ({"hard": {"pt": [7000, 8000]}}, "processes.qcd: .*vanishing cross sections.*`hard.pt`"),
        ({"hard": {"energy": 500}}, "processes.qcd: .*vanishing cross sections.*`hard.energy`"),
        (
            {"processes": ZPRIME, "hard": {"flatten_pt": True}},
            "processes.mine: .*event weighting not possible.*`hard.flatten_pt`",
        ),
        (
            {"views": {"nominal": {}, "other": {"variation": ["PDF:pSet = 55"]}}},
            "views.other: .*could not set up PDF.*`PDF:pSet`",
        ),
    ],
)
def test_what_cannot_be_initialised_is_told_with_its_place_and_cause(blocks, message):
    config = make_config(**{**PLAIN, **blocks})
    read_all(config)  # each setting by itself is fine
    with pytest.raises(GeneratorError, match=message):
        try_all(instances(config))


def test_what_the_first_hard_events_show_is_told_before_any_job_runs():
    own = {"events": 10, "initiators": [6, 24], "label": "top"}
    own["settings"] = ["Top:gg2ttbar = on", "PhaseSpace:pTHatMin = 0.", "PhaseSpace:pTHatMax = -1."]
    config = make_config(**{**PLAIN, "processes": {"mine": own}})
    read_all(config)
    message = "^processes.mine: .*a particle -?24 comes from the decay of a particle -?6"
    with pytest.raises(GeneratorError, match=message):
        try_all(instances(config))


def test_a_shower_that_ends_above_its_cutoff_is_remarked():
    views = {"nominal": {}, "less": {"variation": "fsr_up"}, "more": {"variation": "fsr_down"}}
    blocks = {**PLAIN, "views": views, "generator": {"tune": "cp5"}}
    told = (
        "views.{}: Pythia raises TimeShower:pTmin to {} GeV, below which this alpha_s is too large"
        " (docs/variations.md)"
    )
    expected = [told.format("nominal", 0.535), told.format("more", 1.07)]
    assert try_all(instances(make_config(**blocks))) == expected
    # As that page advises.
    blocks["generator"] = {"tune": "cp5", "settings": ["TimeShower:pTmin = 1.07"]}
    assert try_all(instances(make_config(**blocks))) == []


def test_every_fault_is_told():
    views = {"a": {"variation": ["PDF:pSet = 55"]}, "b": {"variation": ["PDF:pSet = 99"]}}
    config = make_config(**{**PLAIN, "views": views})
    with pytest.raises(GeneratorError, match=r"(?s)^views\.a: .*\nviews\.b: "):
        try_all(instances(config))


def test_a_setting_that_does_not_exist_is_told_with_its_view():
    config = make_config(**{**PLAIN, "views": {"nominal": {"variation": ["Foo:bar = 1"]}}})
    with pytest.raises(GeneratorError, match=r"^views.nominal: .*'Foo:bar = 1'"):
        read_all(config)


def test_a_fault_of_the_run_is_told_once():
    views = {"a": {}, "b": {"variation": ["TimeShower:renormMultFac = 4"]}}
    blocks = {"views": views, "generator": {"settings": ["PDF:extrapolate = on", "Foo:bar = 1"]}}
    with pytest.raises(GeneratorError, match=r"^generator\.settings: .*'Foo:bar = 1': .*$"):
        read_all(make_config(**{**PLAIN, **blocks}))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("StringFlav:probStoU = 0.3", r"no such setting .*; did you mean 'StringFlav:probStoUD'\?"),
        ("Foo:bar = 1", "no such setting in this version$"),
        ("StringFlav:probStoUD = 30", "expected a value from 0 to 1"),
        ("15:onMude = off", "no such particle, or no such property of it"),
    ],
)
def test_an_absent_setting_is_told_from_a_wrong_value(setting, message):
    config = make_config(**{**PLAIN, "views": {"nominal": {"variation": [setting]}}})
    with pytest.raises(GeneratorError, match=rf"^views.nominal: .*'{setting}': {message}"):
        read_all(config)


def test_an_initiator_that_is_no_particle():
    processes = {"mine": {**ZPRIME["mine"], "initiators": [6, 99999999]}}
    with pytest.raises(GeneratorError, match=r"^processes.mine: initiators: .* particle 99999999;"):
        read_all(make_config(**{**PLAIN, "processes": processes}))


def test_each_instance_is_initialised_once():
    views = {
        "nominal": {},
        "seed": {},
        "fsr_up": {"variation": "fsr_up"},
        "again": {"redo": "hadronization", "of": "nominal", "copies": 2},
        "noise": {"redo": "detector", "of": "nominal", "pileup": {"mean": 5}},
    }
    trials = instances(make_config(processes=QCD, views=views))
    assert [*trials] == [
        "processes.qcd",
        "views.nominal, views.seed",
        "views.fsr_up",
        "views.again_1, views.again_2",
        "pileup",
    ]
    done = []
    try_all(trials, done.append)
    assert done == [1, 2, 3, 4, 5]


def test_check_initialises_unless_told_not_to(tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text(
        yaml.safe_dump({"name": "my", "seed": 1, **PLAIN, "hard": {"pt": [7000, 8000]}})
    )
    refused = CliRunner().invoke(app, ["check", str(path)])
    assert isinstance(refused.exception, ConfigError)
    assert str(refused.exception).startswith(f"{path}: processes.qcd: ")
    accepted = CliRunner().invoke(app, ["check", str(path), "--no-init"])
    assert accepted.exit_code == 0, accepted.output
    assert "valid; Pythia not initialised" in accepted.output


def test_check_counts_the_chunks_that_a_run_has_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = {"name": "my", "seed": 1, **PLAIN, "processes": {"qcd": {"events": 20}}}
    Path("my.yaml").write_text(yaml.safe_dump(run))

    def counted():
        result = CliRunner().invoke(app, ["check", "my.yaml", "--no-init"])
        assert result.exit_code == 0, result.output
        return "20 hard events in 2 chunks" in result.output

    assert not counted()
    kept = {**run, "processes": {"qcd": {"events": 20, "chunk_events": 10}}}
    Path("results/my").mkdir(parents=True)
    Path("results/my/config.yaml").write_text(yaml.safe_dump(kept))
    assert counted()
