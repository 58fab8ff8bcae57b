"""What a record says of itself: its metadata for archives, and its card."""

import json
from pathlib import Path

import pytest
from datacite import schema45

from rs3l_data.describe.publication import Publication
from rs3l_data.describe.schema import CONSTITUENTS, DECAYS, INITIATORS, JETS
from rs3l_data.describe.strict import validate
from rs3l_data.describe.yaml_file import read_yaml
from rs3l_data.errors import ConfigError
from rs3l_data.record.card import card
from rs3l_data.record.layout import Layout
from rs3l_data.record.metadata import datacite, zenodo
from rs3l_data.record.publish import publish
from rs3l_data.store.manifest import read_manifest
from tests.data.conftest import make_config
from tests.data.record.about import ABOUT


@pytest.fixture(scope="module")
def manifest(folder):
    """A manifest with the config of a real run."""
    config = make_config(
        processes={"hbb": {"events": 30}, "qcd": {"events": 30}},
        views={
            "nominal": {},
            "seed": {"variation": "fsr_up"},
            "resmeared": {"redo": "detector", "of": "nominal", "pileup": {"mean": 60}},
            "own": {"variation": ["StringFlav:probStoUD = 0.3"]},
            "coarse": {"variation": "hcal_coarse"},
            "cuts": {"variation": "thresholds_up", "detector": {"hcal": {"energy_min": 3.0}}},
        },
        detector={"overrides": {"ecal": {"energy_min": 0.7}}},
    ).model_dump(mode="json", exclude={"training", "validation"})
    found = read_manifest(folder / "dataset.json")
    processes = {"hbb": found["processes"]["higgs"], "qcd": found["processes"]["qcd"]}
    views = [*config["views"]]
    labels = {
        name: {**label, "present": dict.fromkeys(views, label["present"]["seed"])}
        for name, label in found["labels"].items()
    }
    return found | {"config": config, "processes": processes, "views": views, "labels": labels}


def test_datacite_accepts_the_metadata(manifest):
    found = datacite(ABOUT, manifest)
    schema45.validator.validate(found)
    assert found["creators"][0]["familyName"] == "Curie"
    assert found["creators"][1]["nameType"] == "Organizational"
    assert found["sizes"] == [f"{sum(f['bytes'] for f in manifest['files'])} bytes"]
    least = Publication.model_validate({"title": "x", "creators": [{"name": "y"}]})
    schema45.validator.validate(datacite(least, manifest))
    assert not schema45.validator.is_valid(found | {"publicationYear": "20x"})


def test_zenodo_gets_what_it_asks_for(manifest):
    found = zenodo(ABOUT, manifest)
    # The required fields of its documentation, and its spelling of them.
    assert found["upload_type"] == "dataset"
    assert found["title"] == "Jets <in> views"
    assert found["creators"][0] == {
        "name": "Curie, Marie",
        "affiliation": "Sorbonne",
        "orcid": "0000-0002-1825-0097",
    }
    assert found["license"] == "cc-by-4.0"
    assert found["access_right"] == "open"
    assert found["description"].startswith("<p>First &amp; foremost.</p><p>Second.</p><p>")
    cited = [paper["arxiv"] for paper in manifest["citation"]]
    assert [r["identifier"] for r in found["related_identifiers"]] == [f"arXiv:{c}" for c in cited]


def test_the_card_says_everything(manifest):
    text = card(ABOUT, manifest)
    for table in (INITIATORS, DECAYS, JETS, CONSTITUENTS):
        for column in table:
            line = f"| `{column.name}` | {column.numpy_dtype.name} | {column.unit or '–'} | "
            assert line + column.meaning in text
    assert "n_b_hadrons" not in card(ABOUT, manifest | {"format_version": "1.0"})
    made = manifest["processes"]["qcd"]
    assert f"{made['cross_section_pb']:.4g} ± {made['cross_section_error_pb']:.2g}" in text
    assert "QCD dijets" in text
    assert "`HardQCD:all = on`" in text
    # Each view with what it shares, changes and rests on.
    assert "| `seed` | the hard process | fsr_up: `TimeShower:renormMultFac = 4` | muR of" in text
    assert "| `resmeared` | the particles of `nominal` | `pileup.mean = 60` |" in text
    assert "`StringFlav:probStoUD = 0.3`" in text
    assert "| hcal_coarse: `hcal.cells = [...]` | cells of twice" in text
    changes = "`ecal.energy_min = 1.0`; `hcal.energy_min = 2.0`; `hcal.energy_min = 3.0`"
    assert f"| thresholds_up: {changes} |" in text
    assert "card `cms`, `ecal.energy_min = 0.7`, unless a view changes it" in text
    assert "400 < pT < 1000 GeV, |η| < 2.5" in text
    assert "anti-kT, R = 0.8, of candidates with pT > 0.5 GeV" in text
    other = {**manifest["config"], "jets": {**manifest["config"]["jets"], "algorithm": "cambridge"}}
    assert "jets: Cambridge/Aachen, R = 0.8" in card(ABOUT, manifest | {"config": other})
    assert "pT > 350 GeV" in text
    assert "rs3l-data download 10.5281/zenodo.77 --to" in text
    assert "Creative Commons Attribution 4.0 International" in text
    for paper in manifest["citation"]:
        assert paper["arxiv"] in text
    for name, version in manifest["software"].items():
        assert f"{name} {version}" in text
    for line in text.splitlines():
        if line.startswith("|"):
            assert line.endswith("|")


def test_the_card_of_a_config_that_says_little(folder):
    """Datasets of other programs have no cuts of ours to tell of."""
    text = card(ABOUT, read_manifest(folder / "dataset.json"))
    assert "## Selection" not in text
    assert "| `nominal` | the hard process | nothing else |" in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"title": " "}, "title"),
        ({"creators": []}, "creators"),
        (
            {"creators": [{"name": "A", "orcid": "0000-0002-1825-0096"}]},
            "last character should be 7",
        ),
        (
            {"creators": [{"name": "A", "orcid": "0000-0002"}]},
            "creators.0.orcid: expected an ORCID, such as 0000-0002-1825-0097; found '0000-0002'",
        ),
        ({"title": " "}, "title: expected text that is not empty; found ' '"),
        ({"title": 2026}, 'title: expected text in quotes, such as "2026"; found 2026'),
        ({"version": 1.0}, 'version: expected text in quotes, such as "1.0"; found 1.0'),
        ({"licence": "MIT"}, "licence.*CC-BY-4.0"),
        ({"license": "CC0-1.0"}, "license: unknown key; did you mean 'licence'"),
        (
            {"doi": "zenodo.1"},
            "doi: expected a DOI, such as 10.5281/zenodo.1234567; found 'zenodo.1'",
        ),
    ],
)
def test_what_is_wrong_in_what_people_say(change, words):
    said = {"title": "T", "creators": [{"name": "A"}]} | change
    with pytest.raises(ConfigError, match=words):
        validate(Publication, said, "about.yaml")


def test_the_example_is_valid():
    example = Path(__file__).parents[3] / "docs" / "publication.yaml"
    validate(Publication, read_yaml(example), "example")


def test_an_orcid_may_end_in_x():
    said = {"title": "T", "creators": [{"name": "A", "orcid": "0000-0001-5109-3700"}]}
    validate(Publication, said, "about")
    said["creators"][0]["orcid"] = "0000-0002-1694-233X"
    validate(Publication, said, "about")


def test_json_files_are_what_the_functions_say(folder, tmp_path):
    made = publish(folder, tmp_path / "record", ABOUT, Layout())
    for name, write in ((".zenodo.json", zenodo), ("datacite.json", datacite)):
        found = json.loads((tmp_path / "record" / name).read_text(encoding="utf-8"))
        assert found == write(ABOUT, made)
