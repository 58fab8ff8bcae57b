"""Streamed jets are those in memory; training may stop, skip a shard, or go on in the middle."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import rs3l_data
from rs3l_data.errors import InputFileError
from rs3l_train.commands.options import opened
from rs3l_train.config import DataConfig, validate_training
from rs3l_train.loop.processes import ALONE
from rs3l_train.loop.updates import Updates
from rs3l_train.tasks.bench import set_bench
from rs3l_train.tasks.evaluate import evaluate
from rs3l_train.tasks.finetune import finetune
from rs3l_train.tasks.pretrain import pretrain
from rs3l_train.tasks.pretraining import chosen_loading, gradients_in_parts, set_up
from rs3l_train.views.batches import pretraining_batches
from rs3l_train.views.loading import (
    bytes_needed,
    readable,
    streamed_rows,
    view_source,
)
from rs3l_train.views.memory import JetViews, Selection, load
from rs3l_train.views.positives import Positives
from rs3l_train.views.stream import StreamedViews
from tests.train.conftest import SETTINGS, VIEWS, changed, damage
from tests.train.results import records

CPU = torch.device("cpu")
ALL = Positives(torch.ones(3), None, 1)


@pytest.fixture
def streamed(dataset):
    return StreamedViews(dataset, VIEWS, 16, 100, CPU)


@pytest.mark.parametrize("readers", [3, 7, 8, 14, 28, 33])
@pytest.mark.parametrize("parts_each", [1, 7])
def test_the_parts_of_a_reader_lie_in_what_it_reads(dataset, readers, parts_each):
    """Where each part has jets of its own: to the last digit of the edges."""
    sources = [StreamedViews(dataset, VIEWS, 16, 600, CPU, i, readers) for i in range(readers)]
    rows = torch.arange(len(dataset))
    batch = Selection(torch.zeros_like(rows), sources[0].arranged(rows))
    edges = sources[0].edges(batch, readers * parts_each)
    for reader, source in enumerate(sources):
        low, high = edges[reader * parts_each], edges[(reader + 1) * parts_each]
        own = batch.rows[low:high].numpy()
        buffers, _ = source._share.places(source._place[own])
        assert (buffers == 0).all()


class Counting:
    """Loads jets, and counts them."""

    def __init__(self):
        self.times = self.rows = 0

    def __call__(self, dataset, *rest):
        self.times += 1
        self.rows += len(dataset)
        return load(dataset, *rest)


@pytest.fixture
def counting(monkeypatch):
    """From here on; what was made before reads by it, too."""
    monkeypatch.setattr("rs3l_train.views.stream.load", counting := Counting())
    return counting


def assert_same_batch(found, expected):
    torch.testing.assert_close(found.mask, expected.mask, rtol=0, atol=0)
    for name, values in expected.constituents.items():
        torch.testing.assert_close(found.constituents[name], values, rtol=0, atol=0)
    for name, values in expected.jets.items():
        torch.testing.assert_close(found.jets[name], values, rtol=0, atol=0)


def test_batches_are_those_of_memory(jets, streamed):
    """An epoch of several buffers: every pair once, each batch bit for bit as from memory."""
    assert torch.equal(streamed.present, jets.present)
    rows = ALL.rows(jets.present, torch.arange(jets.n_rows), pairs=True)
    seen = []
    for selection in pretraining_batches(streamed, rows, 16, ALL, torch.Generator().manual_seed(1)):
        assert_same_batch(streamed.gather(selection), jets.gather(selection))
        seen.append(selection.rows.unique())
    together = torch.cat(seen)
    assert len(together.unique()) == len(together) == len(rows) // 16 * 16
    assert set(together.tolist()) <= set(rows.tolist())


def test_any_rows_can_be_gathered_in_any_order(jets, streamed):
    """Of many buffers, and some of them twice."""
    present = jets.present.nonzero()
    chosen = torch.randint(len(present), (200,), generator=torch.Generator().manual_seed(1))
    assert len(chosen.unique()) < len(chosen)
    selection = Selection(*present[chosen].T)
    assert_same_batch(streamed.gather(selection), jets.gather(selection))
    held, places = streamed.in_memory(selection.rows)
    assert_same_batch(held.gather(Selection(selection.views, places)), jets.gather(selection))


def test_batches_passed_over_are_not_read(streamed, counting):
    rows = torch.arange(len(streamed.dataset))
    batches = list(pretraining_batches(streamed, rows, 16, ALL, torch.Generator()))
    streamed.gather(batches[-1])
    assert 0 < counting.rows <= 200


def test_jets_that_processes_share_are_read_once(dataset, jets, counting):
    streamed = view_source(dataset, config(), CPU, "shared")
    rows, generator = torch.arange(len(dataset)), torch.Generator().manual_seed(1)
    for _ in range(2):
        for batch in pretraining_batches(streamed, rows, 60, ALL, generator):
            assert_same_batch(streamed.gather(batch), jets.gather(batch))
    assert counting.rows == len(dataset)
    for batch in pretraining_batches(streamed, rows[:300], 60, ALL, generator):
        assert_same_batch(streamed.gather(batch), jets.gather(batch))
    assert counting.rows == len(dataset) + 300


@pytest.mark.parametrize("parts", [1, 2, 4])
def test_parts_of_a_batch_read_each_buffer_once(streamed, counting, parts):
    """A batch of two buffers passes twice: a later part must not make forget what comes again."""
    rows = torch.arange(len(streamed.dataset))
    for batch in pretraining_batches(streamed, rows, 16, ALL, torch.Generator()):
        streamed.begin(batch)
        for _ in range(2):
            for part in range(0, len(batch), -(-len(batch) // parts)):
                streamed.gather(batch[part : part + -(-len(batch) // parts)])
    assert counting.rows == len(rows)


@pytest.mark.parametrize(
    ("readers", "jets_per_batch", "n_rows"),
    [(2, 100, 600), (2, 4, 600), (3, 4, 200), (40, 100, 200)],
)
def test_readers_have_their_parts_of_the_same_batches(
    dataset, jets, streamed, readers, jets_per_batch, n_rows, counting
):
    """Of few jets a part may lie in another's stretches: it is read all the same."""
    sources = [StreamedViews(dataset, VIEWS, 16, 100, CPU, i, readers) for i in range(readers)]
    rows = torch.arange(n_rows)
    epochs = [
        pretraining_batches(source, rows, jets_per_batch, ALL, torch.Generator().manual_seed(1))
        for source in [streamed, *sources]
    ]
    for expected, *batches in zip(*epochs, strict=True):
        n_parts = min(readers, len(expected))
        edges = streamed.edges(expected, n_parts)
        assert edges[0] == 0
        assert edges[-1] == len(expected)
        assert min(np.diff(edges)) > 0, "no part is empty"
        for source, batch, low, high in zip(sources, batches, edges, edges[1:], strict=False):
            assert torch.equal(batch.rows, expected.rows)
            assert torch.equal(batch.views, expected.views)
            assert source.edges(batch, n_parts) == edges
            source.begin(batch)
            assert_same_batch(source.gather(batch[low:high]), jets.gather(batch[low:high]))
    if (readers, jets_per_batch) == (2, 100):
        assert counting.rows == n_rows, "every row once, by one of them"


def config(**data):
    settings = {**SETTINGS, "data": {**SETTINGS["data"], **data}}
    settings["pretrain"] = {**SETTINGS["pretrain"], "views_seen": 600}
    return validate_training(settings, "test")


@pytest.mark.parametrize("parts", [1, 2])
def test_steps_in_parts_read_each_buffer_once(dataset, counting, parts):
    settings = changed(config(loading="stream", buffer_mb=0.3), loop={"parts": parts})
    pretraining = set_up(dataset, settings, CPU)
    before = counting.times, counting.rows
    gradients = gradients_in_parts(pretraining)
    for step, batch in enumerate(pretraining.training.epoch(0)):
        gradients(batch, step)
    assert counting.times - before[0] > 2
    assert counting.rows - before[1] == len(pretraining.training.rows)


def test_the_choice_of_loading(dataset, jets, monkeypatch):
    needed = bytes_needed(dataset, VIEWS, 16)

    def kind(loading, free=10.0, processes=ALONE):
        monkeypatch.setattr("rs3l_train.tasks.pretraining.memory_of", lambda _: int(free * needed))
        settings = config(loading=loading)
        loading = chosen_loading(dataset, settings, CPU, processes)
        return type(view_source(dataset, settings, CPU, loading))

    assert kind("memory") is kind("auto") is JetViews
    assert kind("stream") is StreamedViews
    assert kind("auto", 2.1) is kind("memory", 0.1) is JetViews
    assert kind("auto", 1.9) is StreamedViews
    assert kind("shared") is StreamedViews
    # Of the processes, one has less memory than this one.
    for count, part, expected in (
        (1, 0.8, "stream"),
        (2, 0.8, "shared"),
        (4, 1.9, "shared"),
        (4, 2.1, "stream"),
        # A stretch falls to two of them: one of 12 reads four of the 32.
        (12, 3.9, "shared"),
        (12, 4.1, "stream"),
    ):
        agreed = SimpleNamespace(largest=lambda _, part=part: [part], count=count)
        assert chosen_loading(dataset, config(loading="auto"), CPU, agreed) == expected
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    assert kind("auto", 2.1) is StreamedViews
    assert kind("auto", 4.1) is JetViews
    assert streamed_rows(DataConfig(buffer_mb=1), 1000.0) == 500
    tensors = [jets.present, jets.starts, jets.counts, jets.constituents, *jets.jets.values()]
    stored = sum(t.nbytes for t in tensors) - jets.constituents[0].nbytes
    assert needed == stored


def test_pretraining_streams(dataset, tmp_path):
    metrics = pretrain(dataset, config(loading="stream", buffer_mb=0.5), tmp_path)
    again = pretrain(dataset, config(loading="stream", buffer_mb=0.5), tmp_path / "again")
    assert metrics["final"]["validation_loss"] == again["final"]["validation_loss"]
    assert metrics["views_seen"] >= 600


def test_a_corrupt_shard_is_named_or_skipped(damaged, tmp_path, caplog):
    dataset = rs3l_data.open(damaged)
    streaming = config(loading="stream")
    with pytest.raises(InputFileError, match=r"shard-0001\.h5: damaged"):
        pretrain(dataset, streaming, tmp_path / "stop")
    with caplog.at_level(logging.WARNING):
        left = opened(damaged, "skip")
    assert "shard-0001.h5" in caplog.text
    assert 0 < len(left) == dataset.shards[0].n_rows
    assert 0 < pretrain(left, streaming, tmp_path / "skip")["jets"] < len(left)


@pytest.mark.parametrize("column", ["n_constituents", "softdrop_mass"])
def test_a_shard_is_skipped_for_columns_that_no_network_sees(folder, tmp_path, column):
    """Trainings read them all the same."""
    copy = damage(folder, tmp_path / "ds", f"views/nominal/jets/{column}")
    assert len(readable(rs3l_data.open(copy), VIEWS)) == 300


def test_a_dataset_is_compared_with_its_manifest_before_it_is_read(folder, tmp_path):
    """Here in what trainings do not read."""
    copy = damage(folder, tmp_path / "ds", "decays/offsets")
    assert len(opened(copy, "skip")) == 300


def test_taggers_name_or_skip_it_too(damaged, tmp_path):
    dataset, left = rs3l_data.open(damaged), opened(damaged, "skip")
    settings = changed(config(), task={"validation_labels": 20})
    finetune(left, settings, None, "scratch", 10, tmp_path)
    with pytest.raises(InputFileError, match=r"shard-0001\.h5: damaged"):
        evaluate(dataset, tmp_path, tmp_path / "stop")
    skipped = evaluate(left, tmp_path, tmp_path / "skip")
    whole = evaluate(dataset[: dataset.shards[0].n_rows], tmp_path, tmp_path / "whole")
    assert skipped["rows"] == whole["rows"]


def test_a_truncated_shard_is_named_or_skipped(damaged, caplog):
    path = damaged / "shard-0000.h5"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputFileError, match=r"shard-0000\.h5"):
        rs3l_data.open(damaged)
    with caplog.at_level(logging.WARNING):
        left = rs3l_data.open(damaged, corrupt="skip")
    assert "shard-0000.h5" in caplog.text
    assert [shard.path.name for shard in left.shards] == ["shard-0001.h5"]
    with pytest.raises(InputFileError, match="none of its shards can be read"):
        readable(left, VIEWS)


class CrashError(Exception):
    pass


@pytest.mark.parametrize(("before", "after"), [("memory", "stream"), ("stream", "memory")])
def test_a_training_goes_on_as_it_loaded_before(dataset, tmp_path, monkeypatch, before, after):
    """However much memory there is now: the order of the jets would be another."""
    free = {"memory": 10**9, "stream": 10_000}
    settings = changed(config(loading="auto"), loop={"checkpoint_views": 40})

    def with_free(loading, out):
        monkeypatch.setattr("rs3l_train.tasks.pretraining.memory_of", lambda _: free[loading])
        return pretrain(dataset, settings, tmp_path / out)

    whole = with_free(before, "whole")
    steps, step = iter(range(5)), Updates.step

    def counted(*arguments):
        if next(steps, None) is None:
            raise CrashError
        return step(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Updates, "step", counted)
        with pytest.raises(CrashError):
            with_free(before, "cut")
    assert with_free(after, "cut")["final"]["validation_loss"] == whole["final"]["validation_loss"]
    assert records(tmp_path / "cut") == records(tmp_path / "whole")
    with_free(after, "other")
    assert records(tmp_path / "other") != records(tmp_path / "whole")


def test_splittings_have_the_same_room_in_memory_as_streamed(dataset):
    settings = changed(config(), pretrain={"augmentations": {}}, data={"constituents": 500})
    for loading in ("memory", "stream"):
        source = view_source(dataset, settings, CPU, loading)
        rows = torch.arange(5)
        assert source.gather(Selection(torch.zeros_like(rows), rows)).mask.shape == (5, 500)


@pytest.mark.parametrize("ready", [set_up, set_bench])
def test_inputs_that_a_dataset_cannot_fill_are_told(dataset, monkeypatch, caplog, ready):
    """As of RS3L's own record: networks would not see which tracks are displaced."""
    unknown = {"converted": {"unknown_columns": ["constituents/d0_error", "tau1"]}}
    for described, inputs, told in (
        ({}, "shortcut_free", False),
        (unknown, "rs3l", False),
        (unknown, "shortcut_free", True),
    ):
        monkeypatch.setattr(type(dataset), "config", property(lambda _, own=described: own))
        ready(dataset, config(inputs=inputs), CPU)
        assert ("lacks the errors of impact parameters" in caplog.text) == told


def test_streamed_epochs_differ_and_repeat_with_their_seed(streamed):
    rows = torch.arange(len(streamed.dataset))
    first, again, other = (
        streamed.shuffled(rows, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_batches_of_all_buffers_have_one_shape(dataset):
    streamed = StreamedViews(dataset, VIEWS, 500, 100, CPU)
    rows = torch.arange(0, len(dataset), 7)
    found = streamed.gather(Selection(torch.zeros_like(rows), rows))
    assert found.mask.shape == (len(rows), 500)
