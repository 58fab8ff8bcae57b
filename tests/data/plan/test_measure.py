"""Measurements of a moment: whether every cost is there and has the right size of order."""

import pytest

from rs3l_data.describe.cost import Costs
from rs3l_data.describe.rates import Footprint, recorded
from rs3l_data.errors import ConfigError
from rs3l_data.plan.commands import CommandCosts
from rs3l_data.plan.measure import kinds_of, measure, n_steps, with_commands
from tests.data.conftest import make_config

VIEWS = {
    "nominal": {},
    "seed": {},
    "vincia": {"variation": "vincia_global"},
    "crowded": {"redo": "detector", "of": "nominal", "pileup": {"mean": 80}},
}


def test_views_with_the_same_settings_are_measured_once():
    config = make_config(views={**VIEWS, "nominal": {"pileup": {"mean": 5}}})
    kinds = kinds_of(config)
    vincia = "PartonShowers:model = 2; Vincia:tune = 0; Vincia:sectorShower = off"
    assert [*kinds] == ["monash", f"monash; {vincia}"]
    assert not any(view.pileup for view in kinds.values())


def test_costs_are_those_of_the_jobs():
    config = make_config(processes={"hbb": {"events": 10}}, views=VIEWS)
    done = []
    rates = measure(config, 0.5, "a test", done.append)
    assert done == [*range(1, n_steps(config) + 1)]
    assert rates.rows["hbb"] == pytest.approx(1.0, abs=0.05)
    costs = Costs(config, rates)
    simple, vincia = (costs.view_ms("hbb", view) for view in ("nominal", "vincia"))
    assert simple.measured
    assert vincia.measured
    # Orders only: other programs share the machine.
    assert 1.5 < vincia.value / simple.value < 30
    assert 0 < rates.hard_ms["hbb"] < simple.value
    assert rates.detector_ms["hbb"] < simple.value
    assert 0.1 < rates.view_kb["hbb"] < 10


def test_nothing_of_ours_to_measure_is_told():
    views = {"herwig": {"hepmc": "h.hepmc"}}
    config = make_config(processes={"hbb": {"events": 10}}, views=views)
    with pytest.raises(ConfigError, match="nothing to be measured"):
        measure(config, 0.5, "a test", lambda _: None)


def test_what_commands_cost_takes_the_place_of_what_was_recorded(monkeypatch):
    config, before = make_config(processes={"hbb": {"events": 10}}, views=VIEWS), recorded()
    asked = []

    def measured(config, process, root, events, folder):
        asked.append((process, root, events, folder.is_dir()))
        starts, memory = {"hard": 11.0}, {"hard": Footprint(base_mb=123.0, each_kb=4.0)}
        return CommandCosts(0.25, 0.5, 0.75, 1.25, starts, memory)

    monkeypatch.setattr("rs3l_data.plan.measure.measure_commands", measured)
    rates = with_commands(before, config, 60)
    # As many events as take a minute, of the first process and the first kind of shower.
    events = round(60_000 / before.shower("monash", "hbb").value)
    assert asked == [("hbb", config.views["nominal"], events, True)]
    assert (rates.idle_s, rates.pack_ms, rates.manifest_ms, rates.hard_kb) == (
        0.25,
        0.5,
        0.75,
        1.25,
    )
    assert rates.start_s == {**before.start_s, "hard": 11.0}
    assert rates.memory == {**before.memory, "hard": Footprint(base_mb=123.0, each_kb=4.0)}
    assert rates.shower_ms == before.shower_ms
