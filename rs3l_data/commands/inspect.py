"""`rs3l-data inspect`: what is in a dataset."""

from __future__ import annotations

import json
from typing import Any

import typer

from rs3l_data.commands.options import AsJson, DatasetOrShard
from rs3l_data.text_table import aligned

_OF_A_PROCESS = ("rows", "events", "cross_section_pb", "sum_of_weights")
_OF_A_VIEW = ("present", "constituents", "redo", "of", "variation", "changes")


def inspect(
    path: DatasetOrShard,
    as_json: AsJson = False,
) -> None:
    """Summarise a dataset: processes, labels, splits, views, sizes, how and of what it was made.

    Example: rs3l-data inspect results/demo/dataset
    """
    import rs3l_data
    from rs3l_data.store.overview import overview

    found = overview(rs3l_data.open(path))
    if as_json:
        typer.echo(json.dumps({"path": str(path), **found}))
        return
    for line in _lines(found):
        typer.echo(line)


def _lines(found: dict[str, Any]) -> list[str]:
    files = found["files"]
    lines = [
        f"{found['source']}: {found['rows']} initiators of {found['events']} hard events",
        f"  format {found['format_version']}, {files['shards']} shards, {files['bytes'] / 1e6:.1f} "
        f"MB ({', '.join(files['compression'])}; {files['ratio']:.1f} times smaller than its "
        f"content), {files['bytes_per_jet']:.0f} bytes a jet",
        "  made with " + ", ".join(f"{k} {v}" for k, v in found["software"].items()),
    ]
    if found["jets"]:
        lines.append("  jets: " + ", ".join(f"{k} {v}" for k, v in found["jets"].items()))
    lines.append("")
    lines += _table("process", _there(found, "processes"), _OF_A_PROCESS)
    lines += _table("label", _there(found, "labels"), ("rows",))
    for kind in ("processes", "labels"):
        there = _there(found, kind)
        if absent := [name for name in found[kind] if name not in there]:
            lines += [f"  no rows here of the {kind} {', '.join(absent)}", ""]
    lines += _table("split", found["splits"], ("rows", "events"))
    lines += _table("view", found["views"], _OF_A_VIEW)
    for step in found["history"]:
        arguments = ", ".join(f"{k}: {v}" for k, v in step["arguments"].items())
        lines.append(f"{step['operation']} {arguments}".rstrip())
    return lines


def _there(found: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Leave out what a part has of the whole but for the name; of a whole dataset it is news."""
    entries: dict[str, dict[str, Any]] = found[kind]
    if not found["is_part"]:
        return entries
    return {name: entry for name, entry in entries.items() if entry["rows"]}


def _table(what: str, entries: dict[str, dict[str, Any]], columns: tuple[str, ...]) -> list[str]:
    used = [c for c in columns if any(entry.get(c) not in (None, []) for entry in entries.values())]
    rows = [[what, *used]]
    rows += [[name, *(_text(c, entry.get(c)) for c in used)] for name, entry in entries.items()]
    return [*(f"  {line}" for line in aligned(rows)), ""]


def _text(column: str, value: Any) -> str:
    if value in (None, []):
        return "-"
    if column == "changes":
        return "; ".join(value)
    if column == "sum_of_weights":  # By which histograms are divided.
        return f"{value:.6g}"
    if column == "present":
        return f"{value:.1%}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
