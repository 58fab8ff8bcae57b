"""A plan and a comparison as people read them, line by line."""

from rs3l_data.plan.text import comparison_in_words, plan_in_words


def step(name, process, view, jobs, cpu_s, longest_job_s, memory_mb, measured=True):
    return {
        **{"step": name, "process": process, "view": view, "jobs": jobs, "cpu_s": cpu_s},
        **{"longest_job_s": longest_job_s, "memory_mb": memory_mb, "measured": measured},
    }


def view(process, name, cpu_s, redo="shower", measured=True):
    return {
        **{"process": process, "view": name, "redo": redo, "shower_of": "nominal"},
        **{"cpu_s": cpu_s, "measured": measured},
    }


PLAN = {
    "name": "mine",
    "rates": {"machine": "2 CPUs", "date": "2026-01-02", "command": "rs3l-data plan"},
    "processes": {
        "qcd": {"events": 12000, "chunk_events": 5000, "chunks": 3, "rows": 23000},
        "hbb": {"events": 900, "chunk_events": 1000, "chunks": 1, "rows": 900},
    },
    "steps": [
        step("pileup", "", "", 1, 20, 20, 50),
        step("hard", "qcd", "", 3, 30, 10, 200),
        step("resimulate", "qcd", "nominal", 3, 7200, 3000, 450),
        step("hard", "hbb", "", 1, 5, 5, 300),
        step("resimulate", "hbb", "nominal", 1, 400, 400, 420, measured=False),
        step("pack", "qcd", "", 3, 6, 2, 120),
        step("pack", "hbb", "", 1, 1, 1, 100),
        step("manifest", "", "", 1, 1.5, 1.5, 90),
    ],
    "views": [
        view("qcd", "nominal", 6000),
        view("qcd", "again", 1200, "hadronization"),
        view("hbb", "nominal", 300),
        view("hbb", "again", 60, "hadronization", measured=False),
    ],
    "jobs": 14,
    "cpu_s": 7663.5,
    "memory_mb": 450,
    "disk_mb": {"hard": 2.5, "views": 1500},
    "files": {"hard": 4, "logs": 1400},
    "cores": 8,
    "wall_s": 3100,
    "cores_used": 0.31,
    "most_jobs_at_once": 4,
    "hints": ["one", "two"],
}


def test_a_plan_says_what_each_process_view_and_step_takes():
    assert plan_in_words(PLAN).replace("\u2009", " ").splitlines() == [
        "mine: 23 900 rows in each of 2 views",
        "rates of 2026-01-02 on 2 CPUs, by `rs3l-data plan`",
        "",
        "process  events  of a job  chunks    rows",
        "qcd      12 000     5 000       3  23 000",
        "hbb         900     1 000       1     900",
        "",
        "CPU time                                qcd        hbb         all",
        "pileup                                                      20.0 s",
        "hard                                 30.0 s      5.0 s      35.0 s",
        "nominal                              1.67 h   5.00 min      1.75 h",
        "again (hadronization of nominal)  20.00 min  ~1.00 min  ~21.00 min",
        "pack                                  6.0 s      1.0 s       7.0 s",
        "manifest                                                     1.5 s",
        "",
        "step        view     jobs  longest job    memory",
        "pileup                  1       20.0 s   50.0 MB",
        "hard                    4       10.0 s  300.0 MB",
        "resimulate  nominal     4   ~50.00 min  450.0 MB",
        "pack                    4        2.0 s  120.0 MB",
        "manifest                1        1.5 s   90.0 MB",
        "",
        "14 jobs, 2.13 h of CPU, 450.0 MB for the largest job",
        "disk: hard 2.5 MB, views 1.5 GB",
        "files: hard 4, logs 1 400",
        "on 8 cores: 51.67 min by the clock, at most 4 jobs at once, cores busy for 31%; "
        "training and report are not included",
        "! one",
        "! two",
    ]


def test_each_one_pass_sample_has_a_line_and_concluded_times_are_set_to_the_right():
    samples = [("nominal", 8), ("vincia", 800)]
    steps = [step("onepass", "qcd", name, 2, s, s / 2, 300, measured=False) for name, s in samples]
    text = plan_in_words({**PLAN, "steps": steps, "views": []}).replace("\u2009", " ")
    assert text.splitlines()[7:14] == [
        "CPU time                qcd  hbb         all",
        "onepass nominal      ~8.0 s           ~8.0 s",
        "onepass vincia   ~13.33 min       ~13.33 min",
        "",
        "step     view     jobs  longest job    memory",
        "onepass  nominal     2       ~4.0 s  300.0 MB",
        "onepass  vincia      2    ~6.67 min  300.0 MB",
    ]


def test_a_comparison_says_what_each_step_took_and_what_is_not_known():
    sums = {"planned_s": 100, "planned_mb": 200}
    known = {"cpu_s": 150, "ratio": 1.5, "wall_s": 180, "wall_ratio": 1.75, "memory_mb": 260}
    unknown = {"cpu_s": None, "ratio": None, "wall_s": 90, "wall_ratio": 0.8, "memory_mb": None}
    hard = {"step": "hard", "process": "qcd", "view": "", "jobs": 4, "jobs_done": 3}
    shower = {"step": "resimulate", "process": "qcd", "view": "up", "jobs": 10, "jobs_done": 10}
    found = {
        "steps": [{**hard, **sums, **unknown}, {**shower, **sums, **known}],
        "total": {**sums, **known},
        **{"cores": 2, "planned_wall_s": 3600, "wall_s": None, "wall_ratio": None},
    }
    assert comparison_in_words(found).splitlines() == [
        "step        process  view   done   planned       CPU  CPU/planned  by the clock"
        "   planned    memory",
        "hard        qcd              3/4  1.67 min         –            –      1.50 min"
        "  200.0 MB         –",
        "resimulate  qcd      up    10/10  1.67 min  2.50 min         1.50      3.00 min"
        "  200.0 MB  260.0 MB",
        "",
        "all: 1.67 min planned, 2.50 min of CPU: 1.50 of the plan; 3.00 min by the clock: "
        "1.75 of the plan",
        "the whole run: 1.00 h planned on 2 cores, – from the first start to the last end: "
        "– of the plan",
    ]
