"""`rs3l-data benchmark`: what re-simulation costs beyond Pythia itself."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from rs3l_data.choices import choice
from rs3l_data.commands.options import AsJson, ConfigFile, MeasuredView


def benchmark(
    config_file: ConfigFile,
    processes: Annotated[
        list[str] | None,
        choice("processes", "process", "Processes to measure; default: the first two."),
    ] = None,
    view: MeasuredView = None,
    events: Annotated[
        int,
        typer.Option("--events", min=100, help="Events of a job."),
    ] = 10000,
    rounds: Annotated[
        int, typer.Option("--rounds", min=1, help="How often job and bare Pythia take turns.")
    ] = 3,
    as_json: AsJson = False,
) -> None:
    """Time whole jobs against bare Pythia on the same hard events, in turns, on one core.

    Prints for each process the time of each step, the efficiency (bare `next()` over the whole
    job, file to file), the cost of views that share a shower or its particles, the gain of two
    processes at once and the memory of a job.

    Example: rs3l-data benchmark config/demo.yaml --json
    """
    from rs3l_data.benchmark import measure
    from rs3l_data.describe.load import load_config
    from rs3l_data.errors import ConfigError
    from rs3l_data.simulate.pythia import generator_output_to

    config = load_config(config_file)
    view = view or next(iter(config.views))
    config.require_shower(view)
    if config.views[view].hepmc is not None:
        raise ConfigError(f"view '{view}' comes from a HepMC file, not from Pythia; give another")
    chosen = processes or [*config.processes][:2]
    for name in chosen:
        config.require("processes", name)
    with generator_output_to(None):
        results = measure(config, chosen, view, events, rounds)
    typer.echo(json.dumps(results, indent=2) if as_json else _in_words(results))


def _in_words(results: dict[str, Any]) -> str:
    lines = [f"{results['events']} events a job, view {results['view']}, {results['machine']}"]
    for name, found in results["processes"].items():
        lines.append(
            f"{name}: bare Pythia {found['bare_ms']:.2f} ms an event, whole job "
            f"{found['job_ms']:.2f} ms, efficiency {found['efficiency']:.3f} "
            f"({_listed(found['efficiencies'])}); of CPU time "
            f"{found['efficiency_of_cpu_time']:.3f} ({_listed(found['efficiencies_of_cpu_time'])})"
        )
        steps = sorted(found["steps_ms"].items(), key=lambda step: -step[1])
        lines += [f"    {step:<14}{ms:8.3f} ms" for step, ms in steps]
    for redo, cost in results["cost_of_a_view"].items():
        lines.append(f"a view at {redo} costs {cost:.3f} of one at shower")
    two = results["two_processes"]
    lines.append(f"two processes: {two['gain']:.2f} times one")
    for n, mb in results["peak_memory_mb"].items():
        lines.append(f"peak memory of a job of {n} events: {mb:.0f} MB")
    return "\n".join(lines)


def _listed(efficiencies: list[float]) -> str:
    return ", ".join(f"{efficiency:.3f}" for efficiency in efficiencies)
