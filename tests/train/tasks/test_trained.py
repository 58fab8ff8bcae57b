"""Taggers that are trained once: stopped and taken up again, taken as they are, shared out."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file

import rs3l_data
from rs3l_data.errors import ConfigError, InputFileError
from rs3l_train.config import load_training
from rs3l_train.loop.device import prepare
from rs3l_train.tasks.bench import set_bench
from rs3l_train.tasks.embed import embed
from rs3l_train.tasks.evaluate import evaluate
from rs3l_train.tasks.finetune import finetune
from rs3l_train.tasks.pretrain import pretrain
from rs3l_train.tasks.run import run
from rs3l_train.tasks.study import _diagnostics, study
from rs3l_train.tasks.trained import Trainings
from tests.synthetic import make_dataset
from tests.train.conftest import changed
from tests.train.results import records, without_times
from tests.train.tasks.conftest import QUICK, CrashError


def assert_same_weights(folder, other):
    found, expected = (load_file(f / "weights.safetensors") for f in (folder, other))
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[k], expected[k]) for k in expected)


@pytest.mark.parametrize("mode", ["last_layers", "full", "scratch"])
def test_a_stopped_training_goes_on_bit_for_bit(bench, backbone, tmp_path, crash_at, mode):
    trainings = Trainings(bench, backbone)
    steps = crash_at(None)
    _, details = trainings.tagger(mode, 20, 1, tmp_path / "whole")
    assert len(steps) > 4
    for number in (1, 4):
        crash_at(number)
        with pytest.raises(CrashError):
            trainings.tagger(mode, 20, 1, tmp_path / "cut")
    left = crash_at(None)
    torch.rand(5)
    _, again = trainings.tagger(mode, 20, 1, tmp_path / "cut")
    assert len(left) < len(steps) - 3
    assert without_times(again) == without_times(details)
    assert records(tmp_path / "cut") == records(tmp_path / "whole")
    assert_same_weights(tmp_path / "cut", tmp_path / "whole")
    assert not (tmp_path / "cut" / "checkpoint.safetensors").exists()


def test_a_tagger_is_taken_where_all_is_the_same_and_else_trained(
    bench, backbone, tmp_path, crash_at, caplog
):
    caplog.set_level("INFO", "rs3l_train")
    first = Trainings(bench, backbone).tagger("full", 20, 0, tmp_path)[1]
    steps = crash_at(None)
    assert Trainings(bench, backbone).tagger("full", 20, 0, tmp_path)[1] == first
    assert not steps
    assert "done before, with the same data and settings" in caplog.text
    other = backbone._replace(weights={k: v + 0.01 for k, v in backbone.weights.items()})
    for trainings, arguments, why in (
        (Trainings(bench, backbone, "never"), ("full", 20, 0), None),
        (Trainings(bench, other), ("full", 20, 0), "the pretrained weights is now"),
        (Trainings(bench, other), ("full", 20, 1), "the draw of the labels is now 1 and was 0"),
        (Trainings(bench, other), ("full", 24, 1), "--labels is now 24 and was 20"),
        (Trainings(bench, other), ("scratch", 24, 1), "--mode is now 'scratch' and was 'full'"),
    ):
        caplog.clear()
        before = len(steps)
        trainings.tagger(*arguments, tmp_path)
        assert len(steps) > before
        assert why is None or why in caplog.text
    # From scratch nothing is left of a pretraining.
    before = len(steps)
    Trainings(bench, backbone).tagger("scratch", 24, 1, tmp_path)
    assert len(steps) == before


def test_a_training_may_go_on_with_other_settings_if_it_must(
    dataset, bench, quick, backbone, tmp_path, crash_at, caplog
):
    with pytest.raises(InputFileError, match="no unfinished training to go on with"):
        Trainings(bench, backbone, "must").tagger("full", 20, 0, tmp_path)
    crash_at(3)
    with pytest.raises(CrashError):
        Trainings(bench, backbone).tagger("full", 20, 0, tmp_path)
    # What chooses the best weights must not: those of an AUC would always win over those of a loss.
    another = changed(quick, finetune={**QUICK["finetune"], "decorrelate": {"weight": 1}})
    with pytest.raises(ConfigError, match=r"with another training\.finetune\.decorrelate"):
        Trainings(set_bench(dataset, another, prepare(another)), backbone, "must").tagger(
            "full", 20, 0, tmp_path
        )
    slower = changed(quick, finetune={**QUICK["finetune"], "learning_rate": 1e-5})
    steps = crash_at(None)
    other = set_bench(dataset, slower, prepare(slower))
    Trainings(other, backbone, "must").tagger("full", 20, 0, tmp_path)
    assert "learning_rate is now 1e-05 and was 0.001" in caplog.text
    assert records(tmp_path)[0]["views"] == 0
    assert steps


def test_a_probe_has_no_steps_to_go_on_with(bench, backbone, tmp_path, crash_at, caplog):
    crash_at(3)
    with pytest.raises(CrashError):
        Trainings(bench, backbone).tagger("full", 20, 0, tmp_path)
    with pytest.raises(ConfigError, match="go on from it: --mode is now 'probe' and was 'full'"):
        Trainings(bench, backbone, "must").tagger("probe", 20, 0, tmp_path)
    Trainings(bench, backbone).tagger("probe", 20, 0, tmp_path)
    assert "starts anew: --mode is now 'probe' and was 'full'" in caplog.text
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "config.yaml",
        "weights.safetensors",
    ]
    done = "no unfinished training to go on with; the one in this folder is finished: --resume auto"
    with pytest.raises(InputFileError, match=f"{done} takes it as it is"):
        Trainings(bench, backbone, "must").tagger("probe", 20, 0, tmp_path)


def test_a_tagger_that_is_taken_has_the_settings_it_is_tested_with(
    dataset, quick, tmp_path, monkeypatch, caplog
):
    finetune(dataset, quick, None, "scratch", 20, tmp_path)
    before = load_file(tmp_path / "weights.safetensors")
    other = changed(quick, evaluation={"efficiencies": [0.4], "max_jets": 90})
    # As often as it is taken by other software: that has not trained it.
    monkeypatch.setattr("rs3l_train.loop.identity.version", {"rs3l": "9", "torch": "3"}.get)
    for _ in range(2):
        caplog.clear()
        finetune(dataset, other, None, "scratch", 20, tmp_path)
        assert "done before, with the same data and settings, but rs3l is now '9'" in caplog.text
    assert all(
        torch.equal(before[k], v) for k, v in load_file(tmp_path / "weights.safetensors").items()
    )
    assert load_training(tmp_path / "config.yaml") == other
    tested = evaluate(dataset, tmp_path, tmp_path / "evaluation")
    assert list(tested["rows"][0]["rejection"]) == ["0.4"]
    assert tested["task"]["test_jets"] == 90


def test_few_labels_take_as_many_parts_as_they_can(dataset, quick, tmp_path):
    many = changed(quick, finetune={"parts": 100})
    metrics = finetune(dataset, many, None, "scratch", 20, tmp_path)
    assert metrics["steps"] > 0


def test_a_folder_belongs_to_one_stage(dataset, quick, pretrained, tmp_path):
    finetune(dataset, quick, None, "scratch", 20, tmp_path)
    for stage, out in {
        "pretrain": lambda out: pretrain(dataset, quick, out),
        "finetune": lambda out: finetune(dataset, quick, None, "scratch", 20, out),
        "evaluate": lambda out: evaluate(dataset, tmp_path, out),
        "study": lambda out: study(dataset, quick, pretrained, out),
        "run": lambda out: run(dataset, quick, out),
    }.items():
        for folder, held in ((pretrained, "pretrain"), (tmp_path, "finetune")):
            if held != stage:
                with pytest.raises(ConfigError, match=f"holds what `{held}` left, which `{stage}`"):
                    out(folder)


def test_another_training_takes_the_old_results_away_when_it_begins(
    dataset, quick, tmp_path, crash_at
):
    pretrain(dataset, quick, tmp_path)
    crash_at(3)
    other = changed(quick, seed=8)
    with pytest.raises(ConfigError, match=r"would be lost: training\.seed is now 8 and was 3"):
        pretrain(dataset, other, tmp_path)
    assert (tmp_path / "weights.safetensors").exists()
    with pytest.raises(CrashError):
        pretrain(dataset, other, tmp_path, "never")
    assert not (tmp_path / "weights.safetensors").exists()
    assert not (tmp_path / "metrics.json").exists()
    # An unfinished pretraining is no place for a tagger either.
    with pytest.raises(ConfigError, match="holds what `pretrain` left"):
        finetune(dataset, quick, None, "scratch", 20, tmp_path)
    with pytest.raises(ConfigError, match=r"go on from it: training.seed is now 3 and was 8"):
        pretrain(dataset, quick, tmp_path, "must")


def test_losses_of_other_batches_are_no_rivals_for_the_best(dataset, quick, tmp_path, crash_at):
    """Those of larger ones are higher, as each view is told from more others."""
    small = changed(quick, pretrain={"jets_per_batch": 4, "views_seen": 200})
    crash_at(5)
    with pytest.raises(CrashError):
        pretrain(dataset, small, tmp_path)
    views = records(tmp_path)[-1]["views"]
    crash_at(None)
    larger = changed(small, pretrain={"jets_per_batch": 16})
    assert pretrain(dataset, larger, tmp_path, "must")["best_after"] > views


def test_a_study_of_other_classes_does_not_show_what_the_probe_found(dataset, quick, tmp_path):
    pretrain(dataset, quick, tmp_path)
    path = tmp_path / "metrics.json"
    metrics = json.loads(path.read_text())
    assert metrics["probe_of"] == {"signal": ["higgs"], "background": ["qcd"]}
    metrics["final"]["knn_auc"] = 0.9
    path.write_text(json.dumps(metrics))
    assert _diagnostics(tmp_path, quick)["knn_auc"] == 0.9
    turned = changed(quick, task={**QUICK["task"], "signal": ["qcd"], "background": ["higgs"]})
    assert "knn_auc" not in _diagnostics(tmp_path, turned)


def test_a_run_asks_for_the_task_before_it_pretrains(dataset, quick, tmp_path, monkeypatch):
    monkeypatch.setattr("rs3l_train.tasks.run.pretrain", lambda *_: pytest.fail("pretrains"))
    with pytest.raises(ConfigError, match=r"training.task.signal: the dataset has no label 'Hxx'"):
        run(dataset, changed(quick, task={"signal": ["Hxx"]}), tmp_path)
    with pytest.raises(InputFileError, match="but 50000 are asked for"):
        run(dataset, changed(quick, task={"labels": [100_000]}), tmp_path)


def test_the_best_weights_serve_wherever_the_last_do(dataset, quick, pretrained, tmp_path):
    best = pretrained / "best.safetensors"
    found = study(dataset, quick, best, tmp_path / "study")["diagnostics"]
    last = study(dataset, quick, pretrained, tmp_path / "last")["diagnostics"]
    losses = {record["validation_loss"]: record["views"] for record in records(pretrained)}
    assert found["validation_loss"] == min(losses)
    assert found["views"] == losses[min(losses)]
    assert last["views"] == max(losses.values())
    assert ("r2 |eta|" in last, "r2 |eta|" in found) == (True, False)
    assert embed(dataset, best, tmp_path / "best.h5")["dimension"] == 8
    finetune(dataset, quick, best, "probe", 20, tmp_path / "tagger")
    evaluate(dataset, tmp_path / "tagger" / "weights.safetensors", tmp_path / "evaluation")


@pytest.mark.parametrize("file", ["", "best.safetensors"])
def test_what_was_pretrained_on_is_not_held_out(dataset, quick, pretrained, tmp_path, file):
    held = changed(quick, data={"hold_out": ["fsr_up"]})
    for train in (
        lambda: study(dataset, held, pretrained / file, tmp_path),
        lambda: finetune(dataset, held, pretrained / file, "probe", 20, tmp_path),
    ):
        with pytest.raises(ConfigError, match=r"hold_out: 'fsr_up' .* was pretrained on"):
            train()


def test_metrics_tell_which_views_a_network_was_pretrained_on(dataset, quick, pretrained, tmp_path):
    one = changed(quick, data={"views": ["nominal"]})
    all_views = ["nominal", "seed", "fsr_up"]
    assert study(dataset, one, pretrained, tmp_path / "study")["pretraining_views"] == all_views
    for mode, views in (("probe", all_views), ("scratch", [])):
        folder = tmp_path / mode
        found = finetune(dataset, one, pretrained, mode, 20, folder)
        assert (found["training_views"], found["pretraining_views"]) == (["nominal"], views)
        tested = evaluate(dataset, folder, tmp_path / f"{mode}_evaluation")
        assert tested["pretraining_views"] == views


def test_a_held_out_view_chooses_nothing(dataset, quick):
    held = changed(quick, data={"hold_out": ["nominal"]})
    bench = set_bench(dataset, held, prepare(held))
    assert bench.reference == "nominal"
    assert {bench.jets.names[v] for v in bench.validation.views.tolist()} == {"seed"}


def test_a_tagger_is_tested_where_it_could_not_be_trained(dataset, quick, tmp_path, caplog):
    held = changed(quick, data={"hold_out": ["fsr_up"]})
    finetune(dataset, held, None, "scratch", 20, tmp_path / "tagger")
    rest = dataset.select(splits="test", views=["nominal"])
    tested = evaluate(rest, tmp_path / "tagger", tmp_path / "evaluation")
    assert [row["view"] for row in tested["rows"]] == ["nominal"]
    # What the tagger was trained on, be it here or not.
    assert tested["task"]["training_views"] == ["nominal", "seed"]
    without = dataset.select(splits="test", views=["seed", "fsr_up"])
    tested = evaluate(without, tmp_path / "tagger", tmp_path / "evaluation")
    assert tested["task"]["training_views"] == ["nominal", "seed"]
    assert tested["task"]["nominal_view"] == "seed"
    assert "has no view 'nominal': the others are compared with 'seed'" in caplog.text


def test_a_tagger_is_tested_on_the_labels_that_there_are(dataset, quick, tmp_path, caplog):
    wider = rs3l_data.open(
        make_dataset(tmp_path / "wider", 100, dataset.views, ("higgs", "qcd", "top"))
    )
    task = changed(quick, task={"background": ["qcd", "top"]})
    finetune(wider, task, None, "scratch", 20, tmp_path / "tagger")
    tested = evaluate(dataset, tmp_path / "tagger", tmp_path / "evaluation")
    assert tested["task"]["background"] == ["qcd"]
    assert "training.task.background: the dataset has no jet of label top" in caplog.text
    unlike = make_dataset(tmp_path / "unlike", 100, dataset.views, ("higgs", "wqq"))
    told = r"task\.background: the dataset has no label 'qcd'.*\n.*of one alone `embed` writes"
    with pytest.raises(ConfigError, match=told):
        evaluate(rs3l_data.open(unlike), tmp_path / "tagger", tmp_path / "evaluation")


@pytest.mark.parametrize("name", ["metrics.json", "metrics.jsonl"])
def test_a_study_names_what_is_wrong_with_its_pretraining(
    dataset, quick, pretrained, tmp_path, name
):
    folder = tmp_path / "pretrained"
    shutil.copytree(pretrained, folder)
    (folder / name).write_text("{}")
    model = folder / ("best.safetensors" if name == "metrics.jsonl" else "")
    with pytest.raises(InputFileError, match=r"metrics\.json or metrics\.jsonl is damaged"):
        study(dataset, quick, model, tmp_path / "study")
    (folder / "metrics.json").unlink()
    with pytest.raises(InputFileError, match="its pretraining has not ended"):
        study(dataset, quick, folder / "best.safetensors", tmp_path / "study")
