import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rs3l_data.store.split import split_of

FRACTIONS = (0.7, 0.1, 0.2)
EVENTS = np.arange(200_000)
GOLDEN = [2, 0, 1, 0, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]


def test_fractions_are_kept_within_the_statistics_of_independent_events():
    split = split_of(1, "higgs", EVENTS, FRACTIONS)
    for part, fraction in enumerate(FRACTIONS):
        sigma = np.sqrt(fraction * (1 - fraction) / len(EVENTS))
        assert np.mean(split == part) == pytest.approx(fraction, abs=4 * sigma)


@pytest.mark.parametrize("distance", [1, 2, 1000])
def test_neighbours_are_independent(distance):
    test = split_of(1, "higgs", EVENTS, FRACTIONS) == 2
    both = np.mean(test[:-distance] & test[distance:])
    assert both == pytest.approx(0.2**2, abs=4 * np.sqrt(0.04 * 0.96 / len(EVENTS)))


@pytest.mark.parametrize("other", [(2, "higgs"), (1, "qcd")])
def test_seeds_and_processes_are_independent(other):
    one = split_of(1, "higgs", EVENTS, FRACTIONS) == 2
    two = split_of(*other, EVENTS, FRACTIONS) == 2
    assert np.mean(one & two) == pytest.approx(0.04, abs=4 * np.sqrt(0.04 * 0.96 / len(EVENTS)))


@given(st.lists(st.integers(0, 2**40), max_size=20), st.integers(0, 2**62), st.text(max_size=9))
def test_an_event_has_its_part_whatever_else_is_asked(events, seed, process):
    together = split_of(seed, process, np.array(events, np.int64), FRACTIONS)
    alone = [split_of(seed, process, np.array([event]), FRACTIONS)[0] for event in events]
    assert together.tolist() == alone


def test_growing_the_training_part_keeps_its_events():
    less = split_of(1, "higgs", EVENTS, (0.5, 0.1, 0.4))
    more = split_of(1, "higgs", EVENTS, (0.6, 0.1, 0.3))
    assert np.all(more[less == 0] == 0)


def test_the_parts_are_the_same_in_every_version_of_the_package():
    """Numbers of the first implementation: a change would move test events into training."""
    assert split_of(1, "higgs", np.arange(16), FRACTIONS).tolist() == GOLDEN


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_part_of_all_or_nothing(part):
    fractions = tuple(float(i == part) for i in range(3))
    assert set(split_of(1, "higgs", EVENTS, fractions).tolist()) == {part}


def test_parts_without_events_stay_empty_in_spite_of_rounding(monkeypatch):
    """The highest hash lies above the sum of fractions that miss 1 by their rounding."""
    highest = np.array([2**64 - 1], np.uint64)
    monkeypatch.setattr("rs3l_data.store.split.event_keys", lambda *_: highest)
    assert split_of(1, "higgs", np.arange(1), (0.3, 0.7 - 1e-10, 0.0)).tolist() == [1]


@pytest.mark.parametrize("fractions", [(0.5, 0.5, 0.5), (1.2, -0.1, -0.1), (0, 0, 0)])
def test_what_are_no_fractions(fractions):
    with pytest.raises(ValueError, match="add up to 1"):
        split_of(1, "higgs", EVENTS, fractions)
