from __future__ import annotations

import json
import re

import numpy as np
import pytest
import torch

from rs3l_data.describe.schema import Split
from rs3l_data.errors import ConfigError, InputFileError
from rs3l_train.backbones import backbone_of
from rs3l_train.config import validate_training
from rs3l_train.errors import TrainingError
from rs3l_train.loop.device import prepare
from rs3l_train.loop.fit import fit
from rs3l_train.loop.saved_network import load_network
from rs3l_train.loop.schedule import pretraining_schedule
from rs3l_train.tasks.bench import set_bench
from rs3l_train.tasks.evaluate import evaluate
from rs3l_train.tasks.finetune import finetune
from rs3l_train.tasks.identity import pretraining_identity
from rs3l_train.tasks.labels import draw_at_most, draw_labelled, tagging_task
from rs3l_train.tasks.measure import measure_tagger
from rs3l_train.tasks.pretrain import LEAST_VALIDATIONS, pretrain
from rs3l_train.tasks.pretraining import set_up
from rs3l_train.tasks.probe import _fitted, fit_probe
from rs3l_train.tasks.study import study
from rs3l_train.tasks.train_tagger import train_tagger
from tests.train.conftest import changed, too_large
from tests.train.results import records


@pytest.fixture(scope="module")
def pretrained(dataset, config, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pretrained")
    metrics = pretrain(dataset, config, folder)
    return folder, metrics


def test_pretraining_learns_to_recognise_views(pretrained):
    folder, metrics = pretrained
    log = records(folder)
    assert log[-1]["validation_loss"] < log[0]["validation_loss"] - 0.08
    assert log[-1]["validation_loss"] < log[-1]["chance_loss"] - 0.08
    assert metrics == json.loads((folder / "metrics.json").read_text())
    assert metrics["views_seen"] >= 6000
    own = ("step", "views", "validation_loss")
    assert [metrics["final"][name] for name in own] == [log[-1][name] for name in own]
    assert metrics["steps"] == log[-1]["step"]
    assert metrics["views_per_second"] * metrics["seconds"] == pytest.approx(metrics["views_seen"])
    backbone = load_network(folder).weights.values()
    assert metrics["parameters"] == sum(map(torch.numel, backbone))
    assert metrics["diagnostics"]["r2 |eta|"] < 0.3
    assert (folder / "plots" / "loss.png").exists()


def test_the_learning_rate_falls_over_the_steps_that_the_budget_is(
    dataset, config, tmp_path, monkeypatch
):
    given, clips = [], []

    def noted(*arguments):
        given.append(arguments)
        return pretraining_schedule(*arguments)

    def watched(updates, *arguments, **options):
        clips.append(updates._clip)
        return fit(updates, *arguments, **options)

    monkeypatch.setattr("rs3l_train.tasks.pretrain.pretraining_schedule", noted)
    monkeypatch.setattr("rs3l_train.tasks.pretrain.fit", watched)
    settings = {"views_seen": 2000, "gradient_clip": 7.0}
    metrics = pretrain(dataset, changed(config, pretrain=settings), tmp_path)
    assert clips == [7.0]
    ((_, n_steps, in_an_epoch),) = given
    assert n_steps == pytest.approx(metrics["steps"], abs=1)
    assert n_steps > 2 * in_an_epoch > 20
    # A validation for each tenth of the budget, and the one before it.
    assert len(records(tmp_path)) == pytest.approx(LEAST_VALIDATIONS + 1, abs=1)


@pytest.mark.parametrize("in_nominal", [True, False])
def test_of_few_validation_jets_nothing_is_said_of_shortcuts(
    dataset, config, tmp_path, caplog, in_nominal
):
    present = {view: dataset.jets(view)["present"] for view in dataset.views}
    held = (dataset.initiators["split"] == Split.VALIDATION) & present["seed"] & present["fsr_up"]
    few = np.flatnonzero(held & (present["nominal"] == in_nominal))[:3]
    assert len(few) >= 2
    chosen = dataset.initiators["split"] == Split.TRAIN
    chosen[few] = True
    metrics = pretrain(dataset[chosen], changed(config, pretrain={"views_seen": 100}), tmp_path)
    assert metrics["diagnostics"] == {}
    assert not any("holds" in warning for warning in metrics["warnings"])
    n = len(few) if in_nominal else 0
    assert f"of the validation jets {n} are present in the view 'nominal'" in caplog.text


def test_the_backbone_is_compiled_if_the_config_says_so(dataset, config, tmp_path, monkeypatch):
    class CompiledError(Exception):
        pass

    def compile_backbones(objective):
        raise CompiledError(type(objective.backbone).__name__)

    monkeypatch.setattr("rs3l_train.tasks.pretrain.compile_backbones", compile_backbones)
    with pytest.raises(CompiledError, match=type(backbone_of(config)).__name__):
        pretrain(dataset, changed(config, loop={"compile": True}), tmp_path)


def test_the_same_seed_gives_the_same_losses(dataset, config, pretrained, tmp_path):
    pretrain(dataset, config, tmp_path / "again")
    assert records(tmp_path / "again") == records(pretrained[0])
    pretrain(dataset, changed(config, seed=4), tmp_path / "other")
    assert records(tmp_path / "other") != records(pretrained[0])


def test_one_label_alone_teaches_nothing(dataset, config):
    alone = changed(config, data={"labels": ["qcd"]})
    settings = alone.model_dump() | {"objective": {"name": "supervised"}}
    with pytest.raises(InputFileError, match="'supervised' tells labels apart, but all"):
        set_up(dataset, validate_training(settings, "test"), prepare(alone))
    # Nor is one needed by objectives that compare views.
    assert len(set_up(dataset, alone, prepare(alone)).training.rows)


def test_test_jets_are_not_pretrained_on(dataset, pretrained):
    train = dataset.initiators["split"] == Split.TRAIN
    in_two = sum(dataset.jets(view)["present"].astype(int) for view in dataset.views) >= 2
    assert pretrained[1]["jets"] == (train & in_two).sum()


def test_labels_are_balanced_nested_and_from_their_split(dataset, config):
    task = tagging_task(dataset, config.task)
    usable = dataset.jets("nominal")["present"]
    small, large, other = (
        draw_labelled(task, usable, n, seed)
        for n, seed in ((20, [1, 0]), (60, [1, 0]), (20, [1, 1]))
    )
    assert (task.target[large] == 1).sum() == 30
    assert (task.split[large] == Split.TRAIN).all()
    assert usable[large].all()
    assert set(small) < set(large)
    assert set(small) != set(other)
    assert len(np.unique(large)) == 60


def test_too_few_labels_and_unknown_names_are_errors(dataset, config):
    task = tagging_task(dataset, config.task)
    usable = np.ones(len(dataset), bool)
    with pytest.raises(InputFileError, match="signal jets in the views to train on, but 50000"):
        draw_labelled(task, usable, 100_000, [0])
    with pytest.raises(InputFileError, match="test split has no signal jets"):
        draw_at_most(task, Split.TEST, ~usable, 5, [0])
    part = tagging_task(dataset.select(splits="train"), config.task)
    own = re.escape(dataset.source)
    lacking = f"{own}: no jet of the task is in the {{}} split, .* take the whole one"
    with pytest.raises(InputFileError, match=lacking.format("test")):
        draw_at_most(part, Split.TEST, part.target >= 0, 5, [0])
    other = tagging_task(dataset.select(splits="test"), config.task)
    with pytest.raises(InputFileError, match=lacking.format("train")):
        draw_labelled(other, other.target >= 0, 5, [0])
    wrong = changed(config, task={"signal": ["higs"]})
    with pytest.raises(ConfigError, match=r"task.signal: .* 'higs'; did you mean 'higgs'"):
        tagging_task(dataset, wrong.task)


@pytest.mark.parametrize(("part", "lacking"), [("train", "validation"), ("test", "train")])
def test_pretraining_on_a_part_of_a_dataset_asks_for_the_whole(dataset, config, part, lacking):
    """Such as `rs3l-data split --by split` makes: more events would not help."""
    own = f"{re.escape(dataset.source)}: none of its rows .* in the {lacking} split.* the whole one"
    with pytest.raises(InputFileError, match=own):
        set_up(dataset.select(splits=part), config, prepare(config))


def test_pretraining_on_what_is_not_there_is_an_error(dataset, config, tmp_path):
    with pytest.raises(ConfigError, match=r"data.views: the dataset has no view 'vincia'"):
        pretrain(dataset, changed(config, data={"views": ["nominal", "vincia"]}), tmp_path)
    with pytest.raises(ConfigError, match=r"data.labels: the dataset has no label 'top'"):
        pretrain(dataset, changed(config, data={"labels": ["top"]}), tmp_path)
    validation = dataset.initiators["split"] == Split.VALIDATION
    one_validates = dataset[~validation | (validation.cumsum() == 1)]
    with pytest.raises(InputFileError, match=r"\b[01] jets of the validation .* takes two jets"):
        pretrain(one_validates, config, tmp_path)


def test_the_probe_is_a_logistic_regression():
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(300, 4, generator=generator)
    y = (x[:, 0] + torch.randn(300, generator=generator) > 0).long()
    penalty = 0.01
    weight, bias = _fitted(x, y, penalty)
    # At the least of the mean cross entropy + penalty |w|² / 2, the gradient is 0.
    excess = (x.double() @ weight + bias).sigmoid() - y
    of_weight = excess @ x.double() / 300 + penalty * weight
    assert torch.cat([of_weight, excess.mean()[None]]).abs().max() < 1e-6
    assert fit_probe(x, y, x, y).validation_auc > 0.75


def test_the_probe_leaves_the_backbone_alone_and_finetuning_does_not(dataset, config):
    rates = {"learning_rate": 1e-2, "backbone_learning_rate": 1e-2, "max_views_seen": 3000}
    faster = changed(config, finetune=rates)
    bench = set_bench(dataset, faster, prepare(faster))
    # Of a network that has learned nothing: there is much for fine-tuning to gain.
    torch.manual_seed(0)
    weights = backbone_of(config).state_dict()

    def moved(mode):
        tagger, details = train_tagger(bench, mode, 20, 0, weights)
        own = tagger.backbone.state_dict()
        change = max(float((own[k] - v).abs().max()) for k, v in weights.items())
        return change, details

    change, probe = moved("probe")
    assert change == 0
    assert probe["validation_auc"] > 0.6
    change, full = moved("full")
    assert full["best_after_views"] > 0
    assert change > 0
    assert full["validation_auc"] > probe["validation_auc"]


def test_all_modes_learn_from_the_same_jets(bench):
    assert not torch.equal(bench.labelled(20, 1).rows, bench.labelled(20, 0).rows)
    assert set(bench.test.tolist()).isdisjoint(bench.labelled(20, 0).rows.tolist())
    assert set(bench.validation.rows.tolist()).isdisjoint(bench.labelled(20, 0).rows.tolist())


def test_views_that_are_not_trained_on_are_tested_all_the_same(dataset, config):
    held_out = changed(config, data={"views": ["nominal", "seed"]})
    bench = set_bench(dataset, held_out, prepare(held_out))
    assert bench.jets.names == tuple(dataset.views)
    assert set(bench.labelled(20, 0).views.tolist()) == {0, 1}
    tagger, _ = train_tagger(bench, "scratch", 20, 0, None)
    assert set(measure_tagger(bench, tagger, None).scores) == set(dataset.views)


@pytest.mark.drawn
def test_finetune_then_evaluate_give_the_same_figures(dataset, config, pretrained, tmp_path):
    trained = finetune(dataset, config, pretrained[0], "full", 20, tmp_path / "tagger")
    tested = evaluate(dataset, tmp_path / "tagger", tmp_path / "evaluation")
    assert tested["rows"] == trained["rows"]
    assert tested["baselines"] == trained["baselines"]
    assert {row["view"] for row in tested["rows"]} == set(dataset.views)
    assert all(row["auc"] > 0.8 for row in tested["rows"])
    assert [entry["file"] for entry in read_plots(tmp_path / "evaluation")] == [
        "roc.png",
        "scores.png",
        "background.png",
        "calibration.png",
        "mass.png",
    ]


def test_a_tagger_trained_on_a_gpu_serves_without_one(dataset, config, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("rs3l_train.tasks.finetune.prepare", lambda _: torch.device("cpu"))
        on_gpu = changed(config, device="cuda")
        trained = finetune(dataset, on_gpu, None, "scratch", 40, tmp_path / "tagger")
    again = evaluate(dataset, tmp_path / "tagger", tmp_path / "again")
    assert again["rows"] == trained["rows"]


def test_a_lack_of_memory_names_what_can_be_changed(dataset, config, tmp_path, monkeypatch):
    finetune(dataset, config, None, "scratch", 40, tmp_path / "tagger")
    monkeypatch.setattr("rs3l_train.tasks.tagger.Tagger.forward", too_large)
    with pytest.raises(TrainingError, match=r"(?s)2.00 GiB.*finetune.parts.*validation_labels"):
        finetune(dataset, config, None, "scratch", 40, tmp_path / "other")
    # A trained tagger's settings stay as they are.
    monkeypatch.setattr("rs3l_train.tasks.measure.apply_network", too_large)
    with pytest.raises(TrainingError, match=r"2.00 GiB\.\nTake fewer jets or views"):
        evaluate(dataset, tmp_path / "tagger", tmp_path / "evaluation")


def test_a_network_of_another_architecture_is_refused(dataset, config, pretrained, tmp_path):
    other = changed(config, backbone={"width": 8})
    with pytest.raises(ConfigError, match=r"training.backbone.width: the config says 8"):
        study(dataset, other, pretrained[0], tmp_path)


def test_more_last_layers_than_there_are_is_told_before_any_training(
    dataset, config, pretrained, tmp_path
):
    many = changed(config, task={"modes": ["scratch", "last_layers"]}, finetune={"last_layers": 50})
    with pytest.raises(ConfigError, match=r"finetune.last_layers: 50, but the network has \d+"):
        study(dataset, many, pretrained[0], tmp_path)
    assert [*tmp_path.iterdir()] == []


@pytest.mark.drawn
def test_the_study_has_a_row_for_everything(dataset, config, pretrained, tmp_path):
    metrics = study(dataset, config, pretrained[0], tmp_path)
    assert metrics == json.loads((tmp_path / "metrics.json").read_text())
    keys = {(row["mode"], row["labels"], row["draw"], row["view"]) for row in metrics["rows"]}
    assert len(keys) == len(metrics["rows"]) == 4 * 1 * 2 * 3
    assert {row["name"] for row in metrics["baselines"]} == {
        *("n2", "tau21", "tau32", "mass window"),
        *("n2 in window", "tau21 in window", "tau32 in window"),
    }
    assert set(metrics["rows"][0]["rejection"]) == {"0.3", "0.5", "0.7"}
    assert metrics["task"]["signal"] == ["higgs"]
    assert "effective_rank" in metrics["diagnostics"]
    probe = next(row for row in metrics["summary"] if row["mode"] == "probe")
    assert probe["auc_mean"] > 0.85
    files = [entry["file"] for entry in read_plots(tmp_path)]
    assert files[:2] == ["label_efficiency.png", "roc_20.png"]
    assert "background.png" in files
    assert all((tmp_path / "plots" / file).exists() for file in files)


def test_a_stopped_study_goes_on_with_what_is_left(
    dataset, config, pretrained, tmp_path, monkeypatch
):
    whole = study(dataset, config, pretrained[0], tmp_path / "whole")
    begun = []

    def train(bench, mode, n_labels, draw, weights, **kept):
        begun.append((mode, draw))
        if len(begun) == 4:
            raise KeyboardInterrupt
        return train_tagger(bench, mode, n_labels, draw, weights, **kept)

    monkeypatch.setattr("rs3l_train.tasks.trained.train_tagger", train)
    with pytest.raises(KeyboardInterrupt):
        study(dataset, config, pretrained[0], tmp_path / "stopped")
    assert study(dataset, config, pretrained[0], tmp_path / "stopped")["rows"] == whole["rows"]
    assert len(begun) == len(set(begun)) + 1
    # More draws need their own trainings alone, another setting needs all anew.
    begun = [None] * 4
    more = changed(config, task={"seeds": config.task.seeds + 1})
    study(dataset, more, pretrained[0], tmp_path / "stopped")
    assert {draw for _, draw in begun[4:]} == {config.task.seeds}
    begun = [None] * 4
    other = changed(config, finetune={"learning_rate": 2e-3})
    study(dataset, other, pretrained[0], tmp_path / "stopped")
    assert {draw for _, draw in begun[4:]} == set(range(config.task.seeds))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: content[:-2], "not a whole safetensors file"),
        (lambda content: content[:-9] + bytes(9), "damaged: not the numbers that were written"),
    ],
)
def test_a_damaged_training_is_done_again(
    dataset, config, pretrained, tmp_path, caplog, damage, message
):
    quick = changed(config, task={"seeds": 1, "modes": ["probe", "scratch"]})
    whole = study(dataset, quick, pretrained[0], tmp_path)
    path = tmp_path / "trainings" / "scratch_20_0" / "weights.safetensors"
    path.write_bytes(damage(path.read_bytes()))
    assert study(dataset, quick, pretrained[0], tmp_path)["rows"] == whole["rows"]
    assert message in caplog.text


def read_plots(folder):
    return json.loads((folder / "plots" / "plots.json").read_text())


def test_epochs_of_pretraining_differ_and_validation_jets_are_of_their_split(dataset, config):
    pretraining = set_up(dataset, config, torch.device("cpu"))
    first, again, other = (next(pretraining.training.epoch(n)).rows.tolist() for n in (0, 0, 1))
    assert first == again
    assert first != other
    splits = pretraining.dataset.initiators["split"]
    assert (splits[pretraining.training.rows.numpy()] == Split.TRAIN).all()
    assert (splits[pretraining.validation.rows.numpy()] == Split.VALIDATION).all()
    unseen = pretraining.unseen.tolist()
    assert unseen != sorted(unseen)


def test_a_pretraining_ends_in_time(dataset, config, tmp_path):
    metrics = pretrain(dataset, changed(config, pretrain={"seconds": 1e-3}), tmp_path)
    assert metrics["ended"] == "time"
    assert metrics["views_seen"] < 1000


@pytest.mark.parametrize(
    ("blocks", "same"),
    [
        ({"objective": {"name": "vicreg", "variance": 1.0}}, False),
        ({"pretrain": {"learning_rate": 1e-5}}, False),
        ({"task": {"signal": ["qcd"], "background": ["higgs"]}}, True),
        ({"task": {"seeds": 7}}, True),
    ],
)
def test_what_makes_another_pretraining(dataset, config, blocks, same):
    settings = config.model_dump(mode="json")
    if "objective" in blocks:
        settings.pop("objective")
    other = validate_training(
        settings | {key: {**settings.get(key, {}), **new} for key, new in blocks.items()}, "test"
    )
    identities = [pretraining_identity(one, dataset).whole for one in (other, config)]
    assert (identities[0] == identities[1]) == same
