from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rs3l_data.describe.cards import load_card
from rs3l_data.detect.candidates import Candidates
from rs3l_data.detect.detector import detect
from rs3l_data.errors import GeneratorError

from .guns import gun, jumble, select, shoot

CARD = load_card("cms")
COLUMNS = [field.name for field in dataclasses.fields(Candidates) if field.name != "offsets"]


def events(candidates: Candidates) -> list[bytes]:
    """All bits of the candidates of each event."""
    return [
        b"".join(getattr(candidates, name)[start:end].tobytes() for name in COLUMNS)
        for start, end in zip(candidates.offsets[:-1], candidates.offsets[1:], strict=True)
    ]


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.data())
def test_an_events_candidates_do_not_depend_on_the_batch(seed: int, data: st.DataObject) -> None:
    n_events = 12
    particles = jumble(n_events, seed)
    keys = np.random.default_rng(seed).integers(0, 2**64, n_events, np.uint64)
    whole = events(detect(particles, CARD, keys))
    some = data.draw(st.lists(st.integers(0, n_events - 1), unique=True, max_size=n_events))
    chosen: npt.NDArray[np.int64] = np.array(some, np.int64)
    part = events(detect(select(particles, chosen), CARD, keys[chosen]))
    assert part == [whole[i] for i in some]


def test_the_key_decides_the_noise() -> None:
    particles = gun(22, 3, energy=50.0)
    twice = detect(particles, CARD, np.array([7, 7, 8], np.uint64))
    assert twice.energy[0] == twice.energy[1]
    assert twice.energy[0] != twice.energy[2]


@settings(max_examples=15)
@given(st.integers(0, 2**32))
def test_candidates_are_well_formed(seed: int) -> None:
    seen = shoot(jumble(6, seed))
    assert seen.offsets[0] == 0
    assert seen.offsets[-1] == len(seen.px)
    assert (np.diff(seen.offsets) >= 0).all()
    for name in COLUMNS:
        assert len(getattr(seen, name)) == len(seen.px)
        assert np.isfinite(getattr(seen, name)).all()
    assert (seen.energy > 0.0).all()
    assert ((seen.charge != 0) == (seen.d0_error > 0.0)).all()
    assert ((seen.charge != 0) == (seen.dz_error > 0.0)).all()


@pytest.mark.parametrize("n_events", [0, 3])
def test_no_particles_give_no_candidates(n_events: int) -> None:
    nothing = select(gun(22, 1, energy=1.0), np.empty(0, np.int64))
    empty = dataclasses.replace(nothing, offsets=np.zeros(n_events + 1, np.int64))
    seen = shoot(empty)
    assert seen.offsets.tolist() == [0] * (n_events + 1)
    assert len(seen.px) == 0


def test_keys_must_match_the_events() -> None:
    with pytest.raises(ValueError, match=r"keys have shape \(2,\), expected \(3,\)"):
        detect(gun(22, 3, energy=1.0), CARD, np.zeros(2, np.uint64))


def test_a_vertex_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(
        GeneratorError, match=r"x of 2 of 2 particles is not finite.*set its vertex to 0"
    ):
        shoot(gun(22, 2, energy=1.0, vertex=(float("nan"), 0.0, 0.0)))
