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


def with_settings(name, more, **other):
    known = entry("processes", name)
    own = {**known, "settings": [*known["settings"], *more], **BASE["processes"][name], **other}
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
    assert redone(store={"compression": "none"}) == {"pack"}
    assert redone(training={}) == set()
    taus = ["15:onMode = off", "15:onIfAny = 13"]
    assert redone(processes=with_settings("top", taus)) == set()
    assert redone(processes=with_settings("qcd", taus)) == everything
    assert redone(processes=with_settings("qcd", [], initiators=[21])) == everything
    assert redone(processes=with_settings("qcd", [], label="jet")) == {"pack"}
    assert redone(processes={"hbb": {"events": 5}, **BASE["processes"]}) == {"pack"}
    assert redone(processes={**BASE["processes"], "hbb": {"events": 5}}) == set()
    more_events = {"qcd": {"events": 40}, "top": {"events": 5}}
    assert redone(processes=more_events) == set()


def test_more_events_change_the_last_chunk_alone():
    def made(events):
        processes = {**BASE["processes"], "qcd": {"events": events}}
        run = Resolved.from_mapping({**BASE, "processes": processes}, "test")
        return [run.fingerprint("hard", "qcd", chunk) for chunk in range(3)]

    few, more = made(25), made(28)
    assert few[:2] == more[:2]
    assert len({*few, *more}) == 4


def test_chunks_of_the_same_events_are_the_same_whatever_their_size_might_be():
    assert fingerprints(hard={"chunk_events": 30}) == fingerprints(hard={"chunk_events": 40})


def test_labels_that_change_places_are_packed_again():
    """With the same names for the columns."""

    def packed(*labels):
        mine = {"events": 5, "settings": ["Top:all = on"], "initiators": [6, 25]}
        mine["label"] = dict(zip((6, 25), labels, strict=True))
        processes = {"top": {"events": 5}, "hbb": {"events": 5}, "mine": mine}
        run = Resolved.from_mapping({**BASE, "processes": processes}, "test")
        return [run.fingerprint(stage, "mine", 0) for stage in ("hard", "pack")]

    (hard, pack), (same, other) = packed("top", "Hbb"), packed("Hbb", "top")
    assert hard == same
    assert pack != other


def test_a_view_that_begins_elsewhere_is_made_again():
    def made(redo):
        views = {**BASE["views"], "late": {"redo": redo, "of": "nominal"}}
        return fingerprints(views=views)

    before, after = made("hadronization"), made("detector")
    assert {job for job in before if before[job] != after[job]} == {"nominal"}


def test_choices_that_came_later_leave_alone_what_was_made_before_them():
    late = {redo: {"redo": redo, "of": "nominal"} for redo in ("hadronization", "detector")}
    few, more = (
        Resolved.from_mapping({**BASE, "views": views}, "test")._parts(
            "resimulate", "qcd", "nominal"
        )
        for views in (BASE["views"], {**BASE["views"], **late})
    )
    assert "antikt" not in few
    # Of each view its name, settings, detector, where it begins, and a file.
    assert len(more) - len(few) == 2 * 5


ONEPASS = {
    "validation": {"events": 20},
    "views": {
        **BASE["views"],
        "scaled": {"redo": "detector", "of": "nominal", "detector": {"ecal_scale": 1.1}},
    },
}


def onepass(**blocks):
    run = Resolved.from_mapping({**BASE, **ONEPASS, **blocks}, "test")
    chunks = [int(chunk) for process, chunk in references.onepass_chunks(run.config)]
    return [
        run.fingerprint_of_onepass("qcd", chunk, name)
        for name in ("nominal", "up")
        for chunk in chunks[: len(chunks) // 2]
    ]


@pytest.mark.parametrize(
    "blocks",
    [
        {"seed": 2},
        {"hard": {"chunk_events": 10, "pt": [500, 900]}},
        {"hard": {"chunk_events": 10, "abs_eta_max": 1.5}},
        {"jets": {"radius": 1.0}},
        {"jets": {"algorithm": "cambridge"}},
        {"detector": {"overrides": {"ecal_scale": 1.2}}},
        {"generator": {"tune": "a14"}},
        {"processes": with_settings("qcd", ["15:onMode = off"])},
        {"processes": with_settings("qcd", [], initiators=[21])},
        {"pileup": {"mean": 5}},
    ],
)
def test_a_one_pass_sample_is_made_again_if_it_would_change(blocks):
    before, after = onepass(), onepass(**blocks)
    assert len({*before, *after}) == len(before) + len(after) == 8


def test_a_one_pass_sample_is_made_again_in_no_other_case():
    before = onepass()
    assert onepass(training={}, split={"train": 0.6, "validation": 0.2, "test": 0.2}) == before
    assert onepass(pileup={"sample_events": 5}) == before
    crowds = [{"mean": 5}, {"mean": 5, "sample_events": 5}, {"mean": 7}]
    assert len({one for pileup in crowds for one in onepass(pileup=pileup)}) == 3 * 4
    scaled = ONEPASS["views"]["scaled"]
    renamed = onepass(views={**BASE["views"], "louder": scaled})
    assert [x == y for x, y in zip(before, renamed, strict=True)] == [False, False, True, True]
    varied = onepass(views={**ONEPASS["views"], "up": {"variation": "isr_up"}})
    assert [x == y for x, y in zip(before, varied, strict=True)] == [True, True, False, False]
    crowded = onepass(views={**ONEPASS["views"], "scaled": {**scaled, "pileup": {"mean": 5}}})
    assert [x == y for x, y in zip(before, crowded, strict=True)] == [False, False, True, True]


def test_the_chunks_of_a_one_pass_sample_have_their_own_events():
    whole, fewer = onepass(), onepass(validation={"events": 15})
    assert [x == y for x, y in zip(whole, fewer, strict=True)] == [True, False, True, False]
    later = onepass(hard={"chunk_events": 15})
    assert not {*whole} & {*later}
    short = {"validation": {"events": 10}}
    assert onepass(**short) == onepass(**short, hard={"chunk_events": 20})


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
