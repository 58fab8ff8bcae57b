"""Restored views and one-pass events: alike where they must be, and defects that must be found."""

import numpy as np
import pytest

from rs3l_data.chain import hard_chunk, initiator_table, onepass_chunk
from rs3l_data.validation.onepass import QUANTITIES, compare_jets
from rs3l_data.validation.verdicts import failed, uniform_p
from tests.data.conftest import make_config
from tests.data.showers import shower_tables

N_EVENTS = 400
THRESHOLD = 0.01


def jets_of(config, process, hard, table):
    initiators = initiator_table(config, process, hard).columns
    return {**table.jets, "weight": initiators["weight"], "event": initiators["event"]}


@pytest.fixture(scope="module")
def tables():
    """Top jets: one-pass, and two views of the same restored hard events."""
    config = make_config(
        events=N_EVENTS,
        views={"nominal": {}, "fsr_down": {"variation": "fsr_down"}},
        processes={"top": {"events": N_EVENTS}},
        validation={"events": N_EVENTS},
    )
    hard, _, one_pass = onepass_chunk(config, "top", "nominal", 0, lambda _: None)
    found = {"one-pass": jets_of(config, "top", hard, one_pass["nominal"])}
    saved, _ = hard_chunk(config, "top", 0, lambda _: None)
    for view in config.views:
        (table,) = shower_tables(config, "top", view, saved, lambda _: None).values()
        found[view] = jets_of(config, "top", saved, table)
    return found


def bad(view, reference):
    tests = list(compare_jets("view", "top", view, reference))
    assert len(tests) == 1 + 2 * len(QUANTITIES)
    return {(test.quantity, test.method) for test in failed(tests, THRESHOLD)}


def test_a_restored_view_is_one_pass_pythia(tables):
    assert bad(tables["nominal"], tables["one-pass"]) == set()


def test_a_view_with_other_settings_is_not(tables):
    """More final-state radiation makes more constituents; the recoils before it know nothing."""
    found = bad(tables["fsr_down"], tables["one-pass"])
    # Which of the two tests sees it in so few events is a matter of luck.
    assert "n_constituents" in {quantity for quantity, _ in found}
    assert not {"initiator_pt", "pt"} & {quantity for quantity, _ in found}


def drawn(rng, n, **scales):
    """Jets of a resonance with two to an event; a Gaussian for each quantity."""
    event = np.repeat(np.arange(n // 2), 2)
    balance = np.repeat(rng.exponential(120, n // 2), 2)
    jets = {
        "present": rng.random(n) < 0.9,
        "pt": 400 + balance + rng.normal(0, 15, n),
        "initiator_pt": 410 + balance,
        "mass": rng.normal(90, 9, n),
        "softdrop_mass": rng.normal(82, 8, n),
        "n_constituents": rng.poisson(40 * scales.get("n_constituents", 1.0), n),
        "tau1": rng.uniform(0.1, 0.5, n),
        "n2": rng.normal(0.3, 0.05, n),
        "weight": np.repeat(rng.exponential(1, n // 2), 2),
        "event": event,
    }
    jets["tau2"] = jets["tau1"] * rng.beta(3, 4, n)
    for name in ("mass", "softdrop_mass", "pt"):
        jets[name] = jets[name] * scales.get(name, 1.0)
    return jets


@pytest.mark.parametrize(
    ("defect", "quantity"),
    [({"mass": 1.03}, "mass"), ({"n_constituents": 0.8}, "n_constituents")],
)
def test_a_scaled_mass_and_lost_constituents_are_found(defect, quantity):
    rng = np.random.default_rng(1)
    found = bad(drawn(rng, 3000, **defect), drawn(rng, 3000))
    assert {name for name, _ in found} == {quantity}


def test_lost_jets_are_found():
    rng = np.random.default_rng(2)
    view, reference = drawn(rng, 3000), drawn(rng, 3000)
    view["present"] &= rng.random(3000) < 0.9
    assert {name for name, _ in bad(view, reference)} == {"present"}


def test_nothing_is_found_where_nothing_is_wrong():
    rng = np.random.default_rng(3)
    tests = [
        test
        for i in range(40)
        for test in compare_jets(f"{i}", "w", drawn(rng, 600), drawn(rng, 400))
    ]
    assert not failed(tests, THRESHOLD)
    p = uniform_p([test for test in tests if test.method != "Fisher"])
    assert np.mean(p < 0.05) == pytest.approx(0.05, abs=0.025)
    assert np.mean(p < 0.5) == pytest.approx(0.5, abs=0.08)
