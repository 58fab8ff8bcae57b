"""One-pass Pythia: the same hard processes as the generated ones, and events that stand alone."""

import numpy as np
import pytest

from rs3l_data.chain import hard_chunk, onepass_chunk, selection
from rs3l_data.describe.references import (
    onepass_chunks,
    onepass_events,
    reference_of,
    references,
)
from rs3l_data.describe.seeds import own_pythia_seeds
from rs3l_data.describe.settings import hard_settings, onepass_settings
from rs3l_data.errors import ConfigError, GeneratorError
from rs3l_data.pileup import sample_of
from rs3l_data.simulate.onepass import OnePass
from tests.data.conftest import make_config
from tests.data.showers import shower_tables

VIEWS = {
    "nominal": {},
    "seed": {},
    "up": {"variation": "fsr_up"},
    "again": {"redo": "hadronization", "of": "nominal"},
    "strange": {
        "redo": "hadronization",
        "of": "up",
        "variation": ["StringFlav:probStoUD = 0.3"],
    },
    "shifted": {"redo": "detector", "of": "again", "detector": {"ecal_scale": 1.05}},
    "a14": {"variation": "a14"},
    "cp5": {"variation": "cp5"},
}


def small(n=6, **blocks):
    return make_config(events=n, **{"views": VIEWS, "validation": {"events": n}, **blocks})


def chain(config, process, view, numbers, stage="onepass/nominal"):
    events = np.array(numbers, np.int64)
    return OnePass(
        process,
        config.seed,
        onepass_settings(config, process, view),
        hard_settings(config, process),
        selection(config, process),
        events,
        own_pythia_seeds(config.seed, process, stage, events),
    )


def test_views_with_the_same_settings_share_a_sample_and_detectors_have_their_own_table():
    found = {one.name: one.tables for one in references(small())}
    assert found == {
        "nominal": {"nominal": ("nominal", "seed", "again"), "shifted": ("shifted",)},
        "up": {"up": ("up",)},
        "strange": {"strange": ("strange",)},
        "a14": {"a14": ("a14",)},
        "cp5": {"cp5": ("cp5",)},
    }
    chosen = small(validation={"views": ["seed", "shifted"]})
    assert [one.name for one in references(chosen)] == ["seed"]


@pytest.mark.parametrize(
    ("view", "message"), [("seed", "give that name"), ("sed", "did you mean 'seed'")]
)
def test_a_sample_that_there_is_not_is_named(view, message):
    with pytest.raises(ConfigError, match=message):
        reference_of(small(), view)


def test_what_another_program_makes_has_no_sample():
    mg = {"events": 6, "lhe": ["a.lhe"], "initiators": [25], "label": "H"}
    config = small(
        processes={"mg": mg, "qcd": {"events": 6}},
        views={"nominal": {}, "herwig": {"hepmc": "{process}"}},
    )
    assert {process for process, _ in onepass_chunks(config)} == {"qcd"}
    with pytest.raises(ConfigError, match=r"processes\.mg: .*`lhe`.* that it can: qcd"):
        onepass_events(config, "mg", 0)
    with pytest.raises(ConfigError, match="'herwig' comes from the HepMC file"):
        reference_of(config, "herwig")


@pytest.mark.parametrize(("process", "flatten"), [("qcd", True), ("top", False)])
def test_hard_processes_are_those_of_the_generation_alone(process, flatten, monkeypatch):
    """With the same seeds; so weights, cuts, cross sections and the sampling are the same, too."""
    monkeypatch.setattr("rs3l_data.simulate.generate.LEAST", 0)
    config = small(hard={"chunk_events": 6, "flatten_pt": flatten})
    alone, run = hard_chunk(config, process, 0, lambda _: None)
    one_pass = chain(config, process, "nominal", range(6), stage="hard")
    batches = list(one_pass)
    assert sum(map(len, (batch.hard for batch in batches))) == 6
    # The hook reads the record before Pythia goes on; what it reads must be what is saved.
    for name, values in alone.particles.items():
        assert one_pass.hard.particles[name] == pytest.approx(values, rel=1e-9, abs=1e-9), name
    for name, values in alone.events.items():
        assert one_pass.hard.events[name] == pytest.approx(values, rel=1e-9), name
    assert one_pass.run.sum_of_weights == pytest.approx(run.sum_of_weights)
    assert one_pass.run.cross_section_mb == pytest.approx(run.cross_section_mb, rel=1e-6)
    assert one_pass.run.cross_section_error_mb == pytest.approx(
        run.cross_section_error_mb, rel=1e-6
    )


def test_cuts_that_leave_nothing_are_told_at_the_first_event(monkeypatch):
    tries = 5
    for module in ("onepass", "generate"):
        monkeypatch.setattr(f"rs3l_data.simulate.{module}.TRIES", tries)
    impossible = small(processes={"hbb": {"events": 4, "initiators": [6]}})
    one_pass = chain(impossible, "hbb", "nominal", range(4))
    with pytest.raises(
        GeneratorError, match=r"'hbb', event 0: none .* \[6\] occurs in .* \[.*25.*\]"
    ):
        next(iter(one_pass))
    # One for each other event.
    assert one_pass._hook.n_tried == tries + 3


def test_a_job_that_delivers_nothing_says_why():
    views = {"nominal": {}, "hopeless": {"variation": ["Check:epTolErr = 0."]}}
    one_pass = chain(small(views=views), "hbb", "hopeless", range(4))
    with pytest.raises(GeneratorError, match=r"none of 4 events in the whole chain.*not conserved"):
        list(one_pass)


def test_an_event_does_not_depend_on_those_before_it():
    config = small()
    together = next(iter(chain(config, "hbb", "nominal", range(4)))).particles
    alone = next(iter(chain(config, "hbb", "nominal", [3]))).particles
    last = slice(together.offsets[3], together.offsets[4])
    assert np.array_equal(together.px[last], alone.px)
    assert np.array_equal(together.pdg_id[last], alone.pdg_id)


@pytest.mark.parametrize("view", ["cp5", "densities"])
@pytest.mark.parametrize(
    "own", [(), ("PDF:useHard = on", "PDF:pHardSet = 8"), ("PDF:useHard = on",)]
)
def test_a_view_leaves_the_hard_process_alone(own, view):
    """A restored view keeps the densities and couplings of its hard process; so must this."""
    qcd = {"events": 6, "initiators": [21], "label": "by_flavour"}
    qcd["settings"] = ["HardQCD:gg2gg = on", *own]
    views = {"nominal": {}, "cp5": {"variation": "cp5"}}
    views["densities"] = {"variation": ["PDF:pSet = 20"]}
    config = small(processes={"qcd": qcd}, views=views)
    alone, _ = hard_chunk(config, "qcd", 0, lambda _: None)
    of_hard = next(iter(chain(config, "qcd", view, range(4), stage="hard"))).hard
    assert of_hard.events["pdf1"] == pytest.approx(alone.events["pdf1"][:4], rel=1e-9)
    mine, nominal = (chain(config, "qcd", name, range(4)) for name in (view, "nominal"))
    changed, reference = (next(iter(one)) for one in (mine, nominal))
    assert np.array_equal(changed.hard.particles["px"], reference.hard.particles["px"])
    assert changed.hard.events["alpha_s"] == pytest.approx(reference.hard.events["alpha_s"])
    assert changed.hard.events["pdf1"] == pytest.approx(reference.hard.events["pdf1"])
    assert not np.array_equal(changed.particles.offsets, reference.particles.offsets)


def test_tables_have_the_rows_of_their_own_initiators():
    config = small(12)
    hard, run, tables = onepass_chunk(config, "top", "nominal", 0, lambda _: None)
    assert [*tables] == ["nominal", "shifted"]
    assert len(hard) == 12
    assert run.process == "top"
    present = tables["nominal"].jets["present"]
    assert present.mean() > 0.7
    chosen = present & tables["nominal"].jets["contained"]
    assert np.abs(np.median(tables["nominal"].jets["softdrop_mass"][chosen]) - 172.5) < 30
    # Other events than those of the views.
    saved, _ = hard_chunk(config, "top", 0, lambda _: None)
    assert not np.array_equal(saved.particles["px"][:4], hard.particles["px"][:4])
    # The same particles through a detector with another scale and other noise.
    assert not np.array_equal(tables["shifted"].jets["pt"], tables["nominal"].jets["pt"])
    ratio = tables["shifted"].jets["initiator_pt"] / tables["nominal"].jets["initiator_pt"]
    assert ratio == pytest.approx(1)
    view = shower_tables(config, "top", "nominal", saved, lambda _: None)["nominal"]
    assert set(view.jets) == set(tables["nominal"].jets)


def test_pileup_lies_over_events_in_one_go_whatever_their_batches(monkeypatch):
    views = {"nominal": {}, "crowded": {"redo": "detector", "of": "nominal"}}
    views["crowded"] |= {"pileup": {"mean": 60, "mitigation": "none"}}
    config = small(views=views, pileup={"sample_events": 30})
    with pytest.raises(ConfigError, match=r"'crowded' has pile-up .* no sample"):
        onepass_chunk(config, "hbb", "nominal", 0, lambda _: None)
    sample, done = sample_of(config, lambda _: None), []
    _, _, whole = onepass_chunk(config, "hbb", "nominal", 0, lambda _: None, sample)
    monkeypatch.setattr("rs3l_data.simulate.onepass.BATCH", 4)
    _, _, parts = onepass_chunk(config, "hbb", "nominal", 0, done.append, sample)
    assert done == [4, 6]
    for name, table in whole.items():
        for column, values in table.jets.items():
            np.testing.assert_array_equal(parts[name].jets[column], values, column)
    both = whole["nominal"].jets["present"] & whole["crowded"].jets["present"]
    assert both.sum() > 3
    more = whole["crowded"].jets["pt"][both] - whole["nominal"].jets["pt"][both]
    assert np.median(more) > 5
