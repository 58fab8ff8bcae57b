"""Heavy flavour in a HepMC3 record, by the rules of `rs3l_data.simulate.trace`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rs3l_data.exchange.hepmc_record import Record
from rs3l_data.simulate.trace import SPACELIKE, heaviest_quark

_GLUON, _HEAVY = 21, (4, 5)

I8 = npt.NDArray[np.int64]


def last_heavy_hadrons(record: Record) -> tuple[I8, I8]:
    """Find the weakly decaying b and c hadrons.

    Returns
    -------
    index : (n_hadrons,)
    flavour : (n_hadrons,) 5 or 4
    """
    flavour = np.array([heaviest_quark(code) for code in record.pdg_id.tolist()], np.int64)
    last = [
        at
        for at in np.flatnonzero(flavour).tolist()
        if not np.any(flavour[record.daughters(at)] == flavour[at])
    ]
    return np.array(last, np.int64), flavour[last]


def heavy_splittings(record: Record) -> I8:
    """Find the gluons that split to a charm or bottom pair in the shower.

    Returns
    -------
    The two quarks' last copies, (n_splittings, 2).
    """
    gluons = (record.pdg_id == _GLUON) & ~np.isin(record.status, SPACELIKE)
    found = []
    for gluon in np.flatnonzero(gluons).tolist():
        pair = record.daughters(gluon)
        codes = record.pdg_id[pair]
        if len(pair) == 2 and codes[0] == -codes[1] and abs(int(codes[0])) in _HEAVY:
            found.append([record.last_copy(quark) for quark in pair.tolist()])
    return np.array(found, np.int64).reshape(-1, 2)
