"""Random numbers that depend on (dataset seed, process, stage, event number) and nothing else.

No chunk, job, core or order enters, so the same dataset comes out of any sharding.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

# Pythia takes seeds from 1 to this; 0 would mean the wall clock.
PYTHIA_SEED_MAX = 900_000_000


def event_keys(
    seed: int, process: str, stage: str, events: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint64]:
    """Derive one 64-bit key for each event.

    Parameters
    ----------
    seed
        The dataset's seed.
    stage
        What the key is for: ``hard``, ``split``, ``shower/<view>``, ``detector/<view>``.
    events
        Event numbers within the process, (n_events,).

    Returns
    -------
    Keys, (n_events,): the finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) over the
    event number, offset by a BLAKE2b hash of the rest.
    """
    return mixed(_base(seed, process, stage), events.astype(np.uint64))


def pythia_seeds(keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Map keys into the seeds that Pythia accepts, 1 to 900 000 000.

    Two keys may get the same seed: for what differs otherwise, as showers of different hard events.
    """
    return (keys % np.uint64(PYTHIA_SEED_MAX)).astype(np.int64) + 1


def shower_seeds(
    seed: int, process: str, view: str, events: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Derive Pythia's seed for the shower of each event in a view, (n_events,)."""
    return pythia_seeds(event_keys(seed, process, f"shower/{view}", events))


def hadronization_seeds(
    seed: int, process: str, view: str, events: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Derive Pythia's seed for another hadronisation of each event's shower, (n_events,)."""
    return pythia_seeds(event_keys(seed, process, f"hadronization/{view}", events))


def own_pythia_seeds(
    seed: int, process: str, stage: str, events: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Give each event a seed of Pythia's that no other event of the stage has.

    Two hard events with one seed would be the same event; by `pythia_seeds` there would be N² / 1.8
    10⁹ such pairs among N. Here the events' numbers are permuted: by a Feistel network of 30 bits,
    again and again until the result is a seed (cycle walking).

    Parameters
    ----------
    events
        (n_events,), below `PYTHIA_SEED_MAX`; others begin anew.
    """
    base = _base(seed, process, stage)
    place = (events % PYTHIA_SEED_MAX).astype(np.uint64)
    outside = np.ones(len(place), bool)
    while outside.any():
        place[outside] = _permuted(base, place[outside])
        outside = place >= PYTHIA_SEED_MAX
    return place.astype(np.int64) + 1


_HALF = np.uint64(15)
_ROUNDS = 6


def _permuted(base: np.uint64, numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Permute the numbers below 2³⁰."""
    left, right = numbers >> _HALF, numbers & np.uint64((1 << 15) - 1)
    for turn in range(_ROUNDS):
        hashed = mixed(base, right | np.uint64(turn << 15)) >> np.uint64(49)
        left, right = right, left ^ hashed
    return left << _HALF | right


def _base(seed: int, process: str, stage: str) -> np.uint64:
    name = f"{seed}\0{process}\0{stage}".encode()
    base: np.uint64 = np.frombuffer(hashlib.blake2b(name, digest_size=8).digest(), "<u8")[0]
    return base


def mixed(
    base: np.uint64 | npt.NDArray[np.uint64], numbers: npt.NDArray[np.uint64]
) -> npt.NDArray[np.uint64]:
    """Derive 64-bit keys from numbers, (n,), by the finaliser of SplitMix64, offset by a base."""
    with np.errstate(over="ignore"):
        x = base + (numbers + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    keys: npt.NDArray[np.uint64] = x ^ (x >> np.uint64(31))
    return keys


def initialisation_seed(settings: list[str]) -> int:
    """Derive the seed of Pythia's initialisation from the settings alone.

    The initialisation of the multiparton interactions is a Monte Carlo integration: with another
    seed the same event seeds give other events, so it must be the same in every chunk and job.
    """
    digest = hashlib.blake2b("\n".join(settings).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") % PYTHIA_SEED_MAX + 1
