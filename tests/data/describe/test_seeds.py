import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rs3l_data.describe.seeds import (
    PYTHIA_SEED_MAX,
    event_keys,
    initialisation_seed,
    mixed,
    own_pythia_seeds,
    pythia_seeds,
)

EVENTS = np.arange(20_000)


def test_seeds_are_those_that_pythia_takes():
    seeds = pythia_seeds(event_keys(1, "qcd", "hard", EVENTS))
    assert seeds.min() >= 1
    assert seeds.max() <= PYTHIA_SEED_MAX
    # Uniform: the mean of 20 000 has an error of 0.2 %.
    assert abs(seeds.mean() / PYTHIA_SEED_MAX - 0.5) < 0.01


def test_no_two_hard_events_have_the_same_seed():
    """A hash would give 22 pairs among so many."""
    seeds = own_pythia_seeds(1, "qcd", "hard", np.arange(200_000))
    assert len(np.unique(seeds)) == len(seeds)
    assert seeds.min() >= 1
    assert seeds.max() <= PYTHIA_SEED_MAX
    far = own_pythia_seeds(1, "qcd", "hard", PYTHIA_SEED_MAX - 1 - EVENTS)
    assert not np.isin(far, seeds).any()
    assert len(np.unique(far)) == len(far)


def test_the_seeds_of_hard_events_look_random():
    seeds = own_pythia_seeds(3, "top", "hard", EVENTS) / PYTHIA_SEED_MAX
    n = len(seeds)
    # Of uniform numbers: the mean, the correlation of neighbours, and 100 bins.
    assert abs(seeds.mean() - 0.5) < 4 / np.sqrt(12 * n)
    assert abs(np.corrcoef(seeds[1:], seeds[:-1])[0, 1]) < 4 / np.sqrt(n)
    chi2 = ((np.histogram(seeds, 100, (0, 1))[0] - n / 100) ** 2 / (n / 100)).sum()
    assert abs(chi2 - 99) < 4 * np.sqrt(2 * 99)


@given(
    st.integers(0, 10**6), st.lists(st.integers(0, PYTHIA_SEED_MAX - 1), min_size=1, max_size=20)
)
def test_the_seed_of_a_hard_event_depends_on_it_alone(seed, events):
    together = own_pythia_seeds(seed, "qcd", "hard", np.array(events))
    alone = [own_pythia_seeds(seed, "qcd", "hard", np.array([e]))[0] for e in events]
    assert together.tolist() == alone
    other = own_pythia_seeds(seed + 1, "qcd", "hard", np.array(events))
    assert not np.array_equal(other, together)


@given(st.integers(0, 10**6), st.lists(st.integers(0, 10**9), min_size=1, max_size=20))
def test_a_key_depends_on_its_event_alone(seed, events):
    together = event_keys(seed, "qcd", "hard", np.array(events))
    alone = [event_keys(seed, "qcd", "hard", np.array([e]))[0] for e in events]
    assert together.tolist() == alone


def test_everything_that_names_a_stream_changes_it():
    streams = [
        event_keys(*name, EVENTS)
        for name in [
            (1, "qcd", "hard"),
            (2, "qcd", "hard"),
            (1, "top", "hard"),
            (1, "qcd", "split"),
        ]
    ]
    assert len(np.unique(np.concatenate(streams))) == 4 * len(EVENTS)


def test_no_two_names_run_together():
    assert event_keys(1, "ab", "c", EVENTS)[0] != event_keys(1, "a", "bc", EVENTS)[0]


def test_keys_are_the_numbers_of_splitmix64():
    """The sequence that the algorithm's other implementations give for the seed 1234567."""
    assert mixed(np.uint64(1234567), np.arange(5, dtype=np.uint64)).tolist() == [
        *(6457827717110365317, 3203168211198807973, 9817491932198370423),
        *(4593380528125082431, 16408922859458223821),
    ]


def test_seeds_stay_what_they_were():
    """With others, all datasets that were made before could not be made again."""
    events = np.array([0, 1, 10**9])
    keys = event_keys(1, "qcd", "hard", events)
    assert keys.tolist() == [16206281748829536362, 2352579971436343804, 4166772809274482371]
    assert pythia_seeds(keys).tolist() == [829536363, 36343805, 774482372]
    own = own_pythia_seeds(1, "qcd", "hard", events)
    assert own.tolist() == [732321777, 168583517, 208044932]
    assert initialisation_seed(["Beams:eCM = 13000.", "HardQCD:all = on"]) == 422738451


def test_the_initialisation_depends_on_the_settings():
    assert initialisation_seed(["a = 1"]) == initialisation_seed(["a = 1"])
    assert initialisation_seed(["a = 1"]) != initialisation_seed(["a = 2"])
