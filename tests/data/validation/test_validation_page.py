"""The page and its numbers: of a run that is right, and of one that is not."""

import json
import re
import shutil

import pytest
import yaml

import rs3l_data
from rs3l_data.errors import ConfigError, InputFileError
from rs3l_data.store.shard import write_shard
from rs3l_data.store.tables import View
from rs3l_data.validation.onepass import open_references
from rs3l_data.validation.page import write_validation
from tests.data.conftest import make_config
from tests.data.exchange.lhe_text import write_lhe
from tests.data.validation.conftest import N_EVENTS, command, make_run


@pytest.fixture(scope="module")
def written(finished):
    result = command("validation", finished, "--strict", "--figures", finished / "figures")
    assert result.exit_code == 0, result.output
    page = (finished / "validation.html").read_text(encoding="utf-8")
    return page, json.loads((finished / "validation.json").read_text(encoding="utf-8"))


def test_a_run_that_is_right_is_green(written):
    page, numbers = written
    assert numbers["n_failed"] == 0
    assert f"None of {numbers['n_tests']} tests failed" in page
    assert not re.search(r'<td class="bad"', page)
    groups = {test["group"] for test in numbers["tests"]}
    assert groups == {"one-pass", "variations", "detector", "monte carlo"}


def test_its_figures_are_there_as_pdf(written, finished):
    assert {path.name for path in (finished / "figures").iterdir()} == {
        *("p_values.pdf", "one_pass-qcd.pdf", "one_pass-hbb.pdf", "variations.pdf"),
        *("response.pdf", "tracking.pdf", "spectra.pdf"),
    }


def test_every_view_meets_every_process_and_quantity(written):
    _, numbers = written
    found = {
        (test["subject"], test["process"], test["quantity"])
        for test in numbers["tests"]
        if test["group"] == "one-pass"
    }
    assert {view for view, _, _ in found} == {"nominal", "fsr_down", "rehadronized", "scaled"}
    assert {process for _, process, _ in found} == {"qcd", "hbb"}
    assert {quantity for _, _, quantity in found} == {
        *("present", "pt", "mass", "softdrop_mass", "n_constituents", "tau21", "n2"),
        "initiator_pt",
    }


def test_resonances_have_a_peak_and_partons_a_mean(written):
    """Few jets of hbb are in the peak here, so that it may be too few to be measured."""
    _, numbers = written
    found = {(one["process"], one["quantity"]) for one in numbers["variations"]}
    assert ("qcd", "n_constituents") in found
    assert ("qcd", "softdrop_mass") not in found
    assert ("hbb", "mass") not in found
    assert {("qcd", "mass"), ("hbb", "softdrop_mass")} & found


def test_cross_sections_are_of_two_independent_runs(written):
    _, numbers = written
    for section in numbers["cross_sections_pb"].values():
        assert section["run"] != section["one_pass"]
        assert abs(section["pull"]) < 4
        assert section["run"] == pytest.approx(section["one_pass"], rel=1)


def test_page_needs_no_network_and_its_links_lead_somewhere(written):
    page, _ = written
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert sources
    assert all(source.startswith(("data:", "#")) for source in sources)
    assert "@import" not in page
    assert "url(" not in page
    ids = set(re.findall(r'id="([^"]*)"', page))
    assert {source[1:] for source in sources if source.startswith("#")} <= ids
    assert page.count("<img") == page.count('alt="')


def test_a_defect_is_red_and_strict_says_so(finished, tmp_path, undrawn):
    """Five times the constituents in the one-pass events of one process, and nothing else."""
    folder = tmp_path / "small"
    shutil.copytree(finished, folder)
    path = folder / "onepass/nominal/hbb-0000.h5"
    source = rs3l_data.open(path)
    views = {}
    for name in source.views:
        view = source.read_view(name)
        wrong = {**view.jets, "n_constituents": view.jets["n_constituents"] * 5}
        views[name] = View(wrong, view.constituents, view.offsets)
    write_shard(path, source.read_initiators(), views, source.shards[0].attributes)
    out = tmp_path / "page.html"
    assert command("validation", folder, "--out", out, "--strict").exit_code == 1
    numbers = json.loads(out.with_suffix(".json").read_text())
    bad = {
        (test["subject"], test["process"], test["quantity"])
        for test in numbers["tests"]
        if test["failed"]
    }
    # All views that are compared with these events, and fsr_down, which has its own, is not.
    expected = {(view, "hbb", "n_constituents") for view in ("nominal", "rehadronized", "scaled")}
    assert bad == expected
    page = out.read_text(encoding="utf-8")
    assert f"{len(numbers['tests'])} tests failed" in page
    assert page.count('<td class="bad" title="n_constituents') == 3


def test_missing_one_pass_events_are_named(finished, tmp_path):
    folder = tmp_path / "small"
    shutil.copytree(finished, folder)
    path = folder / "onepass/fsr_down/qcd-0000.h5"
    path.unlink()
    with pytest.raises(InputFileError, match=r"qcd-0000\.h5: no such file.*snakemake validation"):
        write_validation(folder, tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def test_a_dataset_of_another_config_is_refused(finished, tmp_path):
    folder = tmp_path / "small"
    shutil.copytree(finished, folder)
    path = folder / "config.yaml"
    config = yaml.safe_load(path.read_text())
    del config["processes"]["hbb"]
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    with pytest.raises(InputFileError, match=r"dataset: has the process 'hbb', but .*config\.yaml"):
        write_validation(folder, tmp_path / "page.html")


def test_a_process_of_another_programs_hard_events_is_left_out_and_named(undrawn, tmp_path):
    """Pythia cannot make it in one go; all else of it is on the page."""
    folder = tmp_path / "mixed"
    process = {"events": 12, "lhe": [str(write_lhe(tmp_path / "mg.lhe", range(12)))]}
    config = make_config(
        # Before the others, so that nothing takes the first process for one of Pythia's.
        processes={
            "mg": {**process, "initiators": [25], "label": "Hbb"},
            "qcd": {"events": N_EVENTS},
        },
        views={"nominal": {}, "seed": {}},
        hard={"chunk_events": N_EVENTS},
        validation={"events": N_EVENTS},
    )
    make_run(folder, config)
    assert command("validation", folder).exit_code == 0
    numbers = json.loads((folder / "validation.json").read_text())
    assert {t["process"] for t in numbers["tests"] if t["group"] == "one-pass"} == {"qcd"}
    assert {t["process"] for t in numbers["tests"] if t["group"] == "monte carlo"} == {"qcd"}
    assert [*numbers["cross_sections_pb"]] == ["qcd"]
    assert {one["process"] for one in numbers["variations"]} >= {"qcd"}
    assert {*numbers["weights"]} == {"mg", "qcd"}
    page = (folder / "validation.html").read_text(encoding="utf-8")
    assert re.search(r"Not compared with Pythia[^.]*: mg\.", page)
    with pytest.raises(ConfigError, match=r"processes\.mg: its hard events come from `lhe` files"):
        command("onepass", folder / "config.yaml", "mg", 0, "-o", tmp_path / "no.h5")
    assert not (tmp_path / "no.h5").exists()


def test_all_processes_are_compared_where_pythia_makes_them(written):
    page, _ = written
    assert "Not compared with Pythia" not in page


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ({"views": {"herwig": {"hepmc": "{process}"}}}, "^views: all come from HepMC files"),
        (
            {
                "views": {"nominal": {}, "herwig": {"hepmc": "{process}"}},
                "validation": {"views": ["herwig"]},
            },
            r"^validation\.views: all come from HepMC files",
        ),
        (
            {
                "processes": {
                    "mg": {"events": 1, "lhe": ["a.lhe"], "initiators": [25], "label": "H"}
                }
            },
            "^processes: all take their hard events from `lhe` files",
        ),
    ],
)
def test_a_run_without_anything_to_compare_says_why(blocks, message, tmp_path):
    with pytest.raises(ConfigError, match=message):
        open_references(make_config(**blocks), tmp_path)
