"""Measurements of a moment: whether every cost is there and has the right size of order."""

import pytest

from rs3l_data.describe.cost import Costs
from rs3l_data.errors import ConfigError
from rs3l_data.plan.measure import kinds_of, measure, n_steps
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


def test_nothing_of_ours_to_measure_is_told(tmp_path):
    views = {"herwig": {"hepmc": "h.hepmc"}}
    config = make_config(processes={"hbb": {"events": 10}}, views=views)
    with pytest.raises(ConfigError, match="nothing to be measured"):
        measure(config, 0.5, "a test", lambda _: None)
