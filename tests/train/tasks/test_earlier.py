"""What was done before is taken, and only if it is the same."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from rs3l_data.outdated import remove_outdated
from rs3l_train.tasks.finetune import finetune
from rs3l_train.tasks.pretrain import pretrain
from rs3l_train.tasks.run import run
from tests.train.conftest import changed
from tests.train.results import without_times
from tests.train.tasks.conftest import QUICK, CrashError


def test_a_run_done_before_is_not_done_again(dataset, quick, tmp_path, crash_at, monkeypatch):
    first = run(dataset, quick, tmp_path)
    steps = crash_at(None)
    # As after a kill between the last weights and the end.
    for name in ("pretrain", "study/trainings/probe_20_0", "study/trainings/full_20_1"):
        (tmp_path / name / "checkpoint.safetensors").touch()
    assert run(dataset, quick, tmp_path) == first
    assert not steps
    assert not [*tmp_path.rglob("checkpoint.safetensors")]
    # Another draw of labels leaves the pretraining.
    more = changed(quick, task={**QUICK["task"], "seeds": 3})
    with monkeypatch.context() as patch:
        patch.setattr("rs3l_train.tasks.pretrain._fit", lambda *_: pytest.fail("pretrains"))
        assert len(run(dataset, more, tmp_path)["trainings"]) == 9
    before = len(steps)
    (tmp_path / "pretrain" / "metrics.json").write_text("{")
    run(dataset, quick, tmp_path)
    assert len(steps) > before


def test_one_more_view_to_test_on_trains_nothing_again(dataset, quick, tmp_path, crash_at):
    trained = ["nominal", "fsr_up"]
    first = run(dataset.select(views=trained), quick, tmp_path)
    steps = crash_at(None)
    # It lies between those that are trained on.
    chosen = changed(quick, data={"hold_out": ["seed"]})
    again = run(dataset, chosen, tmp_path)
    assert not steps
    assert without_times(again["trainings"]) == without_times(first["trainings"])
    assert {row["view"] for row in again["rows"]} == {*trained, "seed"}
    # One more to train on is another matter.
    finetune(dataset, chosen, None, "scratch", 20, tmp_path / "tagger")
    before = len(steps)
    finetune(dataset, quick, None, "scratch", 20, tmp_path / "tagger")
    assert len(steps) > before


def test_a_pretraining_that_snakemake_took_away_is_taken_back_if_it_is_the_same(
    dataset, quick, tmp_path, crash_at
):
    """It removes what a job makes before the job begins, whose data may be the same after all."""
    folder = tmp_path / "training/pretrain"
    first = pretrain(dataset, quick, folder)
    weights = (folder / "weights.safetensors").read_bytes()
    steps = crash_at(None)
    for config, same in ((quick, True), (changed(quick, seed=5), False)):
        remove_outdated([SimpleNamespace(rule=SimpleNamespace(name="pretrain"))], tmp_path)
        for name in ("weights.safetensors", "metrics.json"):
            (folder / name).unlink()
        again = pretrain(dataset, config, folder)
        assert bool(steps) != same
        assert (again == first) == same
        assert ((folder / "weights.safetensors").read_bytes() == weights) == same


def test_a_pretraining_that_is_taken_back_has_nothing_of_one_that_was_begun_meanwhile(
    dataset, quick, tmp_path, crash_at
):
    """A config that is changed and changed back: best weights, curve and config are its own."""
    folder = tmp_path / "training/pretrain"
    pretrain(dataset, quick, folder)

    def content():
        return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}

    first = content()
    for config, steps in ((changed(quick, seed=5), 6), (quick, 0)):
        remove_outdated([SimpleNamespace(rule=SimpleNamespace(name="pretrain"))], tmp_path)
        for name in ("weights.safetensors", "metrics.json"):
            (folder / name).unlink(missing_ok=True)
        crash_at(steps)
        with pytest.raises(CrashError) if steps else nullcontext():
            pretrain(dataset, config, folder)
        assert (content() == first) == (not steps)


def test_never_does_everything_again(dataset, quick, tmp_path, crash_at):
    steps = crash_at(None)
    first = run(dataset, quick, tmp_path)
    taken = len(steps)
    assert without_times(run(dataset, quick, tmp_path, "never")) == without_times(first)
    assert len(steps) == 2 * taken
