import pytest

from rs3l_data.describe.cost import Costs
from rs3l_data.describe.rates import recorded
from rs3l_data.describe.resolved import Resolved
from rs3l_data.describe.variation import known_variation
from tests.data.conftest import make_config

VIEWS = {
    "nominal": {},
    "vincia": {"variation": "vincia"},
    "again": {"redo": "hadronization", "of": "nominal", "copies": 2},
    "resmeared": {"redo": "detector", "of": "again_1"},
    "crowded": {"redo": "detector", "of": "nominal", "pileup": {"mean": 60}},
}


def costs_of(views=VIEWS, **blocks):
    processes = {"qcd": {"events": 1000}, "mine": {"events": 1000, **MINE}}
    return Costs(make_config(processes=processes, views=views, **blocks), recorded())


MINE = {"settings": ["HardQCD:all = on"], "initiators": [21], "label": "mine"}


def test_a_job_costs_its_shower_and_all_views_that_share_it():
    costs, rates = costs_of(), recorded()
    expected = rates.shower_ms["monash"]["qcd"] + 2 * rates.hadronization_ms["qcd"]
    expected += 2 * rates.detector_ms["qcd"] + 60 * rates.pileup_ms
    assert costs.family_ms("qcd", "nominal").value == pytest.approx(expected)
    cost = costs.shower("qcd", "nominal", 1000)
    assert cost.cpu_s == pytest.approx(rates.start_s["resimulate"] + expected)
    # Five tables of the rows, in memory and on disk.
    rows = 5 * 1000 * rates.rows["qcd"]
    assert cost.disk_mb == pytest.approx(rows * rates.view_kb["qcd"] / 1e3)
    assert cost.memory_mb > costs.shower("qcd", "vincia", 1000).memory_mb


def test_vincia_costs_many_times_a_simple_shower():
    costs = costs_of()
    simple, vincia = (costs.view_ms("qcd", view).value for view in ("nominal", "vincia"))
    assert 5 < vincia / simple < 30


def test_pileup_of_the_run_counts_in_every_view():
    without, with_it = costs_of(), costs_of(pileup={"mean": 60})
    more = with_it.view_ms("qcd", "again_1").value - without.view_ms("qcd", "again_1").value
    assert more == pytest.approx(60 * recorded().pileup_ms)
    assert with_it.view_ms("qcd", "crowded") == without.view_ms("qcd", "crowded")


def test_settings_of_the_run_tell_the_kind_of_its_showers():
    costs = costs_of(generator={"settings": known_variation("vincia").settings})
    assert costs.view_ms("qcd", "nominal") == costs.view_ms("qcd", "vincia")


def test_what_was_not_measured_is_said():
    costs = costs_of()
    assert costs.shower("qcd", "vincia", 10).measured
    assert not costs.shower("mine", "vincia", 10).measured
    assert not costs.hard("mine", 10).measured


def test_requests_grow_with_the_job_and_with_each_attempt():
    config = make_config(processes={"qcd": {"events": 20000}}, views=VIEWS, hard={})
    run = Resolved(config)
    job = ("resimulate", "qcd", "0")
    for ask in (run.memory_mb, run.runtime_min):
        assert ask(1, *job, "nominal") < ask(2, *job, "nominal") < ask(3, *job, "nominal")
    assert run.runtime_min(1, *job, "vincia") > 3 * run.runtime_min(1, *job, "nominal")
    cost = run.cost(*job, "vincia")
    assert 2 < run.runtime_min(1, *job, "vincia") / (cost.cpu_s / 60) < 4
    assert 1.4 < run.memory_mb(1, *job, "vincia") / cost.memory_mb < 3
    with pytest.raises(ValueError, match="no cost of 'train'"):
        run.cost("train")


def test_the_last_chunk_costs_its_own_events():
    config = make_config(
        processes={"qcd": {"events": 1100}}, views=VIEWS, hard={"chunk_events": 1000}
    )
    run = Resolved(config)
    whole, rest = (run.cost("resimulate", "qcd", chunk, "nominal") for chunk in ("0000", "0001"))
    start = recorded().start_s["resimulate"]
    assert (whole.cpu_s - start) == pytest.approx(10 * (rest.cpu_s - start))


def test_the_manifest_takes_time_for_rows_and_memory_for_shards():
    def cost(events, chunk_events):
        hard = {"chunk_events": chunk_events}
        config = make_config(processes={"qcd": {"events": events}}, views=VIEWS, hard=hard)
        return Resolved(config).cost("manifest")

    few, long, many = cost(1000, 100), cost(10_000, 1000), cost(10_000, 100)
    assert few.memory_mb == long.memory_mb
    assert long.cpu_s == many.cpu_s
    start = recorded().start_s["manifest"]
    assert long.cpu_s - start == pytest.approx(10 * (few.cpu_s - start))
    each_mb = recorded().memory["manifest"].each_kb / 1e3
    assert many.memory_mb - long.memory_mb == pytest.approx(90 * each_mb)


def onepass_cost(pileup, sample_events=20_000, **views):
    views = {"nominal": {}, **views}
    costs = costs_of(views, pileup={"mean": pileup, "sample_events": sample_events})
    return costs.onepass("qcd", [*views], 1000)


def test_a_one_pass_job_pays_for_the_pileup_of_each_of_its_tables():
    rates = recorded()
    crowded = {"redo": "detector", "of": "nominal", "pileup": {"mean": 60}}
    scaled = {"redo": "detector", "of": "nominal", "detector": {"ecal_scale": 1.1}}
    without = onepass_cost(0, scaled=scaled)
    more = onepass_cost(0, scaled=crowded)
    assert more.cpu_s - without.cpu_s == pytest.approx(60 * rates.pileup_ms)
    everywhere = onepass_cost(30, scaled=scaled)
    assert everywhere.cpu_s - without.cpu_s == pytest.approx(2 * 30 * rates.pileup_ms)
    sample_mb = 20_000 * rates.memory["pileup"].each_kb / 1e3
    for one in (more, everywhere):
        assert one.memory_mb - without.memory_mb == pytest.approx(sample_mb)


def test_a_one_pass_job_keeps_its_tables_in_memory():
    scaled = {"redo": "detector", "of": "nominal", "detector": {"ecal_scale": 1.1}}
    one, two = onepass_cost(0), onepass_cost(0, scaled=scaled)
    rates = recorded()
    each_kb = rates.memory["resimulate"].each_kb + rates.view_kb["qcd"]
    assert two.memory_mb - one.memory_mb == pytest.approx(1000 * rates.rows["qcd"] * each_kb / 1e3)
