"""The whole chain of a job: physics that must come out, and sharding that must not matter."""

from functools import cache

import numpy as np
import pytest

import rs3l_data
from rs3l_data.chain import hard_chunk, initiator_table
from rs3l_data.cluster.kinematics import delta_r
from rs3l_data.describe.chunks import n_chunks
from rs3l_data.describe.schema import Split, Status
from rs3l_data.describe.tree import roots
from rs3l_data.jobs.provenance import attributes
from rs3l_data.store.digest import digest
from rs3l_data.store.shard import write_shard
from tests.data.conftest import make_config
from tests.data.showers import shower_tables


@pytest.fixture(scope="session")
def view_of(config, hard_of):
    """Give initiators and the table of one view of a hundred hard events."""

    @cache
    def make(process, view="nominal"):
        hard = hard_of(process)
        (table,) = shower_tables(config, process, view, hard, lambda _: None).values()
        return initiator_table(config, process, hard), table

    return make


@pytest.mark.parametrize(
    ("process", "mass"), [("wqq", 80.4), ("zqq", 91.2), ("hbb", 125.0), ("top", 172.5)]
)
def test_mass_peaks_lie_where_they_belong(view_of, process, mass):
    """The median of contained jets after soft drop; neutrinos and the detector take a part."""
    _, view = view_of(process)
    chosen = view.jets["present"] & view.jets["contained"]
    assert chosen.sum() > 50
    found = view.jets["softdrop_mass"][chosen]
    in_peak = found[np.abs(found - mass) < 0.25 * mass]
    assert len(in_peak) > 0.5 * chosen.sum()
    assert abs(np.median(in_peak) / mass - 1) < 0.1


def test_quarks_and_gluons_have_no_peak(view_of):
    _, view = view_of("qcd")
    assert np.median(view.jets["softdrop_mass"][view.jets["present"]]) < 50


@pytest.mark.parametrize("process", ["qcd", "hbb", "top"])
def test_jets_belong_to_their_initiators(config, view_of, process):
    initiators, view = view_of(process)
    jets = {name: values[view.jets["present"]] for name, values in view.jets.items()}
    distance = delta_r(jets["eta"], jets["phi"], jets["initiator_eta"], jets["initiator_phi"])
    assert np.all(distance <= config.jets.match_delta_r)
    assert np.median(distance) < 0.1
    assert np.all(jets["pt"] >= config.jets.pt[0])
    response = jets["pt"] / jets["initiator_pt"]
    assert 0.85 < np.median(response) < 1.05
    # The hard process gives the scale; recoils of initial-state radiation move it a little.
    hard_pt = initiators.columns["pt"][view.jets["present"]]
    assert abs(np.median(jets["initiator_pt"] / hard_pt) - 1) < 0.1


def test_jets_are_the_sum_of_their_constituents(view_of):
    _, view = view_of("top")
    constituents = view.constituents
    px = constituents["pt"] * np.cos(constituents["phi"])
    py = constituents["pt"] * np.sin(constituents["phi"])
    for row in np.flatnonzero(view.jets["present"]):
        own = slice(view.offsets[row], view.offsets[row + 1])
        assert view.jets["n_constituents"][row] == view.offsets[row + 1] - view.offsets[row]
        total = np.hypot(px[own].sum(), py[own].sum())
        assert total == pytest.approx(view.jets["pt"][row], rel=1e-4)
        assert np.all(np.diff(constituents["pt"][own]) <= 0)


def test_an_absent_jet_is_marked_and_empty():
    narrow = make_config(events=40, jets={"mass": [150, 200]})
    hard, _ = hard_chunk(narrow, "top", 0, lambda _: None)
    view = shower_tables(narrow, "top", "nominal", hard, lambda _: None)["nominal"]
    absent = ~view.jets["present"]
    assert 0 < absent.sum() < len(view)
    assert set(view.jets["status"][absent]) <= {Status.NO_JET_MATCHED, Status.FAILED_SELECTION}
    assert np.all((view.jets["status"] == Status.PRESENT) == view.jets["present"])
    assert np.isnan(view.jets["mass"][absent]).all()
    assert np.isfinite(view.jets["initiator_pt"]).all()
    assert np.all(np.diff(view.offsets)[absent] == 0)
    assert np.all((view.jets["mass"] >= 150)[~absent])


def test_all_limits_select_jets(hard_of, view_of):
    limits = {"pt": (350, 700), "abs_eta_max": 1.5, "mass": (30, 100)}
    narrow = make_config(jets=limits)
    found = shower_tables(narrow, "qcd", "nominal", hard_of("qcd"), lambda _: None)["nominal"].jets
    every = view_of("qcd")[1].jets
    passed = {
        "high pt": every["pt"] <= 700,
        "eta": np.abs(every["eta"]) <= 1.5,
        "low mass": every["mass"] >= 30,
        "high mass": every["mass"] <= 100,
    }
    for name in passed:
        others = [values for other, values in passed.items() if other != name]
        assert np.any(every["present"] & ~passed[name] & np.all(others, axis=0)), name
    expected = every["present"] & np.all([*passed.values()], axis=0)
    np.testing.assert_array_equal(found["present"], expected)
    assert set(found["status"][every["present"] & ~expected]) == {Status.FAILED_SELECTION}


def test_more_radiation_gives_more_constituents(view_of):
    """Less final-state radiation with a larger renormalisation scale, more with a smaller."""
    n = {view: view_of("qcd", view)[1].jets["n_constituents"] for view in ("fsr_up", "fsr_down")}
    both = (n["fsr_up"] > 0) & (n["fsr_down"] > 0)
    assert both.sum() > 100
    more = n["fsr_down"][both].mean() - n["fsr_up"][both].mean()
    assert more > 5


def test_all_initiators_of_an_event_are_in_one_split(config, hard_of):
    columns = initiator_table(config, "qcd", hard_of("qcd")).columns
    for event in np.unique(columns["event"]):
        assert len(set(columns["split"][columns["event"] == event])) == 1
    assert set(columns["split"]) == {Split.TRAIN, Split.VALIDATION, Split.TEST}


def write(config, process, chunk, folder):
    hard, _ = hard_chunk(config, process, chunk, lambda _: None)
    views = {}
    for root in roots(config.views):
        views |= shower_tables(config, process, root, hard, lambda _: None)
    names = {"process_names": [*config.processes], "label_names": [*config.labels]}
    path = folder / f"{process}-{chunk}.h5"
    write_shard(
        path, initiator_table(config, process, hard), views, {**attributes(config), **names}
    )
    return path


def test_chunk_size_and_order_leave_the_digest_alone(tmp_path):
    blocks = {
        "processes": {"top": {"events": 12}},
        "views": {
            "nominal": {},
            "up": {"variation": "fsr_up"},
            "rehadronized": {"redo": "hadronization", "of": "up"},
            "resmeared": {"redo": "detector", "of": "rehadronized"},
        },
    }
    digests = []
    for chunk_events in (12, 5):
        config = make_config(**blocks, hard={"chunk_events": chunk_events})
        folder = tmp_path / str(chunk_events)
        folder.mkdir()
        chunks = range(n_chunks(config, "top"))
        shards = [write(config, "top", chunk, folder) for chunk in reversed(chunks)]
        digests.append(digest(rs3l_data.open(shards)))
    assert digests[0] == digests[1]
    other_seed = make_config(**blocks, seed=12, hard={"chunk_events": 12})
    assert digest(rs3l_data.open([write(other_seed, "top", 0, tmp_path)])) != digests[0]
