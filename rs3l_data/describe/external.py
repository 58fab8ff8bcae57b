"""Files that a config names: Les Houches events, HepMC3 records, and those of Pythia's settings."""

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


def settings_files(settings: Iterable[str]) -> list[str]:
    """List the files that Pythia's settings name: SLHA spectra, and grids of parton densities.

    Of the grids those by an absolute path: the others are Pythia's own.

    >>> settings_files(["SLHA:file = mssm.slha  ! tan(beta) = 10", "SLHA:useDecayTable = off"])
    ['mssm.slha']
    >>> settings_files(["PDF:pSet = LHAGrid1:/pdf/mine.dat", "PDF:pHardSet = 14"])
    ['/pdf/mine.dat']
    """
    files = [file for line in settings if (file := _named_file(line)) is not None]
    return list(dict.fromkeys(files))


def _named_file(line: str) -> str | None:
    name = parameter(line)
    value = next(iter(line.replace("=", " ").split()[1:]), "")
    if name == "slha:file":
        return value if value != "void" else None
    if name.startswith("pdf:") and (grid := re.fullmatch(r"lhagrid1:(/.*)", value, re.I)):
        return grid[1]
    return None


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
