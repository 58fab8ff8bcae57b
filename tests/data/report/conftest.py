"""A finished run in small: dataset, benchmark files and trainings, and the page about it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import rs3l_data
from rs3l_data.events.hard_events import HardRun
from rs3l_data.report.page import write_report
from rs3l_data.store.manifest import write_manifest
from rs3l_data.store.shard import write_shard
from rs3l_data.store.summary import build_manifest
from tests.synthetic import make_dataset

VIEWS = ("nominal", "seed", "fsr_up")
N_EVENTS = 60
# The smallest PNG there is.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c020000000b4944415478da6364f80f"
    "00010501012718e3660000000049454e44ae426082"
)


@pytest.fixture(scope="session")
def results(tmp_path_factory) -> Path:
    """A run without benchmark files and trainings, whose events have weights."""
    folder = tmp_path_factory.mktemp("results")
    weighted(make_dataset(folder / "plain", N_EVENTS, VIEWS), folder / "dataset")
    return folder


@pytest.fixture(scope="session")
def dataset(results):
    return rs3l_data.open(results / "dataset")


@pytest.fixture(scope="session")
def page(results) -> str:
    out = results / "pages" / "report.html"
    write_report(results, out, figures_to=results / "figures")
    return out.read_text(encoding="utf-8")


def weighted(plain: Path, folder: Path) -> Path:
    """Copy a dataset into one shard, with a weight for each event and more of a config."""
    source = rs3l_data.open(plain)
    initiators = source.read_initiators()
    columns = dict(initiators.columns)
    columns["weight"] = 0.5 + np.random.default_rng(0).permuted(columns["event"] % 7)
    first = columns["initiator"] == 0
    attributes = dict(source.shards[0].attributes)
    processes = {
        name: {"events": N_EVENTS, "description": name.upper()} for name in source.processes
    }
    views = {name: {"redo": "shower", "variation": None} for name in source.views}
    views["fsr_up"] |= {"variation": "fsr_up", "pileup": {"mean": 40}}
    attributes["config"] = {
        "name": "small<b>run",
        "seed": 0,
        "processes": processes,
        "views": views,
        "hard": {"energy": 13000.0, "pt": [400.0, 1000.0], "chunk_events": 40},
        "jets": {"radius": 0.8},
    }
    tables = {view: source.read_view(view) for view in source.views}
    write_shard(folder / "0.h5", replace(initiators, columns=columns), tables, attributes)
    runs = []
    for i, name in enumerate(source.processes):
        own = first & (columns["process"] == i)
        total = float(columns["weight"][own].sum())
        runs.append(HardRun(name, 0, 2e-9, 1e-10, 100, int(own.sum()), total))
    copy = rs3l_data.open([folder / "0.h5"])
    write_manifest(folder, build_manifest(copy, folder, runs, {"synthetic": "1"}))
    return folder


def write_benchmark(path: Path, seconds: float, cpu: str, memory: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    names = ["s", "h:m:s", "max_rss", "max_vms", "max_uss", "max_pss"]
    names += ["io_in", "io_out", "mean_load", "cpu_time"]
    row = {**dict.fromkeys(names, "0"), "s": f"{seconds}", "cpu_time": cpu, "max_rss": memory}
    path.write_text("\n".join("\t".join(line) for line in (names, row.values())) + "\n")


def write_study(folder: Path) -> None:
    """Write what `rs3l-train study` leaves behind, of two draws and one baseline."""
    rows = []
    for seed, auc in enumerate([0.90, 0.92]):
        for view in VIEWS:
            rows.append(
                {
                    **{"mode": "full", "labels": 100, "draw": seed, "view": view, "auc": auc},
                    **{"auc_error": 0.01 + 0.01 * seed},
                    **{"n_signal": 50, "n_background": 200},
                    "rejection": {"0.3": None, "0.5": 50.0 + 20 * seed, "0.7": 10.0},
                    "rejection_error": {"0.3": None, "0.5": 25.0, "0.7": 2.0},
                }
            )
    sizes = {"signal": 50, "background": 200}
    metrics = {
        "stage": "study",
        "pretraining_views": ["nominal", "seed"],
        "task": {
            **{"signal": ["higgs"], "background": ["qcd"], "nominal_view": "nominal"},
            **{"training_views": ["nominal"], "test_views": [*VIEWS]},
            "jets": {"train": sizes, "validation": sizes, "test": sizes},
        },
        "rows": rows,
        "baselines": [{**row, "name": "n2", "auc": 0.7} for row in rows[: len(VIEWS)]],
        "diagnostics": {"r2 |eta|": 0.25, "effective_rank": 3.5},
    }
    (folder / "plots").mkdir(parents=True)
    (folder / "metrics.json").write_text(json.dumps(metrics))
    plots = [{"file": "roc.png", "title": "ROC <1>", "caption": "What it shows."}]
    (folder / "plots" / "plots.json").write_text(json.dumps(plots))
    (folder / "plots" / "roc.png").write_bytes(PIXEL)
