"""Every column of a dataset: its name, type, unit and meaning, written down once.

Writer, reader, validator, the reference page and the tests all take it from here. Kinematic
quantities are in GeV, lengths in mm, angles in radians. A shard holds

```
/                               attributes: format, format_version, config, software, ...
/initiators/<column>            (n_rows,)
/decays/offsets                 (n_rows + 1,)   rows' slices of the decay columns
/decays/<column>                (n_decays,)
/views/<view>/jets/<column>     (n_rows,)       row i is the same initiator in every view
/views/<view>/constituents/offsets   (n_rows + 1,)
/views/<view>/constituents/<column>  (n_constituents,)
/weights/values                 (n_rows, n_weights)   only where the events came with several;
                                attributes: names, meanings
```

Beside the shards there are three kinds of files that only a run itself reads: the hard events of a
chunk (`HARD_EVENTS`, `HARD_PARTICLES`), one view of a chunk (`KEYS`, `JETS`, `CONSTITUENTS`) and
the minimum-bias events of pile-up (`PILEUP_PARTICLES`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

FORMAT = "rs3l"
FORMAT_VERSION = "1.2"
MOST_NAMES = 256
"""Processes, and labels: the columns of a dataset number them with one byte"""


class Split(IntEnum):
    """The part of the dataset that an event belongs to, with all its initiators and views."""

    TRAIN = 0
    VALIDATION = 1
    TEST = 2


class Status(IntEnum):
    """What became of an initiator's jet in one view."""

    PRESENT = 0
    GENERATOR_FAILED = 1
    NO_JET_MATCHED = 2
    FAILED_SELECTION = 3
    FAILED_CUT = 4


class Category(IntEnum):
    """The five classes of particle-flow candidates."""

    CHARGED_HADRON = 0
    NEUTRAL_HADRON = 1
    PHOTON = 2
    ELECTRON = 3
    MUON = 4


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    dtype: str
    unit: str
    meaning: str
    since: int = 0
    """The minor format version that first had it"""

    @property
    def numpy_dtype(self) -> np.dtype[np.generic]:
        """The little-endian dtype of the column in a file."""
        return np.dtype(self.dtype)


HARD_PARTICLES = (
    Column("pdg_id", "<i4", "", "PDG code"),
    Column("status", "<i4", "", "Pythia's status code in its process record"),
    Column("mother1", "<i4", "", "first mother, counted in Pythia's process record"),
    Column("mother2", "<i4", "", "second mother, or 0"),
    Column("colour", "<i4", "", "colour tag, or 0"),
    Column("anticolour", "<i4", "", "anticolour tag, or 0"),
    Column("px", "<f8", "GeV", "momentum"),
    Column("py", "<f8", "GeV", "momentum"),
    Column("pz", "<f8", "GeV", "momentum"),
    Column("energy", "<f8", "GeV", "energy"),
    Column("mass", "<f8", "GeV", "mass"),
    Column("lifetime", "<f8", "mm", "proper lifetime, c tau"),
    Column("polarisation", "<f8", "", "helicity, 9 where unknown"),
    Column("scale", "<f8", "GeV", "the particle's own starting scale"),
)

HARD_EVENTS = (
    Column("event", "<i8", "", "number of the hard event within its process"),
    Column("weight", "<f8", "", "weight; 1 unless sampled with a bias or given by an LHE file"),
    Column("scale", "<f8", "GeV", "scale at which the showers start"),
    Column("alpha_s", "<f8", "", "strong coupling at the renormalisation scale"),
    Column("alpha_em", "<f8", "", "electromagnetic coupling at the renormalisation scale"),
    Column("id1", "<i4", "", "PDG code of the first incoming parton"),
    Column("id2", "<i4", "", "PDG code of the second incoming parton"),
    Column("x1", "<f8", "", "momentum fraction of the first incoming parton"),
    Column("x2", "<f8", "", "momentum fraction of the second incoming parton"),
    Column("pdf1", "<f8", "", "x f(x) of the first incoming parton"),
    Column("pdf2", "<f8", "", "x f(x) of the second incoming parton"),
    Column("q_fac", "<f8", "GeV", "factorisation scale"),
    Column("process_code", "<i4", "", "code of the subprocess, Pythia's or the LHE file's"),
)

PILEUP_PARTICLES = (
    Column("pdg_id", "<i4", "", "PDG code of a stable particle"),
    Column("px", "<f4", "GeV", "momentum"),
    Column("py", "<f4", "GeV", "momentum"),
    Column("pz", "<f4", "GeV", "momentum"),
    Column("energy", "<f4", "GeV", "energy"),
    Column("x", "<f4", "mm", "where it was produced, the collision being the origin"),
    Column("y", "<f4", "mm", "where it was produced"),
    Column("z", "<f4", "mm", "where it was produced"),
)

INITIATORS = (
    Column("process", "<u1", "", "index into the root attribute `process_names`"),
    Column("event", "<i8", "", "number of the hard event within its process"),
    Column("initiator", "<u1", "", "number of the initiator within its hard event"),
    Column("label", "<u1", "", "index into the root attribute `label_names`"),
    Column("split", "<u1", "", "0 train, 1 validation, 2 test; the same for a whole event"),
    Column(
        "weight",
        "<f8",
        "",
        "weight of the hard event; 1 unless sampled with a bias or given by an LHE file",
    ),
    Column("pdg_id", "<i4", "", "PDG code of the initiator"),
    Column("pt", "<f4", "GeV", "transverse momentum of the initiator in the hard process"),
    Column("eta", "<f4", "", "pseudorapidity of the initiator in the hard process"),
    Column("phi", "<f4", "rad", "azimuth of the initiator in the hard process"),
    Column("mass", "<f4", "GeV", "mass of the initiator in the hard process"),
)

DECAYS = (
    Column("pdg_id", "<i4", "", "PDG code of a final decay product of the initiator"),
    Column("pt", "<f4", "GeV", "its transverse momentum in the hard process"),
    Column("eta", "<f4", "", "its pseudorapidity in the hard process"),
    Column("phi", "<f4", "rad", "its azimuth in the hard process"),
    Column("mass", "<f4", "GeV", "its mass in the hard process"),
)

JETS = (
    Column("present", "|b1", "", "whether the initiator has a selected jet in this view"),
    Column(
        "status",
        "<u1",
        "",
        "0 present, 1 generator failed, 2 no jet above the pt cut matched, 3 fails other cuts, "
        "4 cut away by `rs3l-data select`",
    ),
    Column("pt", "<f4", "GeV", "transverse momentum of the jet"),
    Column("eta", "<f4", "", "pseudorapidity of the jet"),
    Column("phi", "<f4", "rad", "azimuth of the jet, in [-pi, pi)"),
    Column("mass", "<f4", "GeV", "mass of the jet"),
    Column("softdrop_mass", "<f4", "GeV", "soft-drop mass (C/A, beta = 0, z_cut = 0.1)"),
    Column("tau1", "<f4", "", "1-subjettiness, beta = 1, winner-take-all kT axes"),
    Column("tau2", "<f4", "", "2-subjettiness, beta = 1, winner-take-all kT axes"),
    Column("tau3", "<f4", "", "3-subjettiness, beta = 1, winner-take-all kT axes"),
    Column("tau4", "<f4", "", "4-subjettiness, beta = 1, winner-take-all kT axes", since=2),
    Column("n2", "<f4", "", "energy-correlation ratio N2, beta = 1"),
    Column("n_constituents", "<i4", "", "number of constituents"),
    Column(
        "contained",
        "|b1",
        "",
        "whether all decay products, in this view, lie within R of the jet's axis",
    ),
    Column("initiator_pt", "<f4", "GeV", "the initiator after this view's recoils, before decay"),
    Column("initiator_eta", "<f4", "", "the initiator after this view's recoils, before decay"),
    Column("initiator_phi", "<f4", "rad", "the initiator after this view's recoils, before decay"),
    Column(
        "n_b_hadrons",
        "<i4",
        "",
        "weakly decaying b hadrons in the jet, by ghost association",
        since=1,
    ),
    Column(
        "n_c_hadrons",
        "<i4",
        "",
        "weakly decaying c hadrons in the jet, by ghost association; those from b hadrons count",
        since=1,
    ),
    Column(
        "gluon_splitting",
        "<u1",
        "",
        "5 if a gluon of the shower splits to bb with both quarks within R, else 4 if to cc, or 0",
        since=1,
    ),
)

CONSTITUENTS = (
    Column("pt", "<f4", "GeV", "transverse momentum; a jet's constituents fall in pt"),
    Column("eta", "<f4", "", "pseudorapidity"),
    Column("phi", "<f4", "rad", "azimuth, in [-pi, pi)"),
    Column("energy", "<f4", "GeV", "energy"),
    Column(
        "category",
        "<u1",
        "",
        "0 charged hadron, 1 neutral hadron, 2 photon, 3 electron, 4 muon",
    ),
    Column("charge", "|i1", "e", "electric charge"),
    Column(
        "d0",
        "<f4",
        "mm",
        "transverse impact parameter: x sin phi - y cos phi where the track comes closest to the "
        "beam line, phi being the direction of its pt there (opposite to ATLAS); 0 without a track",
    ),
    Column("d0_error", "<f4", "mm", "its uncertainty; 0 without a track"),
    Column(
        "dz", "<f4", "mm", "longitudinal impact parameter: z where d0 is taken; 0 without a track"
    ),
    Column("dz_error", "<f4", "mm", "its uncertainty; 0 without a track"),
)

KEYS = tuple(column for column in INITIATORS if column.name in ("event", "initiator"))

OF_INITIATOR = ("initiator_pt", "initiator_eta", "initiator_phi")
"""Columns of `JETS` that a view may know of a jet that is absent"""

# A jet that is absent has this in its floating-point columns, 0 in the others.
ABSENT = np.float32(np.nan)


def written_in(columns: tuple[Column, ...], version: str) -> tuple[Column, ...]:
    """List the columns that files of a format version have.

    >>> [c.name for c in JETS if c not in written_in(JETS, "1.0")]
    ['tau4', 'n_b_hadrons', 'n_c_hadrons', 'gluon_splitting']
    """
    return tuple(column for column in columns if column.since <= _minor(version))


def is_later(version: str) -> bool:
    """Say whether files of a format version may have columns that are not known here.

    >>> is_later("1.99"), is_later(FORMAT_VERSION)
    (True, False)
    """
    return _minor(version) > _minor(FORMAT_VERSION)


def _minor(version: str) -> int:
    return int(version.split(".")[1])


def named(columns: tuple[Column, ...], names: Iterable[str]) -> tuple[Column, ...]:
    """List the columns with the given names, in their order.

    >>> [column.dtype for column in named(JETS, ["status", "pt"])]
    ['<u1', '<f4']
    """
    by_name = {column.name: column for column in columns}
    return tuple(by_name[name] for name in names)


def empty(columns: tuple[Column, ...], n_rows: int) -> dict[str, npt.NDArray[np.generic]]:
    """Make a table of absent rows: NaN in floating-point columns, 0 elsewhere.

    >>> empty(DECAYS, 1)["pt"]
    array([nan], dtype=float32)
    """
    table = {}
    for column in columns:
        dtype = column.numpy_dtype
        fill = ABSENT if dtype.kind == "f" else 0
        table[column.name] = np.full(n_rows, fill, dtype)
    return table
