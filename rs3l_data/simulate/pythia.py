"""A Pythia instance whose every setting was accepted."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pythia8mc

from rs3l_data.describe.seeds import initialisation_seed
from rs3l_data.errors import GeneratorError

_ON_OR_OFF = {"on", "off", "yes", "no", "true", "false", "ok", "1", "0"}


@contextmanager
def generator_output_to(log: Path | None) -> Iterator[None]:
    """Send what the generators and FastJet write to stdout (in C++, past Python) to a log file.

    Without one it goes to stderr: stdout belongs to a command's answer.
    """
    sys.stdout.flush()
    saved = os.dup(1)
    target = 2 if log is None else os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.dup2(target, 1)
        yield
    finally:
        os.dup2(saved, 1)
        os.close(saved)
        if target != 2:
            os.close(target)


def read_settings(pythia: pythia8mc.Pythia, settings: Sequence[str]) -> None:
    """Let Pythia read settings.

    Raises
    ------
    GeneratorError
        Naming the first setting that is unknown, out of range or no value of its kind.
    """
    for line in settings:
        key, _, value = (part.strip() for part in line.partition("="))
        # Pythia takes a line that does not begin with a letter or digit for a comment.
        accepted = bool(value) and key[:1].isalnum() and pythia.readString(line, False)
        # It reads a flag that is neither on nor off as off.
        if accepted and pythia.settings.isFlag(key):
            accepted = value.split()[0].lower() in _ON_OR_OFF
        if not accepted:
            raise GeneratorError(
                f"Pythia does not accept the setting '{line}': no such setting in this version, "
                "or its value is out of range or of another kind"
            )


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
        If Pythia refuses the combination of settings, e.g. a PDF set that is not bundled, or a
        spectrum to be flattened in a process that is not 2 → 2.
    """
    if not pythia.init():
        cause = "a tune or PDF set whose data are not bundled is the usual cause"
        if pythia.settings.flag("PhaseSpace:bias2Selection"):
            cause = (
                "`hard.flatten_pt` needs processes with two outgoing particles: for another one "
                "give `flatten_power: 0`, which leaves its spectrum as it is"
            )
        raise GeneratorError(
            f"Pythia could not initialise with these settings; its own messages are above ({cause})"
        )
