"""Where Pythia's final-state shower ends as its scale is varied, and what that does to an event.

    python -m benchmarks.shower_cutoff --events 3000

Two partons with pT from 400 to 450 GeV, without initial-state radiation and multiparton
interactions; no hard event is saved and restored here. The last row of a tune has the nominal scale
and the cutoff of `fsr_down`.
"""

from __future__ import annotations

import argparse
import re

import numpy as np
import pythia8mc

from rs3l_data.describe.catalogue import entry
from rs3l_data.describe.variation import known_variation
from rs3l_data.native_output import nowhere, written_by

EVENT = (
    *("HardQCD:all = on", "PhaseSpace:pTHatMin = 400", "PhaseSpace:pTHatMax = 450"),
    *("PartonLevel:ISR = off", "PartonLevel:MPI = off"),
    *("Random:setSeed = on", "Random:seed = 3"),
)
RAISED = re.compile(r"TimeShower::init: pTmin too low\W+raised to ([\d.]+)")


def showered(tune: str, changes: list[str], n_events: int) -> tuple[float, list[str]]:
    """Give the cutoff [GeV], and the means of partons that hadronise and of visible particles."""
    pythia = pythia8mc.Pythia("", False)
    for line in [*entry("tunes", tune)["settings"], *EVENT, *changes]:
        if not pythia.readString(line):
            raise SystemExit(f"Pythia does not know {line!r}")
    raised = RAISED.search(written_by(pythia.init))
    cutoff = float(raised[1]) if raised else pythia.parm("TimeShower:pTmin")
    pythia.readString("Print:quiet = on")
    counts = []
    while len(counts) < n_events:
        if pythia.next():
            counts.append((_partons(pythia.event), _visible(pythia.event)))
    means = np.mean(counts, axis=0)
    errors = np.std(counts, axis=0) / np.sqrt(n_events)
    return cutoff, [f"{a:.1f} ± {b:.1f}" for a, b in zip(means, errors, strict=True)]


def _partons(event: pythia8mc.Event) -> int:
    """Count the partons of the shower that become strings."""
    return sum(
        one.isParton() and 50 < one.statusAbs() < 79 and not event[one.daughter1()].isParton()
        for one in event
        if one.daughter1()
    )


def _visible(event: pythia8mc.Event) -> int:
    return sum(one.isFinal() and one.isVisible() for one in event)


def main() -> None:
    """Print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=3000, help="of each row")
    given = parser.parse_args()
    rows = []
    for tune in ("cp5", "monash", "a14"):
        for name in ("fsr_up", None, "fsr_down"):
            changes = list(known_variation(name).settings) if name else []
            with nowhere():
                cutoff, means = showered(tune, changes, given.events)
            rows.append([f"`{tune}`" + (f", `{name}`" if name else ""), f"{cutoff:g}", *means])
        with nowhere():
            _, means = showered(tune, [f"TimeShower:pTmin = {cutoff}"], given.events)
        rows.append([f"`{tune}`, nominal scale", f"{cutoff:g}", *means])
    print("| tune and variation | cutoff [GeV] | partons that hadronise | visible particles |")
    print("| --- | --- | --- | --- |")
    print("\n".join(f"| {' | '.join(row)} |" for row in rows))


if __name__ == "__main__":
    main()
