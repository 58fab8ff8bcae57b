"""Measurements of a moment: whether every cost is there and has the right size of order.

And on a machine that takes what was agreed: whether the costs are told apart.
"""

from pathlib import Path
from types import SimpleNamespace

import pytest

from rs3l_data.chain import selection
from rs3l_data.describe.branch import pileup_of
from rs3l_data.describe.cost import Costs
from rs3l_data.describe.rates import Footprint, recorded
from rs3l_data.errors import ConfigError
from rs3l_data.plan.commands import CommandCosts
from rs3l_data.plan.measure import kinds_of, measure, n_steps, with_commands
from rs3l_data.simulate.initiators import find_rows
from tests.data.conftest import make_config

VIEWS = {
    "nominal": {},
    "seed": {},
    "vincia": {"variation": "vincia_global"},
    "crowded": {"redo": "detector", "of": "nominal", "pileup": {"mean": 80}},
}

SLOWNESS = {"qcd": 2.0, "hbb": 1.0}
"""Factors on all that an event takes"""
SHOWER_MS = {None: 8.0, "vincia_global": 20.0}
HARD_MS, READ_MS, HADRONIZE_MS, WRITE_MS = 3.0, 0.6, 2.0, 0.1
AFTERWARDS_MS = {"detector": 0.5, "jets": 0.3}
PILEUP_MS, MINIMUM_BIAS_MS = 0.02, 4.0
ROW_KB = 1.5
N, BATCH = 100, 10


@pytest.fixture
def jobs(monkeypatch, hard_of):
    """Let every step take what was agreed, to the last digit; list the jobs that are run."""
    jobs, clock = [], SimpleNamespace(ms=0.0)

    def take(ms):
        clock.ms += ms

    def hard_chunk(config, process, chunk, progress):
        # The start, and the first events, are slower.
        for done, ms in ((20, 900), (50, 60 * HARD_MS), (N, 20 * HARD_MS)):
            take(ms * SLOWNESS[process])
            progress(done)
        return hard_of(process), process

    def sample_of(config, progress):
        n = config.pileup.sample_events
        for done, ms in ((100, 900), (n, (n - 100) * MINIMUM_BIAS_MS)):
            take(ms)
            progress(done)
        return f"{n} events"

    def job(config, hard, process, root, out, progress, stopwatch, sample):
        views = config.views.values()
        again = sum(view.redo == "hadronization" for view in views)
        collisions = sum(pileup_of(config, name).mean for name in config.views)
        each_ms = {
            "shower": SHOWER_MS[config.views[root].variation],
            "read": (1 + again) * READ_MS,
            "hadronize": again * HADRONIZE_MS,
            **{step: len(views) * ms for step, ms in AFTERWARDS_MS.items()},
            "pile-up": collisions * PILEUP_MS,
            "write": len(views) * WRITE_MS,
        }
        with stopwatch("initialise"):
            take(500)
        for first in range(0, len(hard), BATCH):
            n = len(hard[first : first + BATCH])
            for step, ms in each_ms.items():
                with stopwatch(step):
                    take(n * ms * SLOWNESS[process])
            progress(first + n)
        rows = len(find_rows(hard, selection(config, process)).event)
        out.write_bytes(bytes(round(1e3 * ROW_KB * rows * len(views))))
        jobs.append((process, len(hard), collisions, sample))

    here = "rs3l_data.plan.measure"
    for replaced in (hard_chunk, sample_of, job):
        monkeypatch.setattr(f"{here}.{replaced.__name__}", replaced)
    monkeypatch.setattr(f"{here}.BATCH", BATCH)
    clock_module = SimpleNamespace(process_time=lambda: clock.ms / 1e3)
    monkeypatch.setattr(f"{here}.time", clock_module)
    return jobs


def measured(views=VIEWS, seconds=1.0):
    config = make_config(processes={name: {"events": 10} for name in SLOWNESS}, views=views)
    return measure(config, seconds, "a test", lambda _: None)


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


def test_the_time_of_a_job_is_told_apart_into_its_steps(jobs, hard_of):
    rates = measured()
    after = sum(AFTERWARDS_MS.values())
    expected = {
        "hard_ms": HARD_MS,
        "hadronization_ms": HADRONIZE_MS + READ_MS + after,
        "detector_ms": after,
    }
    for name, ms in expected.items():
        of_process = {process: ms * factor for process, factor in SLOWNESS.items()}
        assert getattr(rates, name) == pytest.approx(of_process), name
    assert len(rates.shower_ms) == len(SHOWER_MS)
    for kind, ms in zip(rates.shower_ms.values(), SHOWER_MS.values(), strict=True):
        alone = ms + READ_MS + after + WRITE_MS
        assert kind == pytest.approx({p: alone * factor for p, factor in SLOWNESS.items()})
    assert rates.view_kb == pytest.approx(dict.fromkeys(SLOWNESS, ROW_KB), rel=1e-4)
    config = make_config()
    rows = {p: len(find_rows(hard_of(p), selection(config, p)).event) / N for p in SLOWNESS}
    assert rates.rows == rows
    assert rows["qcd"] > 1.5


def test_pileup_is_measured_at_the_most_that_a_view_has(jobs):
    rates = measured({**VIEWS, "calm": {"pileup": {"mean": 20}}})
    # Of the two processes the mean.
    assert rates.pileup_ms == pytest.approx(1.5 * PILEUP_MS)
    assert rates.minimum_bias_ms == pytest.approx(MINIMUM_BIAS_MS)
    crossings = [(process, mean, sample) for process, _, mean, sample in jobs if mean or sample]
    assert crossings == [(process, 80, "500 events") for process in SLOWNESS]


def test_without_pileup_its_rates_stay_as_recorded(jobs):
    rates, before = measured({"nominal": {}}), recorded()
    assert (rates.pileup_ms, rates.minimum_bias_ms) == (before.pileup_ms, before.minimum_bias_ms)
    assert {sample for *_, sample in jobs} == {None}


def test_pileup_that_seems_to_cost_less_than_nothing_costs_nothing(jobs, monkeypatch):
    monkeypatch.setitem(globals(), "PILEUP_MS", -0.001)
    assert measured().pileup_ms == 0


def test_as_many_events_are_simulated_as_take_the_time(jobs):
    each_ms = recorded().shower("monash", "hbb").value
    measured({"nominal": {}}, 45 * each_ms / 1e3 + 1e-6)
    measured({"nominal": {}}, 1e-3)
    measured({"nominal": {}}, 1e3)
    # The views of the second job take longer. Two batches are the least, all events the most.
    alone, together = ([n for process, n, *_ in jobs if process == "hbb"][i::2] for i in (0, 1))
    assert alone == [50, 2 * BATCH, N]
    assert together[0] < 50
    assert together[1:] == [2 * BATCH, N]


def test_a_processor_is_told_by_its_name_or_else_by_its_kind(jobs, monkeypatch, tmp_path):
    text = tmp_path / "cpuinfo"
    place = {"/proc/cpuinfo": text}
    monkeypatch.setattr("rs3l_data.plan.measure.Path", lambda path: place.get(path, Path(path)))
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    text.write_text("processor : 0\nmodel name\t: Some CPU: fast\nmodel name\t: Other\n")
    assert "CPUs, Some CPU: fast, " in measured({"nominal": {}}).machine
    text.write_text("processor : 0\n")
    assert "CPUs, riscv64, " in measured({"nominal": {}}).machine


@pytest.mark.parametrize(
    "blocks",
    [
        {"views": {"herwig": {"hepmc": "h.hepmc"}}},
        {
            "processes": {
                "mg": {"lhe": ["m.lhe"], "events": 10, "initiators": [25], "label": "higgs"}
            },
            "views": {"nominal": {}},
        },
    ],
)
def test_nothing_of_ours_to_measure_is_told(blocks):
    config = make_config(**({"processes": {"hbb": {"events": 10}}} | blocks))
    with pytest.raises(ConfigError, match="nothing to be measured"):
        measure(config, 0.5, "a test", lambda _: None)


def test_what_commands_cost_takes_the_place_of_what_was_recorded(monkeypatch):
    processes = {"hbb": {"events": 10}, "qcd": {"events": 10}}
    config, before = make_config(processes=processes, views=VIEWS), recorded()
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
