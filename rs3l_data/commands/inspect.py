"""`rs3l-data inspect`: what is in a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from rs3l_data.commands.options import AsJson


def inspect(
    path: Annotated[Path, typer.Argument(metavar="DATASET", help="A dataset or a shard.")],
    as_json: AsJson = False,
) -> None:
    """Summarise a dataset: rows, events, views, labels, share of present jets.

    Example: rs3l-data inspect results/demo/dataset
    """
    import json

    import rs3l_data

    dataset = rs3l_data.open(path)
    labels = dataset.initiators["label"]
    present = {view: dataset.jets(view, ["present"])["present"] for view in dataset.views}
    summary: dict[str, Any] = {
        "path": str(path),
        "rows": len(dataset),
        "events": dataset.n_events,
        "processes": [*dataset.processes],
        "labels": {name: int((labels == i).sum()) for i, name in enumerate(dataset.labels)},
        "present": {
            view: float(there.mean()) if len(there) else 0.0 for view, there in present.items()
        },
    }
    if as_json:
        typer.echo(json.dumps(summary))
        return
    typer.echo(f"{path}: {summary['rows']} initiators of {summary['events']} hard events")
    typer.echo(f"  processes: {', '.join(dataset.processes)}")
    typer.echo("  labels: " + ", ".join(f"{k} {n}" for k, n in summary["labels"].items()))
    for view, share in summary["present"].items():
        typer.echo(f"  view {view}: {share:.1%} of the jets present")
