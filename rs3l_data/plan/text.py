"""A plan, or its comparison with a run, for people to read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rs3l_data.report.numbers import count, duration, size
from rs3l_data.text_table import aligned


def plan_in_words(plan: dict[str, Any]) -> str:
    """Write what `summarise` found."""
    rates, processes = plan["rates"], plan["processes"]
    rows = sum(process["rows"] for process in processes.values())
    views = dict.fromkeys(view["view"] for view in plan["views"])
    lines = [
        f"{plan['name']}: {count(rows)} rows in each of {len(views)} views",
        f"rates of {rates['date']} on {rates['machine']}, by `{rates['command']}`",
        "",
        *_columns(["process", "events", "of a job", "chunks", "rows"], _process_rows(plan)),
        "",
        *_columns(["CPU time", *processes, "all"], _time_rows(plan)),
        "",
        *_columns(["step", "view", "jobs", "longest job", "memory"], _step_rows(plan)),
        "",
        f"{count(plan['jobs'])} jobs, {duration(plan['cpu_s'])} of CPU, "
        f"{size(plan['memory_mb'] * 1e6)} for the largest job",
        f"disk: {_joined(plan['disk_mb'], lambda mb: size(mb * 1e6))}",
        f"files: {_joined(plan['files'], count)}",
        f"on {plan['cores']} cores: {duration(plan['wall_s'])} by the clock, at most "
        f"{plan['most_jobs_at_once']} jobs at once, cores busy for {plan['cores_used']:.0%}; "
        "training and report are not included",
    ]
    return "\n".join([*lines, *(f"! {hint}" for hint in plan["hints"])])


def comparison_in_words(found: dict[str, Any]) -> str:
    """Write what `compare` found."""
    rows = [
        [
            *(step["step"], step["process"], step["view"]),
            f"{step['jobs_done']}/{step['jobs']}",
            *(duration(step["planned_s"]), _seconds(step["cpu_s"]), _ratio(step["ratio"])),
            _seconds(step["wall_s"]),
            *(size(step["planned_mb"] * 1e6), _megabytes(step["memory_mb"])),
        ]
        for step in found["steps"]
    ]
    header = ["step", "process", "view", "done", "planned", "CPU", "CPU/planned", "by the clock"]
    lines = _columns([*header, "planned", "memory"], rows)
    total = found["total"]
    lines += [
        "",
        f"all: {duration(total['planned_s'])} planned, {_seconds(total['cpu_s'])} of CPU: "
        f"{_ratio(total['ratio'])} of the plan; {_seconds(total['wall_s'])} by the clock: "
        f"{_ratio(total['wall_ratio'])} of the plan",
        f"the whole run: {duration(found['planned_wall_s'])} planned on {found['cores']} cores, "
        f"{_seconds(found['wall_s'])} from the first start to the last end: "
        f"{_ratio(found['wall_ratio'])} of the plan",
    ]
    return "\n".join(lines)


def _process_rows(plan: dict[str, Any]) -> list[list[str]]:
    return [
        [name, *(count(one[key]) for key in ("events", "chunk_events", "chunks", "rows"))]
        for name, one in plan["processes"].items()
    ]


def _time_rows(plan: dict[str, Any]) -> list[list[str]]:
    """Share the time out by process, and among the views of a shower."""
    steps: dict[str, dict[str, dict[str, Any]]] = {}
    for step in plan["steps"]:
        if step["step"] == "resimulate":
            continue
        name = " ".join([step["step"], step["view"]]).strip()
        steps.setdefault(name, {})[step["process"]] = step
    views: dict[str, dict[str, dict[str, Any]]] = {}
    for view in plan["views"]:
        mark = "" if view["redo"] == "shower" else f" ({view['redo']} of {view['shower_of']})"
        views.setdefault(f"{view['view']}{mark}", {})[view["process"]] = view
    first: dict[str, dict[str, dict[str, Any]]]
    first = {name: steps.pop(name) for name in ("pileup", "hard") if name in steps}
    return [
        [name, *(_time(of.get(process)) for process in plan["processes"]), _all(of)]
        for name, of in {**first, **views, **steps}.items()
    ]


def _step_rows(plan: dict[str, Any]) -> list[list[str]]:
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for step in plan["steps"]:
        groups.setdefault((step["step"], step["view"]), []).append(step)
    return [
        [
            *(*key, count(sum(step["jobs"] for step in group))),
            _about(group, duration(max(step["longest_job_s"] for step in group))),
            size(max(step["memory_mb"] for step in group) * 1e6),
        ]
        for key, group in groups.items()
    ]


def _time(entry: dict[str, Any] | None) -> str:
    return "" if entry is None else _about([entry], duration(entry["cpu_s"]))


def _all(of: dict[str, dict[str, Any]]) -> str:
    return _about(of.values(), duration(sum(entry["cpu_s"] for entry in of.values())))


def _about(entries: Iterable[dict[str, Any]], text: str) -> str:
    return text if all(entry["measured"] for entry in entries) else f"~{text}"


def _joined(values: dict[str, Any], write: Callable[[Any], str]) -> str:
    return ", ".join(f"{name} {write(value)}" for name, value in values.items())


def _seconds(value: float | None) -> str:
    return "–" if value is None else duration(value)


def _megabytes(value: float | None) -> str:
    return "–" if value is None else size(value * 1e6)


def _ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _columns(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Align a table; words to the left, numbers to the right."""
    table = [list(header), *map(list, rows)]
    return aligned(table, [all(_is_text(row[i]) for row in table[1:]) for i in range(len(header))])


def _is_text(cell: str) -> bool:
    return not (cell[:1].isdigit() or cell[:1] == "~")
