"""A finished dataset that grows: what was there stays as it was, byte for byte or row for row."""

import numpy as np
import pytest

import rs3l_data
from rs3l_data.integrity.validate import validate
from rs3l_data.store.digest import digest
from tests.drills.workflow import CONFIG, Run

pytestmark = pytest.mark.xdist_group("drills")


@pytest.fixture
def grown(undisturbed, run):
    """A finished run, to be called again with another config."""
    run.undo(undisturbed, "manifest")

    def call(**blocks):
        run.configure(**blocks)
        ended = run.call()
        assert ended.code == 0, ended.said
        assert validate(run.results / "dataset").valid
        return run

    return call


def test_more_events_a_process_and_then_a_view(undisturbed, grown, tmp_path):
    before = undisturbed.sums()
    # One chunk of `hbb` was full, the other becomes so; `zqq` comes behind the others.
    events = {"hbb": {"events": 6}, "top": {"events": 2}, "zqq": {"events": 1}}
    run = grown(processes=events)
    after = run.sums()
    again = {name for name in before if after[name] != before[name]}
    assert {name.split("/")[-1 if "views" not in name else -2] for name in again} <= {
        "0001.h5",
        "0001",
        "hbb-0001.h5",
    }
    assert_same_rows(undisturbed, run)

    at_once = Run.laid_out(tmp_path / "at once", processes=events)
    assert at_once.call().code == 0
    assert run.digest() == at_once.digest()
    dataset = rs3l_data.open(run.results / "dataset")
    assert dataset.config == rs3l_data.open(at_once.results / "dataset").config

    run = grown(processes=events, views={**CONFIG["views"], "seed": {}})
    last = run.sums()
    parts = {n: s for n, s in after.items() if not n.startswith("dataset/")}
    assert parts.items() <= last.items(), "another view must leave all but the shards alone"
    assert_same_rows(undisturbed, run)


def assert_same_rows(old, new):
    """Check that all rows of a dataset are in another with the same values in the same views."""
    old, new = (rs3l_data.open(run.results / "dataset") for run in (old, new))
    for process in old.processes:
        mine = old.select(processes=process, views=old.views)
        events = np.unique(mine.initiators["event"])
        theirs = new.select(processes=process, views=old.views).find(process, events)
        assert digest(theirs) == digest(mine)
