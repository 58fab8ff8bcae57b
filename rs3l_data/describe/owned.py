"""Settings of Pythia that the package makes itself, and that a config says in another way.

Most of them reach a part of the run only: an energy set here would hold for the hard events and not
for the views, which are told the energy of `hard`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_ENERGY = (
    "the beams are protons that collide at the origin; their energy is `hard.energy`, other "
    "programs' events are `lhe` of a process"
)
_SEED = "everything random follows from `seed`"
_CARD = (
    "how far particles fly before they decay is bounded by the calorimeters: `solenoid` of the "
    "detector's card"
)
_STAGE = (
    "each job makes the stages that belong to it, a view starts where its `redo` says; single "
    "steps, as PartonLevel:MPI, can be switched off"
)
_RESONANCES = (
    "a resonance decays once, with its hard event, and all views share the decay: what it decays "
    "to is set by its PDG code, as 25:onIfMatch = 5 -5"
)
_ONE = (
    "a saved hard event has one collision of partons, and those of a second would be showered "
    "without initial-state radiation of their own; multiparton interactions are in every view"
)
_PRINTS = (
    "it changes what is printed, or how a program around Pythia runs, and not the events; their "
    "number is `events` of a process"
)
_KEPT = (
    "it keeps an initialisation in files, with fewer digits, so that events would depend on which "
    "job came first"
)
_WEIGHTS = (
    "it gives events weights, and the jets of a view have the weight of their hard event: simulate "
    "the change itself, as a view's `variation`"
)
_HOOKS = (
    "a program around Pythia would obey it, in a hook of its own; here it would have no effect: "
    "events are neither matched, vetoed nor filtered"
)
_HISTORY = (
    "with it Pythia keeps something of one event for the next, so that events would depend on the "
    "chunk that they are in"
)
_SAVED = (
    "the saved masses and lifetimes of a hard event are restored as they are; only a process of "
    "`lhe` files can say how they are taken in"
)

_PREFIXES = {
    **dict.fromkeys(("beams:", "heavyion:", "angantyr:"), _ENERGY),
    "random:": _SEED,
    "secondhard:": _ONE,
    "leshouches:": _SAVED,
    "init:": f"it changes what is printed, or {_KEPT}",
    **dict.fromkeys(
        ("enhancements:", "enhancedsplittings:", "uncertaintybands:", "variationfrag:", "merging:"),
        _WEIGHTS,
    ),
    **dict.fromkeys(
        ("powheg:", "jetmatching:", "alpgen:", "resonancedecayfilter:", "setlhedecayproduct:"),
        _HOOKS,
    ),
    **dict.fromkeys(("main:", "next:", "print:", "stat:", "parallelism:"), _PRINTS),
}
_KEYS = {
    **dict.fromkeys(("processlevel:all", "partonlevel:all", "hadronlevel:all"), _STAGE),
    "processlevel:resonancedecays": _RESONANCES,
    "hadronlevel:hadronize": "the detector takes hadrons and leptons, and no partons",
    **dict.fromkeys(
        ("closepacking:doclosepacking", "ropewalk:dobuffon"),
        f"{_HISTORY}; simulate other changes of the hadronization, as StringZ: and StringPT:",
    ),
    "phasespace:increasemaximum": f"{_HISTORY}; without it, an event above the maximum has a "
    "larger weight",
    **dict.fromkeys((f"multipartoninteractions:{key}" for key in ("reuseinit", "initfile")), _KEPT),
    **dict.fromkeys((f"particledecays:{key}" for key in ("limitcylinder", "xymax", "zmax")), _CARD),
}


def check_not_owned(lines: Iterable[str], key: str = "", lhe: bool = False) -> None:
    """Refuse settings that the package makes itself.

    Parameters
    ----------
    key
        The place of the settings, for the error message, where that does not name it anyhow.
    lhe
        Whether they tell Pythia how to take events of another program in, which is where
        ``LesHouches:`` decides on masses.

    Raises
    ------
    ValueError
        Naming the setting, why it is refused and what to use in its place.
    """
    for line in lines:
        name = parameter(line)
        if lhe and name.startswith("leshouches:"):
            continue
        reason = _KEYS.get(name) or next(
            (why for prefix, why in _PREFIXES.items() if name.startswith(prefix)), None
        )
        if reason is not None:
            place = f"{key}: " if key else ""
            raise ValueError(f"{place}'{line}' cannot be set here: {reason}")


def parameter(line: str) -> str:
    """Name the parameter that a line sets, as Pythia knows it: without regard to case.

    >>> parameter("Beams::eCM = 14000"), parameter(" 25:onMode = off")
    ('beams:ecm', '25:onmode')
    """
    words = line.replace("=", " ").split()
    # Pythia takes several colons for one.
    return re.sub(":+", ":", words[0]).lower() if words else ""


def is_particle(line: str) -> bool:
    """Say whether a line sets a particle's property: it begins with a PDG code.

    >>> is_particle("15:onIfAny = 13"), is_particle("HardQCD:all = on")
    (True, False)
    """
    return line.strip()[:1].isdigit()
