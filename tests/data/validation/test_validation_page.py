"""The page and its numbers: of a run that is right, and of one that is not."""

import json
import re
import shutil

import pytest

import rs3l_data
from rs3l_data.errors import InputFileError
from rs3l_data.report.pictures import Picture, data_uri
from rs3l_data.store.shard import write_shard
from rs3l_data.store.tables import View
from rs3l_data.validation import page as page_of
from rs3l_data.validation.page import write_validation
from tests.data.validation.conftest import command


@pytest.fixture(scope="module")
def written(finished):
    result = command("validation", finished, "--strict")
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


def without_figures(found):
    """Give the page one pixel for each figure: drawing them takes longer than the rest."""
    pixel = Picture(data_uri(b""), "nothing", "nothing")
    names = ("p_values", "variations", "response", "tracking", "spectra")
    one_pass = dict.fromkeys(found.dataset.processes, pixel)
    return {**dict.fromkeys(names, pixel), "one_pass": one_pass}


def test_a_defect_is_red_and_strict_says_so(finished, tmp_path, monkeypatch):
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
    attributes = dict(source.shards[0].attributes)
    for key in ("format", "format_version", "kind", "view_names"):
        attributes.pop(key, None)
    write_shard(path, source.read_initiators(), views, attributes)
    out = tmp_path / "page.html"
    monkeypatch.setattr(page_of, "_pictures", without_figures)
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
