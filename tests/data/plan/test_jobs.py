import re
from collections import Counter

import pytest

from rs3l_data.describe.cost import Cost
from rs3l_data.describe.rates import recorded
from rs3l_data.describe.resolved import Resolved
from rs3l_data.plan.jobs import Job, jobs_of
from rs3l_data.plan.summary import summarise
from rs3l_data.plan.text import plan_in_words
from tests.data.conftest import make_config

VIEWS = {
    "nominal": {},
    "vincia": {"variation": "vincia"},
    "again": {"redo": "hadronization", "of": "nominal"},
    "crowded": {"redo": "detector", "of": "vincia", "pileup": {"mean": 60}},
}


def run_of(views=VIEWS, **blocks):
    processes = {"qcd": {"events": 25}, "hbb": {"events": 10}}
    everything = {"processes": processes, "views": views, "hard": {"chunk_events": 10}}
    return Resolved(make_config(**(everything | blocks)))


def plan_of(run, cores=4, validation=False):
    return summarise(run, jobs_of(run, validation), cores)


def test_each_job_comes_after_those_that_it_needs():
    jobs = jobs_of(run_of())
    assert Counter(job.stage for job in jobs) == {
        **{"pileup": 1, "hard": 4, "resimulate": 8, "pack": 4, "manifest": 1}
    }
    for position, job in enumerate(jobs):
        needed = [jobs[i] for i in job.after]
        assert all(i < position for i in job.after)
        assert all((one.process, one.chunk) == (job.process, job.chunk) for one in needed[:1]) or (
            job.stage in ("manifest", "pileup")
        )
        stages = sorted(one.stage for one in needed)
        if job.stage == "resimulate":
            # The sample is for the shower whose family has a view with pile-up.
            assert stages == (["hard", "pileup"] if job.name == "vincia" else ["hard"])
        if job.stage == "pack":
            assert stages == ["hard", "resimulate", "resimulate"]
        if job.stage == "manifest":
            assert stages == ["pack"] * 4


def test_validation_adds_its_jobs():
    run = run_of(validation={"events": 15})
    more = Counter(job.stage for job in jobs_of(run, validation=True))
    # Two processes, two chunks of 10 and 5 events, two settings: one view shares a shower's.
    assert more - Counter(job.stage for job in jobs_of(run)) == {"onepass": 8}
    jobs = jobs_of(run, validation=True)
    sampled = {job.name for job in jobs if job.stage == "onepass" and job.after}
    assert sampled == {"vincia"}


def test_the_files_of_a_job_are_named_and_counted_where_the_rules_write_them():
    views = {"nominal": {"pileup": {"mean": 60}}}
    run = run_of(views, processes={"hbb": {"events": 10}}, validation={"events": 10})
    assert [job.path for job in jobs_of(run, validation=True)] == [
        *("pileup", "hard/hbb-0000", "resimulate/hbb-0000-nominal", "pack/hbb-0000", "manifest"),
        "onepass/hbb-0000-nominal",
    ]
    plan = plan_of(run, validation=True)
    assert plan["files"] == {
        **{"pileup.h5": 1, "hard": 1, "views": 1, "dataset": 2, "onepass": 1},
        **{"logs": 6, "benchmarks": 6, "records": 6},
    }
    assert plan["disk_mb"].keys() == plan["files"].keys() - {"records"}


def test_the_times_of_all_jobs_add_up():
    run = run_of()
    plan = plan_of(run)
    jobs = jobs_of(run)
    assert plan["jobs"] == len(jobs) == sum(step["jobs"] for step in plan["steps"])
    assert plan["cpu_s"] == pytest.approx(sum(job.cost.cpu_s for job in jobs))
    # The views share the time of the showers' jobs but for their start.
    showers = sum(s["cpu_s"] for s in plan["steps"] if s["step"] == "resimulate")
    views = sum(view["cpu_s"] for view in plan["views"])
    assert showers == pytest.approx(views + 8 * recorded().start_s["resimulate"])
    for view in plan["views"]:
        events = plan["processes"][view["process"]]["events"]
        assert view["cpu_s"] == pytest.approx(events * view["ms_per_event"] / 1e3)
    assert plan["processes"]["qcd"]["chunks"] == 3
    assert plan["disk_mb"]["dataset"] == pytest.approx(plan["disk_mb"]["views"])


def test_the_largest_job_counts_for_memory_and_time_and_all_of_them_for_the_disk():
    run = run_of()
    jobs = [
        Job("hard", "qcd", "", "0000", Cost(8.0, 300.0, 2.0, True), ()),
        Job("resimulate", "qcd", "up", "0000", Cost(40.0, 500.0, 10.0, True), (0,)),
        Job("resimulate", "qcd", "up", "0001", Cost(20.0, 400.0, 5.0, False), (0,)),
    ]
    plan = summarise(run, jobs, 2)
    assert plan["memory_mb"] == 500
    assert plan["disk_mb"] == {"hard": 2, "views": 15, "logs": 0.012, "benchmarks": 0.012}
    assert plan["files"] == {"hard": 1, "views": 2, "logs": 3, "benchmarks": 3, "records": 3}
    assert plan["steps"][1] == {
        **{"step": "resimulate", "process": "qcd", "view": "up", "jobs": 2, "cpu_s": 60},
        **{"longest_job_s": 40, "memory_mb": 500, "disk_mb": 15, "measured": False},
    }
    assert [plan["steps"][0]["measured"], plan["measured"]] == [True, False]
    rates = recorded()
    assert plan["wall_s"] == pytest.approx(48 + 2 * rates.idle_s)
    assert plan["cores_used"] == pytest.approx((68 + 3 * rates.idle_s) / (2 * plan["wall_s"]))
    assert plan["rates"] == {name: getattr(rates, name) for name in ("machine", "date", "command")}


def test_rows_are_those_of_the_initiators():
    """Both jets of a QCD event are rows, a Higgs boson is one."""
    processes = plan_of(run_of(processes={"qcd": {"events": 1000}, "hbb": {"events": 1000}}))
    rows = {name: one["rows"] for name, one in processes["processes"].items()}
    assert rows == {name: round(1000 * recorded().rows[name]) for name in ("qcd", "hbb")}
    assert rows["qcd"] > 1.5 * rows["hbb"]


def test_more_cores_take_less_time_down_to_the_longest_chain():
    run = run_of()
    walls = [plan_of(run, cores)["wall_s"] for cores in (1, 2, 4, 1000)]
    assert walls == sorted(walls, reverse=True)
    idle = recorded().idle_s * len(jobs_of(run))
    assert walls[0] == pytest.approx(plan_of(run)["cpu_s"] + idle)
    assert plan_of(run, 1000)["most_jobs_at_once"] < 13


def test_hints_tell_of_chunks_that_do_not_fit():
    long = {"qcd": {"events": 10**6}, "hbb": {"events": 10}}
    (hint,) = plan_of(run_of(processes=long, hard={"chunk_events": 10**6}))["hints"]
    assert "vincia: a job of 1000000 events takes" in hint
    half_an_hour = int(re.search(r"processes\.qcd\.chunk_events: (\d+)", hint)[1])
    shorter = plan_of(run_of(processes=long, hard={"chunk_events": half_an_hour}))
    longest = max(s["longest_job_s"] for s in shorter["steps"] if s["step"] == "resimulate")
    assert longest == pytest.approx(1800, rel=0.01)
    (hint,) = plan_of(run_of(processes=long, hard={"chunk_events": 20000}), 10**4)["hints"]
    assert "102 showers keep at most 102 of 10000 cores busy" in hint
    assert plan_of(run_of(processes=long, hard={"chunk_events": 20000}), 102)["hints"] == []
    # Few cores, or jobs of seconds on many.
    assert plan_of(run_of())["hints"] == plan_of(run_of(), 1000)["hints"] == []


@pytest.mark.parametrize(
    ("cpu_s", "cores", "hint"),
    [
        (7200, 1, ""),
        (7201, 1, "qcd, up: a job of 10 events takes 2.0 h; `processes.qcd.chunk_events: 2` would"),
        # No chunk is smaller than one event.
        (1e5, 1, "qcd, up: a job of 10 events takes 27.8 h; `processes.qcd.chunk_events: 1` would"),
        (7201, 8, "qcd, up: a job of 10 events takes 2.0 h"),
        (600, 8, ""),
        (601, 8, "1 showers keep at most 1 of 8 cores busy: smaller chunks"),
    ],
)
def test_a_hint_comes_with_two_hours_or_with_ten_minutes_on_idle_cores(cpu_s, cores, hint):
    jobs = [
        Job("hard", "qcd", "", "0000", Cost(1e6, 300.0, 2.0, True), ()),
        Job("resimulate", "qcd", "up", "0000", Cost(cpu_s, 500.0, 10.0, True), (0,)),
        Job("onepass", "qcd", "up", "0000", Cost(1e6, 500.0, 10.0, True), ()),
    ]
    hints = summarise(run_of(), jobs, cores)["hints"]
    assert len(hints) == bool(hint)
    assert "".join(hints).startswith(hint)


def test_the_plan_in_words_has_all_views_and_totals():
    run = run_of()
    text = plan_in_words(plan_of(run))
    for part in ("again (hadronization of nominal)", "crowded (detector of vincia)", "18 jobs"):
        assert part in text
    assert "training and report are not included" in text
    assert "~" not in text


def test_what_is_not_measured_is_marked():
    views = {"mine": {"variation": ["TimeShower:pTmin = 0.7"]}}
    plan = plan_of(run_of(views))
    assert not plan["measured"]
    assert not any(view["measured"] for view in plan["views"])
    assert "--measure" in plan["hints"][0]
    assert "~" in plan_in_words(plan)
