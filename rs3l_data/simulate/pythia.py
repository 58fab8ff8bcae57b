"""A Pythia instance whose every setting was accepted."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pythia8mc

from rs3l_data.describe.external import settings_files
from rs3l_data.describe.seeds import initialisation_seed
from rs3l_data.errors import GeneratorError, where_paths_start
from rs3l_data.native_output import stdout_to, written_by
from rs3l_data.simulate.setting_values import KINDS, not_of_its_kind, range_of

logger = logging.getLogger(__name__)

_HOPELESS = 100
"""So many events that fail, and none before them that does not, mean wrong settings."""

_MESSAGE = re.compile(r"^ \| +(\d+) +(Abort|Error|Warning) (.*?) *\| *$", re.MULTILINE)
"""A line of Pythia's table of messages: how often, what kind, where and what."""

_HINTS = {
    "vanishing cross sections": "no collision can pass the cuts: compare `hard.pt` with "
    "`hard.energy`; or the settings select no process",
    "event weighting not possible": "`hard.flatten_pt` needs processes with two outgoing "
    "particles: for another one give `flatten_power: 0`, which leaves its spectrum as it is",
    "could not set up PDF": "the data of this set of parton densities are not shipped with Pythia: "
    "choose another `PDF:pSet`, or another tune",
}
"""What to look at, for messages of Pythia."""


@contextmanager
def generator_output_to(log: Path | None) -> Iterator[None]:
    """Send what the generators and FastJet write to stdout (in C++, past Python) to a log file.

    Without one it goes to stderr: stdout belongs to a command's answer.
    """
    if log is None:
        with stdout_to(2):
            yield
        return
    with log.open("ab") as file, stdout_to(file.fileno()):
        yield


def read_settings(pythia: pythia8mc.Pythia, settings: Sequence[str]) -> None:
    """Let Pythia read settings.

    Raises
    ------
    GeneratorError
        Naming the first setting that is unknown, out of range or no value of its kind, or a file
        that they name and that is not there.
    """
    for line in settings:
        # Pythia takes several colons for one, and a line that does not begin with a letter or digit
        # for a comment.
        key, equals, value = (part.strip() for part in re.sub(":+", ":", line).partition("="))
        if not (equals and value and key[:1].isalnum()):
            why = "expected KEY = VALUE"
        elif not pythia.readString(line, False):
            why = _why_not(pythia.settings, key, value)
        elif expected := not_of_its_kind(pythia.settings, key, value):
            why = f"expected {expected}"
        else:
            continue
        raise GeneratorError(f"Pythia does not accept the setting '{line}': {why}")
    # Without a spectrum Pythia would go on with its own masses and decays.
    for file in settings_files(settings):
        if not Path(file).is_file():
            raise GeneratorError(
                f"Pythia's settings name '{file}': no such file; {where_paths_start()}"
            )


def _why_not(known: pythia8mc.Settings, key: str, value: str) -> str:
    """Tell a setting that there is not from a value that it does not take."""
    if any(getattr(known, f"is{kind}")(key) for kind in KINDS):
        expected = not_of_its_kind(known, key, value) or f"a value {range_of(known, key)}"
        return f"expected {expected}"
    if key[:1].isdecimal():
        return "no such particle, or no such property of it"
    # Its maps have small letters for keys, and itself it takes any.
    named = [getattr(known, f"get{kind}Map")("") for kind in KINDS]
    names = {name: one.name for settings in named for name, one in settings.items()}
    close = get_close_matches(key.lower(), names, n=1, cutoff=0.8)
    hint = f"; did you mean '{names[close[0]]}'?" if close else ""
    return f"no such setting in this version{hint}"


def prepared(settings: Sequence[str]) -> pythia8mc.Pythia:
    """Make an instance that has read ``settings`` and is still to be initialised.

    The seed of the initialisation follows from the settings alone.
    """
    pythia = pythia8mc.Pythia("", False)
    seed = initialisation_seed(list(settings))
    read_settings(pythia, [*settings, "Random:setSeed = on", f"Random:seed = {seed}"])
    return pythia


def initialise(pythia: pythia8mc.Pythia) -> None:
    """Initialise an instance.

    Raises
    ------
    GeneratorError
        If Pythia refuses the combination of settings, e.g. a PDF set that is not bundled; with
        Pythia's own messages.
    """
    if not pythia.init():
        words = own_words(pythia)
        hint = next((f" ({hint})" for known, hint in _HINTS.items() if known in words), "")
        raise GeneratorError(
            f"Pythia could not initialise with these settings; it says: {words}{hint}"
        )


def initialised(settings: Sequence[str]) -> pythia8mc.Pythia:
    """Make an instance that takes nothing but settings; see `prepared` and `initialise`."""
    pythia = prepared(settings)
    initialise(pythia)
    return pythia


def own_words(pythia: pythia8mc.Pythia) -> str:
    """Quote the errors that an instance has counted so far, with their numbers.

    Its warnings, which stand in every run that goes well, are quoted if there are no errors.
    """
    found = _messages(pythia)
    return _quoted([message for message in found if message[1] != "Warning"] or found)


def log_words(pythia: pythia8mc.Pythia, step: str) -> None:
    """Write the errors and warnings of a step that went well to the job's log."""
    if logger.isEnabledFor(logging.DEBUG):
        logger.debug("Pythia says of the %s: %s", step, _quoted(_messages(pythia)))


def _messages(pythia: pythia8mc.Pythia) -> list[tuple[str, str, str]]:
    """List what an instance has counted: how often, what kind, where and what; errors first.

    Pythia counts even where `Print:quiet` keeps it from printing.
    """
    pythia.readString("Print:quiet = off")
    table = written_by(pythia.stat)
    pythia.readString("Print:quiet = on")
    # An abort only sums up the error before it.
    kinds = ("Error", "Abort", "Warning")
    return sorted(_MESSAGE.findall(table), key=lambda message: kinds.index(message[1]))


def _quoted(messages: Sequence[tuple[str, str, str]]) -> str:
    return (
        "; ".join(
            f"'{kind} {text}'" + (f" ({count} times)" if count != "1" else "")
            for count, kind, text in messages
        )
        or "nothing"
    )


class Delivered:
    """Keep count of the events that an instance delivers.

    Parameters
    ----------
    step
        What the instance does, for the message.
    n_events
        How many events it will be asked for.
    """

    def __init__(self, pythia: pythia8mc.Pythia, step: str, n_events: int) -> None:
        self._pythia, self._step = pythia, step
        # No job of many events goes on to its end if the first ones all fail.
        self._enough = max(min(n_events, _HOPELESS), 2)
        self._asked = self._made = 0

    def count(self, generated: npt.NDArray[np.bool_]) -> None:
        """Count a batch, (n_events,).

        Raises
        ------
        GeneratorError
            If none of the job's events was delivered, or none of its first hundred. A job of a
            single event may fail: its rows say so.
        """
        self._asked += len(generated)
        self._made += int(generated.sum())
        if self._made == 0 and self._asked >= self._enough:
            raise GeneratorError(
                f"Pythia delivered none of {self._asked} events in the {self._step}; it says: "
                f"{own_words(self._pythia)}; check `generator.settings` and the settings of this "
                "view's `variation`, those of Pythia's checks (`Check:...`) above all"
            )
