"""Heavy hadrons and split gluons, as they stand in Pythia's records."""

import numpy as np
import particle
import pytest

from rs3l_data.describe.seeds import shower_seeds
from rs3l_data.describe.settings import view_settings
from rs3l_data.simulate.heavy_flavour import heavy_hadrons, splittings
from rs3l_data.simulate.record import read
from rs3l_data.simulate.restore import restored
from rs3l_data.simulate.trace import heaviest_quark, heavy_splittings, last_heavy_hadrons

ENERGY = 13000.0
SHOWERS = ("nominal", "vincia_global")


@pytest.fixture(scope="module")
def records_of(config, hard_of):
    made = {}

    def make(process, view, n=30):
        if (process, view) not in made:
            hard = hard_of(process)[:n]
            seeds = shower_seeds(config.seed, process, view, hard.events["event"])
            # The source must outlive the call: Pythia holds no reference to it.
            settings = view_settings(config, process, view)
            pythia, _source = restored(settings, hard, ENERGY, seeds)
            made[process, view] = read(pythia.nextBatch(n, "none"))
        return made[process, view]

    return make


def test_flavour_of_codes_as_the_particle_data_group_has_it():
    """Against the package `particle`, for every hadron that it knows."""
    checked = 0
    for known in particle.Particle.all():
        code = int(known.pdgid)
        pdgid = known.pdgid
        if not (pdgid.is_meson or pdgid.is_baryon) or abs(code) > 1_000_000:
            continue
        quarks = known.quarks.lower()
        if "maybe" in quarks or not quarks:
            continue
        hidden = pdgid.is_meson and quarks in ("bb", "cc")
        expected = 0 if hidden else 5 if "b" in quarks else 4 if "c" in quarks else 0
        assert heaviest_quark(code) == expected, known
        checked += expected > 0
    assert checked > 50


@pytest.mark.parametrize("code", [5, -4, 21, 22, 24, 25, 5101, 4203, -5503, 443, 100553, 990, 111])
def test_quarks_diquarks_and_quarkonia_are_no_heavy_hadrons(code):
    assert heaviest_quark(code) == 0


@pytest.mark.parametrize("code", [4900511, -4900423, 1000512, 1005113, 1000010020])
def test_dark_mesons_hadrons_of_squarks_and_nuclei_are_no_heavy_hadrons(code):
    """Their last digits look like those of a B or D meson."""
    assert heaviest_quark(code) == 0


@pytest.mark.parametrize("view", SHOWERS)
def test_the_last_hadrons_decay_weakly(records_of, view):
    records = records_of("top", view)
    _, index, flavour = last_heavy_hadrons(records)
    codes = set(np.abs(records.pdg_id[index]).tolist())
    weakly = {411, 421, 431, 4122, 4132, 4232, 4332, 511, 521, 531, 541, 5122, 5132, 5232, 5332}
    assert codes <= weakly
    assert {5, 4} == set(flavour.tolist())


@pytest.mark.parametrize("view", SHOWERS)
@pytest.mark.parametrize("process", ["hbb", "qcd"])
def test_b_quarks_at_the_end_of_the_shower_become_b_hadrons_one_by_one(records_of, process, view):
    """Flavour is conserved by the strings; only the b hadrons' own decays change it."""
    records = records_of(process, view)
    hadrons = heavy_hadrons(records)
    for event in range(len(records.generated)):
        own = slice(*records.offsets[event : event + 2])
        codes, status = records.pdg_id[own], records.status[own]
        # Partons go into strings with status -71 to -79, or are left with that of the shower.
        daughters = records.daughter1[own]
        is_b = (np.abs(codes) == 5) & (status < 0)
        into_hadrons = is_b & (np.abs(codes[daughters]) > 100)
        found = hadrons.flavour[slice(*hadrons.offsets[event : event + 2])]
        quarkonia = np.isin(np.abs(codes) % 1000 // 10, [55])
        if not quarkonia.any():
            assert (found == 5).sum() == into_hadrons.sum()


@pytest.mark.parametrize("view", SHOWERS)
def test_splittings_conserve_what_a_gluon_has(records_of, view):
    records = records_of("qcd", view)
    found = splittings(records)
    _, index = heavy_splittings(records)
    assert len(found.flavour) > 3
    assert set(found.flavour.tolist()) <= {4, 5}
    # A quark and its antiquark, which hadronise next.
    np.testing.assert_array_equal(records.pdg_id[index[:, 0]], -records.pdg_id[index[:, 1]])
    assert found.momentum.shape == (len(found.flavour), 2, 4)
    mass2 = found.momentum[..., 3] ** 2 - (found.momentum[..., :3] ** 2).sum(axis=-1)
    assert np.all(mass2 < 30)


def test_an_event_that_was_not_delivered_has_none(records_of):
    from rs3l_data.simulate.record import spread

    records = records_of("hbb", "nominal")
    n = len(records.generated)
    positions = np.arange(1, n + 1)
    among = spread(records, positions, n + 2)
    for select in (heavy_hadrons, splittings):
        ours, theirs = select(among), select(records)
        assert ours.offsets[0] == ours.offsets[1] == 0
        assert ours.offsets[-1] == ours.offsets[-2] == theirs.offsets[-1]
        np.testing.assert_array_equal(ours.momentum, theirs.momentum)
