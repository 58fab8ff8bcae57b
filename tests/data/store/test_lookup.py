"""Single events, in any order: those that going through the dataset gives."""

import numpy as np
import pytest

import rs3l_data
from rs3l_data.errors import InputFileError
from rs3l_data.store import lookup
from rs3l_data.store.lookup import Lookup
from tests.data.store.random_tables import assert_same_columns, assert_same_view
from tests.synthetic import make_dataset


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return rs3l_data.open(make_dataset(tmp_path_factory.mktemp("lookup"), 60, n_shards=3))


@pytest.mark.parametrize(
    ("block_rows", "memory_mb"), [(1, 1000), (7, 0), (7, 0.05), (64, 0.05), (8192, 1000)]
)
def test_events_are_those_of_the_dataset(dataset, monkeypatch, block_rows, memory_mb):
    """Also where the rows of an event lie in two blocks, or a block is read again."""
    monkeypatch.setattr(lookup, "BLOCK_ROWS", block_rows)
    chosen = dataset.select(splits="train", views=["seed", "nominal"])
    events = list(chosen.events())
    found = Lookup(chosen, memory_mb)
    for i in np.random.default_rng(1).integers(len(events), size=50).tolist():
        event = found[events[i].process, events[i].event]
        assert (event.process, event.event) == (events[i].process, events[i].event)
        assert_same_columns(event.initiators, events[i].initiators)
        assert list(event.views) == ["seed", "nominal"]
        for name, view in event.views.items():
            assert_same_view(view, events[i].views[name])


def test_what_is_kept_is_bounded_and_used(dataset, monkeypatch):
    monkeypatch.setattr(lookup, "BLOCK_ROWS", 16)
    reads = []
    read = type(dataset).read_view
    monkeypatch.setattr(
        type(dataset), "read_view", lambda self, name: reads.append(len(self)) or read(self, name)
    )
    one_view = dataset.select(views="nominal")
    names = [(one_view.processes[p], int(e)) for p, e in _names(one_view)]
    everything, nothing = Lookup(one_view), Lookup(one_view, 0)
    for name in [names[0], names[-1]] * 3:
        _ = everything[name]
    assert len(reads) == 2
    for name in [names[0], names[-1]] * 3:
        _ = nothing[name]
    assert len(reads) == 2 + 6
    assert max(reads) <= 16


def _names(dataset):
    return zip(dataset.initiators["process"], dataset.initiators["event"], strict=True)


@pytest.mark.parametrize("number", [np.uint8(250), np.uint16(300), np.int32(300), 300])
def test_a_number_may_be_of_any_type_of_whole_numbers(tmp_path, number):
    """In arithmetic of 16 bits event 300 would be event 44."""
    folder = make_dataset(tmp_path / "ds", 301, processes=("higgs",), n_shards=1)
    found = Lookup(rs3l_data.open(folder))
    assert found["higgs", number].initiators["event"].tolist() == [number]
    with pytest.raises(TypeError, match="cannot be interpreted as an integer"):
        _ = found["higgs", float(number)]


def test_events_that_are_not_there(dataset):
    found = Lookup(dataset.select(labels="qcd"))
    with pytest.raises(InputFileError, match="no process 'qcdd'; did you mean 'qcd'"):
        _ = found["qcdd", 1]
    for number in (10**6, -1, -(10**18)):
        with pytest.raises(InputFileError, match=f"no row of event {number} of the process 'qcd'"):
            _ = found["qcd", number]
