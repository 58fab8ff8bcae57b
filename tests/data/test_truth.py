"""The truth columns of the jets: heavy hadrons and split gluons, in every kind of view."""

from functools import cache

import numpy as np
import pytest

from rs3l_data.chain import initiator_table
from tests.data.conftest import make_config
from tests.data.showers import shower_tables

VIEWS = {
    "nominal": {},
    "rehadronized": {"redo": "hadronization", "of": "nominal"},
    "resmeared": {"redo": "detector", "of": "nominal"},
    "vincia": {"variation": "vincia_global"},
}


@pytest.fixture(scope="session")
def truth_of(hard_of):
    """Give the labels and, by view, the jet columns of a hundred hard events."""
    config = make_config(views=VIEWS)

    @cache
    def make(process, root="nominal"):
        hard = hard_of(process)[: 40 if root == "vincia" else 100]
        label = np.array(config.labels)[initiator_table(config, process, hard).columns["label"]]
        tables = shower_tables(config, process, root, hard, lambda _: None)
        return label, {name: table.jets for name, table in tables.items()}

    return make


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(("process", "n_b"), [("hbb", 2), ("top", 1)])
def test_contained_decays_have_their_b_hadrons(truth_of, process, n_b, view):
    _, tables = truth_of(process, "vincia" if view == "vincia" else "nominal")
    jets = tables[view]
    whole = jets["present"] & jets["contained"]
    assert np.mean(jets["n_b_hadrons"][whole] == n_b) > 0.9
    # Nearly every b hadron decays to a c hadron, which flies on within the jet.
    assert np.mean(jets["n_c_hadrons"][whole] >= n_b) > 0.7


def test_light_quark_jets_have_next_to_no_heavy_flavour(truth_of):
    label, tables = truth_of("qcd")
    jets = tables["nominal"]
    light = jets["present"] & (label == "q")
    assert light.sum() > 50
    assert np.mean(jets["n_b_hadrons"][light] > 0) < 0.03
    assert np.mean(jets["n_c_hadrons"][light] > 0) < 0.15


@pytest.mark.parametrize("process", ["qcd", "wqq"])
def test_pairs_of_b_hadrons_come_from_split_gluons(truth_of, process):
    """Of jets without b quarks of the hard process."""
    label, tables = truth_of(process)
    for name, jets in tables.items():
        chosen = jets["present"] & (label != "b")
        both = jets["n_b_hadrons"] >= 2
        split = jets["gluon_splitting"] == 5
        # Quarks near the edge end on one side of it, their hadrons on the other.
        assert (both != split)[chosen].sum() <= 0.01 * chosen.sum() + 1, name


def test_a_few_per_cent_of_gluon_jets_split_to_bottom_and_more_to_charm(truth_of):
    """Inclusive rates of g -> bb and g -> cc at some 500 GeV: a few and some ten per cent."""
    label, tables = truth_of("qcd")
    jets = tables["nominal"]
    gluons = jets["present"] & (label == "g")
    bottom = np.mean(jets["gluon_splitting"][gluons] == 5)
    charm = np.mean(jets["gluon_splitting"][gluons] == 4)
    assert 0.005 < bottom < 0.12
    assert bottom < charm < 0.3


def test_views_share_what_they_share(truth_of):
    _, tables = truth_of("hbb")
    nominal, again, noise = (tables[n] for n in ("nominal", "rehadronized", "resmeared"))
    # The same particles: the counts differ only where the noise moves the jet's edge or its cuts.
    both = nominal["present"] & noise["present"]
    assert np.mean(nominal["n_b_hadrons"][both] == noise["n_b_hadrons"][both]) > 0.97
    # Other hadrons of the same partons.
    both = nominal["present"] & again["present"]
    assert np.mean(nominal["n_b_hadrons"][both] == again["n_b_hadrons"][both]) > 0.9
    assert np.any(nominal["n_c_hadrons"][both] != again["n_c_hadrons"][both])


def test_absent_jets_hold_nothing(truth_of):
    for process in ("hbb", "qcd"):
        _, tables = truth_of(process)
        for jets in tables.values():
            absent = ~jets["present"]
            assert absent.any()
            for name in ("n_b_hadrons", "n_c_hadrons", "gluon_splitting"):
                assert not jets[name][absent].any()
