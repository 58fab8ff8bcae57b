"""`rs3l-data benchmark-store`: how fast a dataset is written and read."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from rs3l_data.commands.options import AsJson, DatasetOrShard, MeasuredView


def benchmark_store(
    path: DatasetOrShard,
    view: MeasuredView = None,
    jets: Annotated[int, typer.Option("--jets", min=1024, help="Jets to measure on.")] = 200_000,
    rounds: Annotated[
        int, typer.Option("--rounds", min=1, help="Repetitions, of which the best counts.")
    ] = 5,
    as_json: AsJson = False,
) -> None:
    """Time writing, reading and streaming jets like those of a dataset, in one process.

    Prints rates, the size of a jet, and how both compare with padded HDF5 compressed by gzip.

    Example: rs3l-data benchmark-store results/demo/dataset --json
    """
    import rs3l_data
    from rs3l_data.store.benchmark import measure_store

    dataset = rs3l_data.open(path)
    found = measure_store(dataset, dataset.views[0] if view is None else view, jets, rounds)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    typer.echo(
        f"{found['jets']} jets of the view {found['view']}, {found['constituents_a_jet']:.1f} "
        f"constituents each; {found['machine']}"
    )
    for name, rate in found["jets_per_second"].items():
        typer.echo(f"    {name:<45}{rate:12.0f} jets/s")
    for name, size in found["bytes_a_jet"].items():
        typer.echo(f"    {name:<45}{size:12.0f} bytes a jet")
    for name, ratio in found["ratios"].items():
        typer.echo(f"    {name:<45}{ratio:12.2f}")
