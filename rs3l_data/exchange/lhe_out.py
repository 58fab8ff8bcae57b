"""Hard events as a Les Houches file (hep-ph/0609017): another program showers the same state.

Numbers have 17 digits, which give back the same float64. The text is written here and not by
pylhe, which writes further weights with 5 digits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import sqrt
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from rs3l_data.errors import InputFileError
from rs3l_data.events.hard_events import HardEvents, HardRun
from rs3l_data.exchange.text import writing_bytes
from rs3l_data.simulate.restore import les_houches_particles
from rs3l_data.store.atomic import require_named
from rs3l_data.store.hard import read_hard_events, read_hard_run
from rs3l_data.store.summary import combine

_PROTON = 2212
_UNWEIGHTED, _WEIGHTED = 3, -4
"""Les Houches weighting strategies (hep-ph/0109068, IDWTUP)"""


def export_lhe(hard_files: Sequence[Path], out: Path) -> int:
    """Write files of hard events as one Les Houches file, gzip if its name ends in .gz.

    Each event has its number in a line ``# event 17``, its parton densities in a line ``#pdf``.
    Weights other than 1 are scaled so that their mean is the cross section [pb], as the strategy 4
    has it (hep-ph/0109068): programs take it from them.

    Returns
    -------
    The number of events.

    Raises
    ------
    ConfigError
        If there is another file at ``out``.
    InputFileError
        If a file is unreadable, or the files are not of one process, in rising order of events.
    StorageError
        If the file cannot be written.
    """
    require_named(out, "LHE file", ".lhe", ".lhe.gz")
    runs, energy = _runs(hard_files)
    found = combine(runs)
    sigma = found["cross_section_pb"], found["cross_section_error_pb"]
    weight_of: dict[int, float] = {}
    meanings: dict[str, str] = {}
    unweighted, last, n_events = True, -1, 0
    for path in hard_files:
        hard = read_hard_events(path)
        event, weight = hard.events["event"], hard.events["weight"]
        if len(event) and event[0] <= last:
            raise InputFileError(
                f"{path}: begins with event {event[0]}, but event {last} came before; give the "
                "files in the order of their chunks, each once"
            )
        last = int(event[-1]) if len(event) else last
        n_events += len(event)
        unweighted &= bool(np.all(weight == 1))
        for code in np.unique(hard.events["process_code"]).tolist():
            here = float(np.sum(weight[hard.events["process_code"] == code]))
            weight_of[code] = weight_of.get(code, 0.0) + here
        if hard.weights is not None:
            meanings |= dict(zip(hard.weights.names, hard.weights.meanings, strict=True))
    strategy = _UNWEIGHTED if unweighted else _WEIGHTED
    total = sum(weight_of.values())
    unit = 1.0 if unweighted or not total else sigma[0] * n_events / total
    with writing_bytes(out) as file:
        head = _header(runs[0].process, meanings) + _init(energy, strategy, sigma, weight_of)
        file.write(head.encode())
        for path in hard_files:
            for text in _events(read_hard_events(path), unit):
                file.write(text.encode())
        file.write(b"</LesHouchesEvents>\n")
    return n_events


def _runs(paths: Sequence[Path]) -> tuple[list[HardRun], float]:
    """Read what the files say of their process, which must be one: the runs, and the energy."""
    found = [(path, *read_hard_run(path)) for path in paths]
    _, first, attributes = found[0]
    energy = attributes["config"]["hard"]["energy"]
    for path, run, own in found:
        here = run.process, own["config"]["hard"]["energy"]
        if here != (first.process, energy):
            raise InputFileError(
                f"{path}: of process {here[0]} at {here[1]:g} GeV, but {paths[0]} is of "
                f"{first.process} at {energy:g} GeV; write one file for each process"
            )
    return [run for _, run, _ in found], float(energy)


def _header(process: str, meanings: dict[str, str]) -> str:
    weights = "".join(
        f"<weight id={quoteattr(name)}>{escape(meaning)}</weight>\n"
        for name, meaning in meanings.items()
    )
    declared = f"<initrwgt>\n{weights}</initrwgt>\n" if weights else ""
    return (
        '<LesHouchesEvents version="3.0">\n<header>\n'
        f"<rs3l>hard events of the process {escape(process)}</rs3l>\n{declared}</header>\n"
    )


def _init(
    energy: float, strategy: int, sigma: tuple[float, float], weight_of: dict[int, float]
) -> str:
    """Declare the beams and the subprocesses, whose cross sections are shares of the whole."""
    total, size = sum(weight_of.values()), sum(map(abs, weight_of.values()))
    beams = f"{_PROTON} {_PROTON} {energy / 2!r} {energy / 2!r} 0 0 0 0"
    lines = [f"{beams} {strategy} {len(weight_of)}"]
    for code, weight in sorted(weight_of.items()):
        share = weight / total if total else 1 / len(weight_of)
        # In quadrature the errors add up to that of the whole. Weights beyond the leading order
        # may be negative, their sums too.
        of_error = abs(weight) / size if size else 1 / len(weight_of)
        lines.append(f"{sigma[0] * share!r} {sigma[1] * sqrt(of_error)!r} 1.0 {code}")
    return "\n".join(["<init>", *lines, "</init>\n"])


def _events(hard: HardEvents, unit: float) -> Iterator[str]:
    """Write events, their weights in a unit [pb]."""
    particles = les_houches_particles(hard)
    names = ("event", "process_code", "weight", "scale", "alpha_em", "alpha_s")
    densities = ("id1", "id2", "x1", "x2", "q_fac", "pdf1", "pdf2")
    of_event = zip(*(hard.events[name].tolist() for name in (*names, *densities)), strict=True)
    for row, (values, (begin, end)) in enumerate(
        zip(of_event, pairwise(hard.offsets.tolist()), strict=True)
    ):
        event, code, weight, *rest = values
        lines = [f"{end - begin} {code} {_numbers([weight * unit, *rest[:3]])}"]
        # The last entry is a particle's own scale, which Pythia derives again.
        lines += [_numbers(particle[:-1]) for particle in particles[begin:end]]
        lines += [f"#pdf {_numbers(rest[3:])}", f"# event {event}"]
        if hard.weights is not None:
            given = zip(hard.weights.names, hard.weights.values[row].tolist(), strict=True)
            wgt = [f"<wgt id={quoteattr(name)}>{value * unit!r}</wgt>" for name, value in given]
            lines += ["<rwgt>", *wgt, "</rwgt>"]
        yield "\n".join(["<event>", *lines, "</event>\n"])


def _numbers(values: Sequence[float]) -> str:
    # The shortest text that reads back as the same float64.
    return " ".join(map(repr, values))
