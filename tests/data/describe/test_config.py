import json
import math
import re
from datetime import date
from pathlib import Path

import pytest
import yaml

from rs3l_data.describe.config import Config
from rs3l_data.describe.load import load_config
from rs3l_data.describe.strict import validate
from rs3l_data.errors import ConfigError
from tests.data.describe.configs import MINIMAL, changed, message

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda p: p.stem)
def test_the_configs_of_the_repository_are_valid(path):
    config = load_config(path)
    assert config.name == path.stem
    assert "\n# yaml-language-server" in "\n" + path.read_text()


def test_a_resolved_config_is_a_config_that_says_the_same():
    config = validate(Config, MINIMAL, "my.yaml")
    text = yaml.safe_dump(config.model_dump(mode="json"))
    assert validate(Config, yaml.safe_load(text), "resolved") == config


def test_unknown_keys_are_named_with_path_and_nearest():
    assert message(changed(sed=1)) == (
        "my.yaml: sed: unknown key; did you mean 'seed'? Valid: "
        + ", ".join(sorted(Config.model_fields))
    )
    text = message(changed(views={"nominal": {"varation": "fsr_up"}}))
    assert "my.yaml: views.nominal.varation: unknown key; did you mean 'variation'?" in text
    assert "my.yaml: true: unknown key; Valid: detector," in message({**MINIMAL, True: {}})
    assert "jets.radus: unknown key; did you mean 'radius'?" in message(changed(jets={"radus": 1}))
    assert "hard.: unknown key; did you mean 'hard'?" in message({**MINIMAL, "hard.": 1})
    assert "hrd.pt: unknown key; did you mean 'hard'?" in message({**MINIMAL, "hrd.pt": 1})
    nested = "hard.pt.low: unknown key; write one block in another: hard: { pt: { low: … } }"
    assert message({**MINIMAL, "hard.pt.low": 1}) == f"my.yaml: {nested}"
    assert "hard.seed: unknown key; Valid: abs_eta_max," in message(changed(hard={"seed": 1}))


def test_unknown_names_are_answered_with_the_nearest():
    assert "'qcdd' is not in the catalogue of processes; did you mean 'qcd'?" in message(
        changed(processes={"qcdd": {"events": 1}})
    )
    assert "did you mean 'monash'?" in message(changed(generator={"tune": "monahs"}))
    assert "did you mean 'cms'?" in message(changed(detector={"card": "cmss"}))


@pytest.mark.parametrize(
    ("blocks", "path"),
    [
        ({"seed": -1}, "seed: "),
        ({"processes": {"qcd": {"events": 0}}}, "processes.qcd.events: "),
        ({"hard": {"pt": [1000, 400]}}, "hard.pt: expected 0 < lower < upper"),
        ({"hard": {"chunk_events": 0}}, "hard.chunk_events: "),
        ({"hard": {"pt": [0.4, 1.0]}}, "from 350 GeV on, may come from, found [0.4, 1.0] GeV"),
        ({"hard": {"pt": [True, 800]}}, "hard.pt: expected a number; found [True, 800]"),
        (
            {"jets": {"pt": [900, 450]}},
            "jets.pt: expected 0 <= lower < upper, found [900.0, 450.0]",
        ),
        ({"jets": {"mass": [200, 50]}}, "jets.mass: expected 0 <= lower < upper"),
        ({"jets": {"pt": [-1, 50]}}, "jets.pt: expected 0 <= lower < upper"),
        ({"jets": {"radius": -0.8}}, "jets.radius: "),
        ({"split": {"train": 0.9}}, "split: the shares must add up to 1, found 1.2"),
        ({"store": {"compression": "zip"}}, "store.compression: "),
        ({"views": {"no spaces": {}}}, "views.no spaces"),
        ({"views": {"a": {"redo": "detektor"}}}, "views.a.redo: "),
        ({"detector": {"overrides": {"ecal_scal": 1.0}}}, "ecal_scal: unknown key"),
        ({"validation": {"views": ["nominl"]}}, "validation.views: there is no view 'nominl'; did"),
        (
            {"validation": {"views": ["nominal"] * 2}},
            "validation.views: 'nominal' stands there twice",
        ),
        ({"jets": {"abs_eta_max": 3.5}}, "candidates end at |eta| = 4, inside jets that may reach"),
        ({"processes": {"mine": {"events": 1, "settings": ["A:b = on"]}}}, "initiators"),
    ],
)
def test_values_out_of_range_are_named(blocks, path):
    assert path in message(changed(**blocks))


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        (
            {"processes": {"qcd": 5}},
            "processes.qcd: expected keys with values, such as {events: 20}; found 5",
        ),
        (
            {"processes": ["qcd"]},
            "processes: expected keys with values, such as {NAME: {events: 20}}; found ['qcd']",
        ),
        (
            {"views": {"a": None}},
            "views.a: expected keys with values, such as {redo: shower}, or {}; found nothing",
        ),
        (
            {"views": {"a": {"variation": 5}}},
            "views.a.variation: expected text or a list, such as [a, b]; found 5",
        ),
        ({"views": {1: {}}}, "views: expected text in quotes as the key; found 1"),
        ({"views": {True: {"copies": 2}}}, "views: expected text in quotes as the key; found true"),
        ({"processes": {True: {"events": 1}}}, "processes: expected text in quotes as the key; fo"),
        ({"detector": {"overrides": {1: 2}}}, "detector.overrides: expected text in quotes as the"),
        ({"hard": {3: 4}}, "hard.3: unknown key; Valid: abs_eta_max, chunk_events, energy, "),
        ({"views": {}}, "views: expected at least one entry; found {}"),
        ({"name": "n" * 101}, "name: expected at most 100 characters; found 'nnn"),
        ({"hard": {"pt": [1, 2, 3]}}, "hard.pt: expected at most 2 entries; found [1, 2, 3]"),
        ({"hard": {"pt": ["low", 2]}}, "hard.pt.0: expected a number; found 'low'"),
        ({"hard": {"flatten_pt": "maybe"}}, "hard.flatten_pt: expected true or false"),
        ({"seed": 1.5}, "seed: expected a whole number; found 1.5"),
        ({"hard": {"energy": math.inf}}, "hard.energy: expected a finite number; found inf"),
        ({"jets": {"radius": math.nan}}, "jets.radius: expected a finite number; found nan"),
        ({"name": "5 views"}, "name: expected a letter, then letters, digits or _"),
        # In quotes it would be no name either.
        ({"name": date(2026, 1, 2)}, "name: expected a letter, then letters, digits or _; found t"),
    ],
)
def test_what_was_expected_is_said_without_python(blocks, words):
    text = message(changed(**blocks))
    assert f"my.yaml: {words}" in text
    assert len(text.splitlines()) == 1
    for jargon in ("dictionary", "tuple", "instance", "NoneType", "datetime", "validation"):
        assert jargon not in text


def test_entries_of_a_list_are_not_told_to_be_missing_when_they_are_wrong():
    mine = {"events": 1, "settings": ["A:b = on"], "initiators": ["b"], "label": "x"}
    text = message(changed(processes={"mine": mine}))
    assert text == "my.yaml: processes.mine.initiators.0: expected a whole number; found 'b'"


def test_an_unknown_variation_is_answered_with_the_near_ones_and_the_page():
    text = message(changed(views={"up": {"variation": "fsr_upp"}}))
    assert "views.up" in text
    near = r"did you mean 'fsr_up'\? Similar: (\w+, ){2}\w+\. All \d+ are in docs/variations\.md$"
    assert re.search(near, text)
    assert "lund" not in text
    assert len(text) < 250
    none_near = message(changed(views={"up": {"variation": "zzzzzz"}}))
    assert "all" in none_near
    assert "are in docs/variations.md" in none_near
    assert len(none_near) < 150


def test_all_faults_are_told_at_once():
    assert len(message(changed(seed=-1, jets={"radius": -1})).splitlines()) == 2


def test_a_process_of_ones_own():
    mine = {
        "events": 5,
        "settings": ["NewGaugeBoson:ffbar2gmZZprime = on"],
        "initiators": [6],
        "label": "top",
    }
    config = validate(Config, changed(processes={"mine": mine, "qcd": {"events": 1}}), "my.yaml")
    assert config.labels == ("top", "q", "c", "b", "g")


def test_a_file_that_is_no_config(tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("- a list")
    with pytest.raises(ConfigError, match="expected a mapping"):
        load_config(bad)


def test_flavour_labels_are_for_quarks_and_gluons():
    mine = {"events": 1, "settings": ["Top:all = on"], "initiators": [5, 6, 24]}
    mine["label"] = "by_flavour"
    text = message(changed(processes={"mine": mine}))
    assert "processes.mine: label: `by_flavour` is for the partons [1, 2, 3, 4, 5, 21]" in text
    assert "found [6, 24]" in text
    validate(Config, changed(processes={"mine": {**mine, "initiators": [5, 21]}}), "my.yaml")


TTH = {"events": 1, "settings": ["HiggsSM:gg2Httbar = on"], "initiators": [25, 6]}


def test_each_initiator_may_have_a_label_of_its_own():
    processes = {"tth": {**TTH, "label": {25: "Hbb", 6: "top"}}, "top": {"events": 1}}
    config = validate(Config, changed(processes=processes), "my.yaml")
    assert config.labels == ("Hbb", "top")
    # JSON, in which files keep it, knows no numbers as keys.
    stored = json.loads(config.model_dump_json())
    assert validate(Config, stored, "a.h5").processes == config.processes


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ({25: "Hbb"}, "for each of the initiators [6, 25], found those of [25]"),
        ({25: "H", 6: "t", 5: "b"}, "[6, 25], found those of [5, 6, 25]"),
        ({}, "[6, 25], found those of []"),
        ({25: "Hbb", 6: "by_flavour"}, "for all initiators or none"),
        ({25: "Hbb", -6: "top"}, "label.-6: expected a PDG code above 0"),
        ({25: "Hbb", "t": "top"}, "label.t: expected a whole number as the key; found 't'"),
        ({25: "Hbb", True: "top"}, "label: expected a PDG code as the key; found true"),
        ({25: True, 6: "top"}, "label.25: expected text in quotes; found true"),
        ({25: "Hbb", 6: "a top"}, "label.6: expected a letter, then letters, digits or _;"),
        (["Hbb", "top"], "label: expected text or keys with values; found ['Hbb', 'top']"),
    ],
)
def test_labels_by_initiator_are_those_of_the_initiators(label, expected):
    text = message(changed(processes={"mine": {**TTH, "label": label}}))
    assert text.startswith("my.yaml: processes.mine")
    assert expected in text
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize("kind", ["processes", "labels"])
def test_there_are_no_more_names_than_a_column_has_numbers(kind):
    """The 257th would have the number of the first."""

    def numbered(n):
        own = {"events": 1, "settings": ["HardQCD:all = on"]}
        if kind == "processes":
            return {f"p{i}": {**own, "initiators": [21], "label": "g"} for i in range(n)}
        labels = {code: f"l{code}" for code in range(1, n + 1)}
        return {"mine": {**own, "initiators": [*labels], "label": labels}}

    validate(Config, changed(processes=numbered(256)), "my.yaml")
    text = message(changed(processes=numbered(257)))
    assert text.startswith(f"my.yaml: processes: expected at most 256 {kind}, found 257")


def test_a_code_stands_for_the_antiparticle_too():
    text = message(changed(processes={"mine": {**TTH, "initiators": [-6], "label": "top"}}))
    assert "initiators.0: expected a PDG code above 0" in text


def test_processes_whose_names_differ_in_case_alone_are_told_before_any_job():
    """Their shards' names do, too, and no manifest of them would be read."""
    top = {"settings": ["Top:gg2ttbar = on"], "initiators": [6], "label": "top"}
    text = message(changed(processes={"top": {"events": 1}, "Top": {"events": 1, **top}}))
    assert "processes: 'top' and 'Top' differ in case alone; rename one" in text
