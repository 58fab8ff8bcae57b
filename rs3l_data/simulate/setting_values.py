"""Which values Pythia's settings have: it takes the beginning of a value and drops the rest.

So ``TimeShower:renormMultFac = 1/4`` would be 1, ``25:m0 = 12O`` 12 GeV, ``25:onMode = no!`` off.
After a brace that is not closed it waits for the rest: all further settings would be lost.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from itertools import takewhile

import pythia8mc

KINDS = ("Flag", "Mode", "Parm", "Word", "FVec", "MVec", "PVec", "WVec")
"""Of Pythia's settings"""

_ON_OR_OFF = {"on", "off", "yes", "no", "true", "false", "ok", "1", "0"}

Test = Callable[[str], bool]


def _is_flag(word: str) -> bool:
    return word.lower() in _ON_OR_OFF


def _is_whole(word: str) -> bool:
    return re.fullmatch(r"[+-]?\d+", word, re.ASCII) is not None


def _is_number(word: str) -> bool:
    number = re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", word, re.ASCII)
    return number is not None and math.isfinite(float(word))


FLAG, WHOLE, NUMBER = "on or off", "a whole number", "a number"
FLAG_OR_WHOLE = f"{FLAG}, or {WHOLE}"
_TESTS: dict[str, Test] = {
    FLAG: _is_flag,
    WHOLE: _is_whole,
    NUMBER: _is_number,
    FLAG_OR_WHOLE: lambda word: _is_flag(word) or _is_whole(word),
}

_OF_PARTICLES = {
    **dict.fromkeys(("m0", "mwidth", "mmin", "mmax", "tau0", "rescalebr", "bratio"), NUMBER),
    **dict.fromkeys(("spintype", "chargetype", "coltype", "memode"), WHOLE),
    **dict.fromkeys(
        (
            *("isresonance", "maydecay", "taucalc", "doexternaldecay", "isvisible"),
            *("doforcewidth", "varwidth"),
        ),
        FLAG,
    ),
    "onmode": FLAG_OR_WHOLE,
}
"""What a property of a particle, or of one of its decay channels, has for a value"""


def not_of_its_kind(settings: pythia8mc.Settings, key: str, value: str) -> str | None:
    """Say what is expected in the place of a value; None if it is of its setting's kind.

    Parameters
    ----------
    key
        Of a setting or a particle's property that there is.
    value
        What stands behind the ``=``, with a comment, perhaps, that begins with ``!`` or ``#``.
    """
    key = re.sub(r"\s*(\+|force)$", "", key, flags=re.IGNORECASE)
    words = list(takewhile(lambda word: word[0] not in "!#", value.split()))
    if any("{" in word for word in words) and not any("}" in word for word in words):
        return "a } for its {"
    if key[:1].isdecimal():
        return _not_of_a_particle(key, words)
    for kind, expected in (("Flag", FLAG), ("Mode", WHOLE), ("Parm", NUMBER)):
        if getattr(settings, f"is{kind}")(key):
            return None if _are(words, expected) and len(words) == 1 else expected
    for kind, expected in (("FVec", FLAG), ("MVec", WHOLE), ("PVec", NUMBER)):
        if getattr(settings, f"is{kind}")(key):
            inside = " ".join(words).removeprefix("{").removesuffix("}").strip()
            right = not inside or _are([one.strip() for one in inside.split(",")], expected)
            return None if right else f"values as {{1,2}}, each {expected}"
    return "one word" if settings.isWord(key) and len(words) != 1 else None


def _not_of_a_particle(key: str, words: Sequence[str]) -> str | None:
    name = key.rsplit(":", 1)[-1].lower()
    if expected := _OF_PARTICLES.get(name):
        return None if _are(words, expected) and len(words) == 1 else expected
    if re.match(r"(on|off)(if|pos|neg)", name) or name == "products":
        return None if _are(words, WHOLE) else "PDG codes with spaces between them"
    if name in ("addchannel", "onechannel") or (name == "all" and key.count(":") == 2):
        return None if _are(words, NUMBER) else "numbers with spaces between them"
    if name in ("all", "new"):
        return None if _are(words[2:] or ["0"], NUMBER) else "two names, and numbers"
    return None if len(words) == 1 else "one word"


def _are(words: Sequence[str], expected: str) -> bool:
    return bool(words) and all(_TESTS[expected](word) for word in words)


def range_of(settings: pythia8mc.Settings, key: str) -> str:
    """Describe the values that a number or a whole number may have: ``from 0.1 to 10``."""
    for kind in ("Mode", "Parm"):
        for found in getattr(settings, f"get{kind}Map")(key).values():
            if key.lower() == found.name.lower():
                low = [f"from {found.valMin:g}"] if found.hasMin else []
                high = [f"to {found.valMax:g}"] if found.hasMax else []
                return " ".join([*low, *high])
    return ""
