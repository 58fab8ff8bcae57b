"""Files of other programs that a config names: Les Houches events, HepMC3 records, SLHA spectra."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rs3l_data.describe.owned import parameter
from rs3l_data.named_files import matching, require_once


def lhe_files(patterns: Sequence[str]) -> list[str]:
    """List event files in the order in which their events are numbered.

    Parameters
    ----------
    patterns
        Paths, or patterns with ``*``, ``?`` or ``[...]``, whose files are sorted by name.

    Raises
    ------
    InputFileError
        If a pattern matches no file, or a file is listed twice.
    """
    files = [file for pattern in patterns for file in matching(pattern)]
    require_once(files)
    return files


def hepmc_file(pattern: str, process: str, chunk: int) -> str:
    """Name the file with the view of a process, or of one chunk of it.

    >>> hepmc_file("herwig/{process}-{chunk}.hepmc.gz", "hbb", 3)
    'herwig/hbb-0003.hepmc.gz'
    """
    return pattern.format(process=process, chunk=f"{chunk:04d}")


def slha_files(settings: Iterable[str]) -> list[str]:
    """List the SLHA files, with masses and decays of new particles, that Pythia's settings name.

    >>> slha_files(["SLHA:file = mssm.slha  ! tan(beta) = 10", "SLHA:useDecayTable = off"])
    ['mssm.slha']
    """
    named = [line for line in settings if parameter(line) == "slha:file"]
    files = [file for line in named for file in line.replace("=", " ").split()[1:2]]
    return [file for file in dict.fromkeys(files) if file != "void"]


def check_hepmc(pattern: str) -> None:
    """Check that only the known stand-ins are in the path.

    Raises
    ------
    ValueError
        Naming what was found instead.
    """
    if unknown := re.search(r"[{}][^{}]*}?", re.sub(r"{(process|chunk)}", "", pattern)):
        raise ValueError(
            f"hepmc: found {unknown[0]} in '{pattern}'; expected {{process}} or {{chunk}} only"
        )
