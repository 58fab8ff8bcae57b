"""Pile-up in the whole chain: off it changes nothing, on it adds what it must, and it can go."""

from functools import cache

import numpy as np
import pytest

from rs3l_data.describe.pileup import Pileup
from rs3l_data.describe.settings import view_settings
from rs3l_data.detect.crossing import Crossings, detect_crossings
from rs3l_data.detect.detector import detect
from rs3l_data.detect.vertexing import from_primary_vertex
from rs3l_data.errors import ConfigError
from rs3l_data.pileup import crossings_of
from rs3l_data.simulate.resimulate import resimulate
from tests.data.conftest import make_config
from tests.data.pileup.conftest import BLOCKS, keys_of, no_particles
from tests.data.showers import shower_tables
from tests.data.store.random_tables import assert_same_view

MEAN = 40


def again(**pileup):
    return {"redo": "detector", "of": "nominal", "pileup": pileup}


VIEWS = {
    "nominal": {},
    "resmeared": {"redo": "detector", "of": "nominal"},
    "none": again(mean=MEAN, mitigation="none"),
    "chs": again(mean=MEAN, mitigation="chs"),
    "puppi": again(mean=MEAN),
}


@pytest.fixture(scope="module")
def tables(hard_of, sample):
    config = make_config(**{**BLOCKS, "views": VIEWS})
    return shower_tables(config, "hbb", "nominal", hard_of("hbb"), lambda _: None, sample=sample)


@pytest.fixture(scope="module")
def table_of(hard_of, sample):
    @cache
    def make(n, name, **view):
        config = make_config(**{**BLOCKS, "views": {"nominal": {}, name: again(**view)}})
        hard = hard_of("hbb")[:n]
        return shower_tables(config, "hbb", "nominal", hard, lambda _: None, sample=sample)[name]

    return make


def gains(tables, view, observable):
    """Compare the jets with those of another detector response of the same particles."""
    before, after = tables["resmeared"].jets, tables[view].jets
    both = before["present"] & after["present"]
    assert both.sum() > 60
    return (after[observable] - before[observable])[both]


def test_mean_0_is_bit_for_bit_no_pileup(hard_of, sample):
    hard = hard_of("hbb")[:20]
    plain = make_config(views={"nominal": {}})
    off = make_config(
        views={"nominal": {"pileup": {"mean": 0}}}, pileup={"mean": 9, "mitigation": "chs"}
    )
    found = shower_tables(off, "hbb", "nominal", hard, lambda _: None, sample=sample)["nominal"]
    expected = shower_tables(plain, "hbb", "nominal", hard, lambda _: None)["nominal"]
    assert_same_view(found, expected)


def test_jets_gain_the_density_that_the_detector_sees_times_their_area(tables, sample):
    """The cells' thresholds are less of a loss inside a jet, its tracks' cells more of one."""
    n, radius = 60, 0.8
    crossings = Crossings(Pileup(mean=MEAN, mitigation="none"), sample, keys_of(n, 3))
    seen = detect_crossings(
        no_particles(n), make_config().card("nominal"), keys_of(n, 4), crossings
    )
    pt = np.hypot(seen.px, seen.py)
    central = (np.abs(np.arcsinh(seen.pz / pt)) < 2) & (pt > 0.5)
    density = pt[central].sum() / n / (4 * 2 * np.pi)
    expected = density * np.pi * radius**2
    assert 0.7 < np.mean(gains(tables, "none", "pt")) / expected < 1.1


def test_mitigation_brings_pt_and_mass_back(tables):
    shift = {
        view: [np.median(gains(tables, view, name)) for name in ("pt", "mass")]
        for view in ("none", "chs", "puppi")
    }
    for observable in range(2):
        none, chs, puppi = (shift[view][observable] for view in ("none", "chs", "puppi"))
        assert none > 30
        assert 0.2 * none < chs < 0.7 * none
        assert abs(puppi) < 0.2 * none
    assert np.std(gains(tables, "puppi", "mass")) < np.std(gains(tables, "none", "mass"))


def test_mitigation_keeps_the_hard_events_tracks(hard_of):
    config = make_config()
    hard = hard_of("hbb")
    seeds = np.arange(1, len(hard) + 1)
    settings = view_settings(config, "hbb", "nominal")
    (batch,) = next(resimulate(settings, hard, config.hard.energy, seeds))
    card = config.card("nominal")
    seen = detect(batch.particles, card, keys_of(len(batch.hard)))
    pt = np.hypot(seen.px, seen.py)
    tracks = (seen.charge != 0) & (pt > 1)
    kept = from_primary_vertex(seen, card.tracking.primary_vertex)
    # What is lost are decays of K0_S, Λ and heavy hadrons behind the first millimetre.
    assert 0.9 < np.sum(pt[tracks & kept]) / np.sum(pt[tracks]) < 0.999


def test_an_events_jets_do_not_depend_on_the_others(tables, table_of):
    few = table_of(7, "puppi", mean=MEAN)
    whole = tables["puppi"]
    n = len(few)
    for name, column in few.jets.items():
        np.testing.assert_array_equal(column, whole.jets[name][:n])
    for name, column in few.constituents.items():
        np.testing.assert_array_equal(column, whole.constituents[name][: few.offsets[-1]])


def test_views_draw_pileup_of_their_own(sample):
    views = {name: again(mean=50) for name in ("one", "two")}
    config = make_config(**{**BLOCKS, "views": {"nominal": {}, **views}})
    events = np.arange(5)
    keys = [
        crossings_of(config, process, view, events, sample).keys
        for process, view in (("hbb", "one"), ("hbb", "two"), ("qcd", "one"))
    ]
    assert len(np.unique(np.concatenate(keys))) == 15
    assert crossings_of(config, "hbb", "nominal", events, sample) is None


def test_pileup_without_a_sample_is_refused(hard_of):
    config = make_config(views={"nominal": {}, "crowded": again(mean=5)})
    with pytest.raises(ConfigError, match=r"view 'crowded' has pile-up \(mean 5\).*--pileup FILE"):
        shower_tables(config, "hbb", "nominal", hard_of("hbb")[:2], lambda _: None)
