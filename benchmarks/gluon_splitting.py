"""How many gluons the showers of the catalogue split to heavy quarks, by Pythia alone.

    python -m benchmarks.gluon_splitting --events 20000

Z → uds at LEP, where both rates were measured, and two gluons from a scalar of 125 and 1000 GeV:
all charm and bottom quarks come from gluons. No hard event is saved and restored here.
"""

from __future__ import annotations

import argparse
import math

import pythia8mc

from rs3l_data.describe.variation import known_variation
from rs3l_data.native_output import nowhere

SHOWERS = (None, "gluon_splitting_up", "gluon_splitting_down", "vincia", "vincia_global")
"""None: Pythia's own. `vincia_fast` differs before the collision alone."""


def z_to_light_quarks() -> list[str]:
    """Give Pythia's settings for the Z at LEP, without radiation before it."""
    return [
        *("Beams:idA = 11", "Beams:idB = -11", "Beams:eCM = 91.2", "PDF:lepton = off"),
        *("WeakSingleBoson:ffbar2gmZ = on", "23:onMode = off", "23:onIfAny = 1 2 3"),
    ]


def scalar_to_gluons(mass: float) -> list[str]:
    """Give Pythia's settings for two gluons of together ``mass`` [GeV]."""
    return [
        *("Beams:idA = 13", "Beams:idB = -13", f"Beams:eCM = {mass}", "PDF:lepton = off"),
        *("HiggsSM:ffbar2H = on", f"25:m0 = {mass}", "25:doForceWidth = on", "25:mWidth = 1"),
        *("25:onMode = off", "25:onIfAny = 21"),
    ]


def pairs_per_event(settings: list[str], n_events: int) -> tuple[float, float]:
    """Count the pairs of charm and of bottom quarks in an event after the shower, on average."""
    pythia = pythia8mc.Pythia("", False)
    own = ["Print:quiet = on", "HadronLevel:all = off", "Random:setSeed = on", "Random:seed = 3"]
    for line in [*own, *settings]:
        if not pythia.readString(line):
            raise SystemExit(f"Pythia does not know {line!r}")
    if not pythia.init():
        raise SystemExit(f"Pythia could not initialise with {settings}")
    charm = bottom = 0
    for _ in range(n_events):
        while not pythia.next():
            pass
        final = [particle.id() for particle in pythia.event if particle.isFinal()]
        charm += final.count(4)
        bottom += final.count(5)
    return charm / n_events, bottom / n_events


def main() -> None:
    """Print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=20000)
    n = parser.parse_args().events
    sources = {
        "Z → uds": z_to_light_quarks(),
        "gg, 125 GeV": scalar_to_gluons(125),
        "gg, 1000 GeV": scalar_to_gluons(1000),
    }
    print(f"| pairs an event | {' | '.join(f'{s}: cc | bb' for s in sources)} |")
    print("|---" * (1 + 2 * len(sources)) + "|")
    for shower in SHOWERS:
        changed = [] if shower is None else list(known_variation(shower).settings)
        cells = []
        for settings in sources.values():
            with nowhere():
                found = pairs_per_event([*settings, *changed], n)
            cells += [f"{rate:.4f} ± {math.sqrt(rate / n):.4f}" for rate in found]
        print(f"| {shower or 'Pythia'} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
