"""Follow particles through a view's event record: hard ones, heavy hadrons, split gluons.

All kernels that read the genealogy are in this file: numba's cache does not notice changes across
files.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from rs3l_data.events.hard_events import HardEvents
from rs3l_data.simulate.record import FIRST, Records

I4 = npt.NDArray[np.int32]
I8 = npt.NDArray[np.int64]

_DECAYED = -22
"""Pythia's status code of a hard particle that decays."""

_INITIAL_STATE = 4
"""Tens of Pythia's status codes for what initial-state radiation makes or moves."""

SPACELIKE = (21, 31, 41, 42, 45, 46, 53, 54, 61)
"""Pythia's status codes of partons on their way into a collision: what they branch to is the
spacelike side of initial-state radiation, not a splitting inside a jet."""

_CHARM, _BOTTOM, _GLUON = 4, 5, 21

_LIGHTEST_CHARMED = 411
"""No open heavy flavour has a smaller PDG code than the D meson."""

_NOT_OF_QUARKS = 1_000_000
"""From here on PDG codes are of supersymmetry, hidden valleys, nuclei, and of states outside of the
quark model, whose heavy flavour goes on to a hadron inside of it."""


class _Record(NamedTuple):
    """The genealogy of a batch of event records, flat; daughters count within their event."""

    offsets: I8
    pdg_id: I4
    status: I4
    daughter1: I4
    daughter2: I4


class _Hard(NamedTuple):
    """The genealogy of the same events' hard processes; mothers count in Pythia's record."""

    offsets: I8
    first: int
    """Where the record has the first of them"""
    pdg_id: I4
    status: I4
    mother1: I4


def trace(hard: HardEvents, records: Records) -> I8:
    """Find each hard particle in a view's record, as it is before its own decay or branching.

    A resonance is followed to the copy that decays. A parton of the hard process is followed
    through the recoils of initial-state radiation, and no further: the recoils of final-state
    radiation already belong to its jet. A decay product is taken as its mother's last copy
    decays to it.

    Returns
    -------
    Index into the flat record, or -1, for every hard particle, (n_hard_particles,).
    """
    columns = (hard.particles[name] for name in ("pdg_id", "status", "mother1"))
    return _trace(_Hard(hard.offsets, FIRST, *columns), _record(records), records.generated)


def last_heavy_hadrons(records: Records) -> tuple[I8, I8, I8]:
    """Find the b and c hadrons that are the last of their kind in their decay chain.

    So a B* or a D* is skipped for the hadron that it decays to, and what is left decays weakly.
    Quarkonia, whose flavour is hidden, are none. A hadron with b and c counts as a b hadron.

    Returns
    -------
    offsets : (n_events + 1,)
    index : (n_hadrons,)
        Into the flat record.
    flavour : (n_hadrons,)
        5 or 4.
    """
    return _last_heavy_hadrons(_record(records))


def heavy_splittings(records: Records) -> tuple[I8, I8]:
    """Find the gluons that split into a charm or bottom pair in a shower.

    Those of final-state radiation and of what initial-state radiation or another interaction of
    the same protons put out; not a gluon on its way into a collision. Each quark is followed
    through all its emissions and recoils to the end of the shower.

    Returns
    -------
    offsets : (n_events + 1,)
    index : (n_splittings, 2)
        Of the two quarks, into the flat record.
    """
    return _heavy_splittings(_record(records))


def _record(records: Records) -> _Record:
    return _Record(
        records.offsets, records.pdg_id, records.status, records.daughter1, records.daughter2
    )


@numba.njit(cache=True)
def heaviest_quark(pdg_id: int) -> int:
    """Tell the open heavy flavour of a hadron from its PDG code: 5, 4, or 0 for all else.

    Numbering scheme of the Particle Data Group: the digits before the last are the quark content,
    heaviest first; a diquark has no last quark, a quarkonium the same quark twice.
    """
    code = abs(pdg_id)
    if not _LIGHTEST_CHARMED <= code < _NOT_OF_QUARKS:
        return 0
    first, second, third = code // 1000 % 10, code // 100 % 10, code // 10 % 10
    if third == 0:
        return 0
    if first == 0 and second == third:
        return 0
    heaviest = first if first > 0 else second
    return heaviest if heaviest in (_CHARM, _BOTTOM) else 0


@numba.njit(cache=True)
def _trace(hard: _Hard, record: _Record, generated: npt.NDArray[np.bool_]) -> I8:
    found = np.full(hard.pdg_id.size, -1, np.int64)
    for event in range(hard.offsets.size - 1):
        if not generated[event]:
            continue
        begin, end = hard.offsets[event], hard.offsets[event + 1]
        first = record.offsets[event]
        taken = np.zeros(record.offsets[event + 1] - first, np.bool_)
        for particle in range(begin, end):
            mother = begin + hard.mother1[particle] - hard.first
            if mother < begin + 2:  # the incoming partons and what they make stand as they were
                here = particle - begin + hard.first
            else:
                here = _daughter(record, first, found[mother], hard.pdg_id[particle], taken)
            if here < 0:
                continue
            taken[here] = True
            decays = hard.status[particle] == _DECAYED
            if decays or mother < begin + 2:
                here = _last_copy(record, first, here, decays)
            found[particle] = first + here
    return found


@numba.njit(cache=True)
def _daughters(record: _Record, at: int) -> tuple[int, int, int]:
    """List an entry's daughters as (first, last, step): Pythia's pairs need not be adjacent."""
    one, two = record.daughter1[at], record.daughter2[at]
    if one == 0:
        return 0, -1, 1
    if two == 0:
        return one, one, 1
    if two > one:
        return one, two, 1
    return two, one, max(one - two, 1)


@numba.njit(cache=True)
def _last_copy(record: _Record, first: int, here: int, decays: bool) -> int:
    """Follow a resonance to its decay, a parton through the recoils of initial-state radiation.

    A parton is followed as long as it stays whole: in Vincia's antennae between the initial and
    the final state a parton that radiates gets the codes of initial-state radiation, too, and a
    gluon would be taken for the one that it emits.
    """
    while True:
        low, high, step = _daughters(record, first + here)
        following = -1
        if high > low and not decays:
            return here
        for daughter in range(low, high + 1, step):
            same = record.pdg_id[first + daughter] == record.pdg_id[first + here]
            initial_state = abs(record.status[first + daughter]) // 10 == _INITIAL_STATE
            if same and daughter > here and (decays or initial_state):
                following = daughter
        if following < 0:
            return here
        here = following


@numba.njit(cache=True)
def _daughter(
    record: _Record, first: int, mother: int, pdg_id: int, taken: npt.NDArray[np.bool_]
) -> int:
    """Find a daughter of the given species that no other hard particle has claimed."""
    if mother < 0:
        return -1
    low, high, step = _daughters(record, mother)
    for daughter in range(low, high + 1, step):
        if record.pdg_id[first + daughter] == pdg_id and not taken[daughter]:
            return daughter
    return -1


@numba.njit(cache=True)
def _last_heavy_hadrons(record: _Record) -> tuple[I8, I8, I8]:
    n_events = record.offsets.size - 1
    offsets = np.zeros(n_events + 1, np.int64)
    index = np.empty(record.pdg_id.size, np.int64)
    flavours = np.empty(record.pdg_id.size, np.int64)
    n = 0
    for event in range(n_events):
        first = record.offsets[event]
        for at in range(first, record.offsets[event + 1]):
            flavour = heaviest_quark(record.pdg_id[at])
            if flavour == 0:
                continue
            last = True
            low, high, step = _daughters(record, at)
            for daughter in range(low, high + 1, step):
                if heaviest_quark(record.pdg_id[first + daughter]) == flavour:
                    last = False
            if last:
                index[n], flavours[n] = at, flavour
                n += 1
        offsets[event + 1] = n
    return offsets, index[:n].copy(), flavours[:n].copy()


@numba.njit(cache=True)
def _heavy_splittings(record: _Record) -> tuple[I8, I8]:
    n_events = record.offsets.size - 1
    offsets = np.zeros(n_events + 1, np.int64)
    index = np.empty((record.pdg_id.size, 2), np.int64)
    n = 0
    for event in range(n_events):
        first = record.offsets[event]
        for at in range(first, record.offsets[event + 1]):
            if record.pdg_id[at] != _GLUON:
                continue
            low, high, step = _daughters(record, at)
            if high != low + step:
                continue
            quark = record.pdg_id[first + low]
            if abs(quark) not in (_CHARM, _BOTTOM) or record.pdg_id[first + high] != -quark:
                continue
            if abs(record.status[at]) not in SPACELIKE:
                index[n, 0] = first + _end_of_shower(record, first, low)
                index[n, 1] = first + _end_of_shower(record, first, high)
                n += 1
        offsets[event + 1] = n
    return offsets, index[:n].copy()


@numba.njit(cache=True)
def _end_of_shower(record: _Record, first: int, here: int) -> int:
    """Follow a quark to its last copy, which hadronises."""
    while True:
        low, high, step = _daughters(record, first + here)
        following = -1
        for daughter in range(low, high + 1, step):
            same = record.pdg_id[first + daughter] == record.pdg_id[first + here]
            if same and daughter > here:
                following = daughter
        if following < 0:
            return here
        here = following
