"""What is read for networks: all of it, in order, one block ahead, and nothing they cannot take."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch

from rs3l_data.errors import InputFileError
from rs3l_train.views import reading
from rs3l_train.views.memory import load
from rs3l_train.views.reading import CONSTITUENT_COLUMNS, read_constituents


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(reading, "_JETS", 7)


@pytest.mark.usefixtures("small_blocks")
def test_blocks_are_all_jets_of_all_views_in_order(dataset):
    blocks = list(read_constituents(dataset, dataset.views))
    assert len(blocks) > 3 * len(dataset.views)
    for view in dataset.views:
        offsets, columns = dataset.constituents(view, CONSTITUENT_COLUMNS)
        own = [block for block in blocks if block.view == view]
        counts = np.concatenate([np.diff(block.offsets) for block in own])
        np.testing.assert_array_equal(counts, np.diff(offsets))
        for name, column in columns.items():
            found = np.concatenate([block.columns[name] for block in own])
            np.testing.assert_array_equal(found, column)
    assert [block.view for block in blocks] == sorted(
        [block.view for block in blocks], key=dataset.views.index
    )


@pytest.mark.parametrize("width", [1, 16, 1000])
def test_what_is_loaded_does_not_depend_on_the_blocks(dataset, monkeypatch, width):
    loaded = []
    for jets in (7, 10_000):
        monkeypatch.setattr(reading, "_JETS", jets)
        loaded.append(load(dataset, dataset.views, width, torch.device("cpu")))
    assert torch.equal(loaded[0].constituents, loaded[1].constituents)
    assert torch.equal(loaded[0].starts, loaded[1].starts)


@pytest.mark.usefixtures("small_blocks")
def test_the_next_block_and_no_other_is_read_while_one_is_used(dataset, monkeypatch):
    read, started = type(dataset).constituents, []
    second = threading.Event()

    def counted(self, *arguments):
        started.append(threading.current_thread())
        if len(started) == 2:
            second.set()
        return read(self, *arguments)

    monkeypatch.setattr(type(dataset), "constituents", counted)
    blocks = read_constituents(dataset, ("nominal",))
    for number, _ in enumerate(blocks, 1):
        if number == 1:
            assert second.wait(10), "the second is read only when it is asked for"
        assert len(started) <= number + 1
    assert threading.main_thread() not in started


@pytest.mark.usefixtures("small_blocks")
def test_a_fault_of_a_later_block_comes_when_its_turn_does(dataset, monkeypatch):
    read, readers = type(dataset).constituents, []

    def failing(self, *arguments):
        readers.append(threading.current_thread())
        if len(readers) == 3:
            raise InputFileError("shard.h5: damaged")
        return read(self, *arguments)

    monkeypatch.setattr(type(dataset), "constituents", failing)
    blocks = read_constituents(dataset, ("nominal",))
    assert [len(next(blocks).offsets) for _ in range(2)] == [8, 8]
    with pytest.raises(InputFileError, match="damaged"):
        next(blocks)
    assert not any(reader.is_alive() for reader in readers), "it goes on"


def test_numbers_that_are_not_finite_are_named(dataset, monkeypatch):
    read = type(dataset).constituents

    def with_nan(self, view, names=None):
        offsets, columns = read(self, view, names)
        if view == "seed" and "d0" in columns:
            columns["d0"] = columns["d0"].copy()
            columns["d0"][[0, offsets[7]]] = np.nan
        return offsets, columns

    monkeypatch.setattr(type(dataset), "constituents", with_nan)
    load(dataset, ("nominal",), 16, torch.device("cpu"))
    with pytest.raises(
        InputFileError, match=r"\.h5: 2 of \d+ values of constituents/d0 .* 'seed' are not"
    ):
        load(dataset, ("nominal", "seed"), 16, torch.device("cpu"))


@pytest.mark.parametrize("name", ["pt", "energy"])
def test_a_constituent_without_momentum_is_refused(dataset, monkeypatch, name):
    """Its logarithm would be infinite, and the loss of every jet of its batch no number."""
    read = type(dataset).constituents

    def with_zero(self, view, names=None):
        offsets, columns = read(self, view, names)
        columns[name] = columns[name].copy()
        columns[name][offsets[1] - 1] = 0
        return offsets, columns

    monkeypatch.setattr(type(dataset), "constituents", with_zero)
    with pytest.raises(
        InputFileError, match=rf"\.h5: 1 of \d+ values of constituents/{name} .* above 0"
    ):
        load(dataset, ("nominal",), 16, torch.device("cpu"))


def test_a_number_that_is_none_hides_no_zero(dataset, monkeypatch):
    read = type(dataset).constituents

    def with_both(self, view, names=None):
        offsets, columns = read(self, view, names)
        columns["pt"] = columns["pt"].copy()
        far = int(np.flatnonzero(np.diff(offsets) > 16)[0])
        columns["pt"][offsets[far + 1] - 1] = np.nan  # of none of those that are kept
        columns["pt"][0] = 0
        return offsets, columns

    monkeypatch.setattr(type(dataset), "constituents", with_both)
    with pytest.raises(InputFileError, match="values of constituents/pt"):
        load(dataset, ("nominal",), 16, torch.device("cpu"))


@pytest.mark.parametrize(
    ("name", "value", "fault"), [("mass", np.inf, "not finite"), ("pt", 0, "not above 0")]
)
def test_a_jet_that_networks_cannot_take_is_named(dataset, monkeypatch, name, value, fault):
    def broken(read):
        def with_fault(self, *arguments):
            table = read(self, *arguments)
            columns = getattr(table, "jets", table)
            if name in columns:
                columns[name] = np.where(columns["present"], value, columns[name])
            return table

        return with_fault

    for method in ("jets", "read_view"):
        monkeypatch.setattr(type(dataset), method, broken(getattr(type(dataset), method)))
    with pytest.raises(InputFileError, match=rf"\.h5: \d+ of \d+ values of jets/{name} .* {fault}"):
        load(dataset, ("nominal",), 16, torch.device("cpu"))
