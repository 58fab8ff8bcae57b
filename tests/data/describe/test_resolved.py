import pytest

from rs3l_data.describe import references
from rs3l_data.describe.catalogue import entry
from rs3l_data.describe.resolved import Resolved
from rs3l_data.describe.yaml_file import parse_yaml
from rs3l_data.errors import ConfigError

BASE = {
    "name": "a",
    "seed": 1,
    "processes": {"qcd": {"events": 25}, "top": {"events": 5}},
    "views": {"nominal": {}, "up": {"variation": "fsr_up"}},
    "hard": {"chunk_events": 10},
}


def fingerprints(**blocks):
    run = Resolved.from_mapping({**BASE, **blocks}, "test")
    return {
        "hard": run.fingerprint("hard", "qcd", 0),
        "nominal": run.fingerprint("resimulate", "qcd", 0, "nominal"),
        "up": run.fingerprint("resimulate", "qcd", 0, "up"),
        "pack": run.fingerprint("pack", "qcd", 0),
    }


def redone(**blocks):
    before, after = fingerprints(), fingerprints(**blocks)
    return {job for job in before if before[job] != after[job]}


def with_settings(name, more):
    known = entry("processes", name)
    own = {**known, "settings": [*known["settings"], *more], **BASE["processes"][name]}
    return {**BASE["processes"], name: own}


def test_chunks():
    run = Resolved.from_mapping(BASE, "test")
    expected = [("qcd", "0000"), ("qcd", "0001"), ("qcd", "0002"), ("top", "0000")]
    assert run.chunks == expected


@pytest.mark.parametrize(
    ("text", "found"),
    [("on: {}", "true"), ("2026-01-02: {}", "the date 2026-01-02"), ("~: {}", "nothing")],
)
def test_a_name_that_yaml_takes_for_something_else_is_told(text, found):
    """A view `on` was called `true`, and a date ended in a traceback."""
    with pytest.raises(
        ConfigError, match=rf"^test: views: .* in quotes as the key; found {found}$"
    ):
        Resolved.from_mapping({**BASE, "views": parse_yaml(text)}, "test")


def test_a_job_is_done_again_only_if_its_result_would_change():
    everything = {"hard", "nominal", "up", "pack"}
    assert redone() == set()
    assert redone(seed=2) == everything
    assert redone(hard={"chunk_events": 10, "pt": [500, 900]}) == everything
    assert redone(jets={"radius": 1.0}) == {"nominal", "up"}
    assert redone(jets={"algorithm": "cambridge"}) == {"nominal", "up"}
    assert redone(detector={"overrides": {"ecal_scale": 1.1}}) == {"nominal", "up"}
    assert redone(views={"nominal": {}, "up": {"variation": "isr_up"}}) == {"up"}
    assert redone(views={**BASE["views"], "more": {}}) == {"pack"}
    assert redone(split={"train": 0.6, "validation": 0.2, "test": 0.2}) == {"pack"}
    assert redone(training={}) == set()
    taus = ["15:onMode = off", "15:onIfAny = 13"]
    assert redone(processes=with_settings("top", taus)) == set()
    assert redone(processes=with_settings("qcd", taus)) == everything
    more_events = {"qcd": {"events": 40}, "top": {"events": 5}}
    assert redone(processes=more_events) == set()


def test_jobs_have_the_files_that_their_settings_name_among_their_inputs():
    """Snakemake did not make the events again when such a file had changed."""
    hard = ["PDF:useHard = on", "PDF:pHardSet = LHAGrid1:/hard.dat"]
    views = {
        "nominal": {},
        "heavy": {"variation": ["slha::FILE=heavy.slha ! another spectrum"]},
        "late": {"redo": "hadronization", "of": "heavy"},
        "void": {"variation": ["SLHA:file = void"]},
        "pythias": {"variation": ["PDF:pSet = LHAGrid1:NNPDF31_lo_as_0130_0000.dat"]},
        "mine": {"variation": ["PDF:pSet = LHAGrid1:/mine.dat"]},
    }
    generator = {"settings": ["SLHA:file = light.slha"]}
    processes = with_settings("top", hard)
    run = Resolved.from_mapping(
        {**BASE, "views": views, "generator": generator, "processes": processes}, "test"
    )
    for view in ("nominal", "void", "pythias"):
        assert run.settings_files() == run.settings_files("qcd", view) == ["light.slha"]
    for view in ("heavy", "late"):
        assert run.settings_files(view=view) == ["light.slha", "heavy.slha"]
    assert run.settings_files(process="top") == ["light.slha", "/hard.dat"]
    assert run.settings_files("top", "mine") == ["light.slha", "/hard.dat", "/mine.dat"]


def test_another_origin_of_the_particles_makes_another_view():
    """Of two that are hadronised with the same settings: other random numbers alone."""

    def made(origin):
        views = {
            "nominal": {},
            "again": {"redo": "hadronization", "of": "nominal"},
            "det": {"redo": "detector", "of": origin},
            "det_of_det": {"redo": "detector", "of": "det"},
        }
        return fingerprints(views={**views, "up": {"variation": "fsr_up"}})

    before, after = made("nominal"), made("again")
    assert before["nominal"] != after["nominal"]
    assert before["up"] == after["up"]


def test_samples_of_one_pass_pythia_are_worked_out_once(monkeypatch):
    """All detector cards are read for them, which took a second for every job."""
    asked, answer = [], references.references
    monkeypatch.setattr(references, "references", lambda of: asked.append(of) or answer(of))
    run = Resolved.from_mapping(BASE, "test")
    for process, chunk in references.onepass_chunks(run.config):
        run.fingerprint_of_onepass(process, int(chunk), "up")
        run.cost("onepass", process, chunk, "up")
    assert len(asked) == 1
