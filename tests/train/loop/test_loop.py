from __future__ import annotations

import itertools
import json
import math
from itertools import pairwise
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from rs3l_data.errors import ConfigError, StorageError
from rs3l_data.store.atomic import write_whole
from rs3l_train.config import PretrainConfig
from rs3l_train.errors import TrainingError
from rs3l_train.loop import fit as fit_module
from rs3l_train.loop.best import BestWeights
from rs3l_train.loop.device import precision_of, prepare
from rs3l_train.loop.files import write_json
from rs3l_train.loop.fit import fit
from rs3l_train.loop.history import Budget, History
from rs3l_train.loop.logs import MetricsLog
from rs3l_train.loop.processes import joined
from rs3l_train.loop.schedule import halving, pretraining_schedule
from rs3l_train.loop.updates import Updates
from rs3l_train.views.memory import Selection
from tests.train.results import records


def ten_views(_epoch):
    yield Selection(torch.zeros(10, dtype=torch.int64), torch.arange(10))


def whole_batch(loss_of):
    def gradients(batch, _step):
        loss = loss_of(batch)
        loss.backward()
        return loss.detach()

    return gradients


def run(model, loss_of, budget, scores=None, gradient_clip=math.inf, **options):
    scores = iter(scores) if scores is not None else None
    validate = (lambda: {"score": next(scores)}) if scores else (lambda: {})
    optimiser = torch.optim.SGD(model.parameters(), 0.1)
    return fit(
        Updates(model, optimiser, whole_batch(loss_of), gradient_clip=gradient_clip),
        ten_views,
        validate,
        budget,
        **{"validate_every": 10, "title": "t"} | options,
    )


def line():
    torch.manual_seed(0)
    return nn.Linear(1, 1, bias=False)


def test_the_budget_is_counted_in_views(tmp_path):
    model = line()
    log = MetricsLog(tmp_path)
    history = run(model, lambda _: model.weight.square().sum(), Budget(45), log=log)
    assert (history.steps, history.views, history.ended) == (5, 50, "budget")
    validations = records(tmp_path)
    assert [record["views"] for record in validations] == [0, 10, 20, 30, 40, 50]
    assert validations[-1]["training_loss"] < validations[1]["training_loss"]


def test_patience_ends_the_training_and_brings_back_the_best_weights():
    model = line()
    seen = []

    def loss(_):
        seen.append(model.weight.item())
        return model.weight.square().sum()

    # A better score starts the waiting anew; an equal one does not.
    scores = [0.5, 0.4, 0.8, 0.7, 0.8, 0.9]
    history = run(model, loss, Budget(10_000, patience=2), scores)
    assert history.ended == "patience"
    assert (history.best_score, history.best_after) == (0.8, 20)
    assert history.steps == 4
    assert model.weight.item() == pytest.approx(seen[2])


def test_patience_can_lower_the_learning_rate_first():
    model = line()
    seen = []

    def loss(_):
        seen.append(model.weight.item())
        return model.weight.sum()

    scores = [0.5, 0.6, 0.4, 0.4, 0.7, 0.4, 0.4]
    history = run(model, loss, Budget(10_000, patience=2, drops=1), scores)
    assert (history.drops, history.ended, history.best_score) == (1, "patience", 0.7)
    best = seen[1]
    # The step after the drop starts from the best weights, with a tenth of the learning rate.
    assert seen[2] == pytest.approx(best - 0.1)
    assert seen[3] == pytest.approx(best)
    assert seen[4] == pytest.approx(best - 0.01)
    assert model.weight.item() == pytest.approx(best - 0.01)


def test_patience_with_scores_that_are_no_numbers_is_used_up_all_the_same():
    history = run(
        line(),
        lambda _: torch.zeros((), requires_grad=True),
        Budget(10_000, patience=2, drops=2),
        [math.nan] * 7,
    )
    assert (history.drops, history.ended, history.steps) == (2, "patience", 5)


def test_a_budget_that_ends_before_the_drop_is_no_patience():
    """The stage of the lower learning rate did not come: more views would have changed things."""
    model = line()
    for views, ended in ((40, "budget"), (70, "patience")):
        scores = [0.5, 0.6] + 6 * [0.4]
        budget = Budget(views, patience=3, drops=1)
        history = run(model, lambda _: model.weight.sum(), budget, scores)
        assert history.ended == ended, views


def test_time_ends_the_training(monkeypatch):
    ticks = iter(range(0, 10_000, 10))
    monkeypatch.setattr(fit_module.time, "monotonic", lambda: next(ticks))
    model = line()
    history = run(model, lambda _: model.weight.square().sum(), Budget(10**6, seconds=95))
    assert history.ended == "time"


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_names_its_step(bad):
    model = line()
    losses = iter([1.0, 1.0, bad])
    told = r"step 2 \(epoch 2, batch 0\): the loss is \w+; lower the learning rate"
    with pytest.raises(TrainingError, match=told):
        run(model, lambda _: model.weight.sum() * 0 + next(losses), Budget(1000))
    assert model.weight.isfinite().all()


def test_no_learning_rate_is_blamed_for_the_loss_of_the_first_step():
    model = line()
    with pytest.raises(TrainingError, match=r"step 0 .*the loss is nan, and no step") as error:
        run(model, lambda _: model.weight.sum() * torch.nan, Budget(1000))
    assert "learning rate" not in str(error.value)


@pytest.mark.parametrize(
    "loss_of",
    [lambda w: (w * 0).abs().sqrt().sum(), lambda w: ((w - w.detach()) * 1e38 * 1e38).sum()],
    ids=["nan", "inf"],
)
def test_a_gradient_that_is_no_number_leaves_the_weights_alone(loss_of):
    model = line()
    before = model.weight.item()
    with pytest.raises(
        TrainingError, match=r"step 0 \(epoch 0, batch 0\): the gradient is not finite"
    ):
        run(model, lambda _: loss_of(model.weight), Budget(1000))
    assert model.weight.item() == before


def test_gradients_are_clipped():
    model = line()
    before = model.weight.item()
    run(model, lambda _: 1000 * model.weight.sum(), Budget(10), gradient_clip=0.5)
    assert before - model.weight.item() == pytest.approx(0.1 * 0.5, rel=1e-4)


def test_schedules():
    cosine = pretraining_schedule(PretrainConfig(warmup=0.1), 100, 10)
    values = [cosine(step) for step in range(101)]
    assert values[0] == pytest.approx(0.1)
    assert max(values) == 1.0
    assert values[100] == pytest.approx(0, abs=1e-12)
    assert cosine(130) == pytest.approx(0)
    assert all(a >= b for a, b in pairwise(values[10:]))
    step = pretraining_schedule(
        PretrainConfig(schedule="step", halve_every_epochs=2, warmup=0), 100, 10
    )
    assert [step(s) for s in (0, 19, 20, 40)] == [1.0, 1.0, 0.5, 0.25]
    assert halving(50, 0, 1000) == 1.0
    warm = pretraining_schedule(
        PretrainConfig(schedule="step", halve_every_epochs=2, warmup=0.1), 100, 10
    )
    assert [warm(s) for s in (0, 4, 9, 10, 20)] == pytest.approx([0.1, 0.5, 1, 1, 0.5])
    flat = pretraining_schedule(PretrainConfig(schedule="constant", warmup=0), 100, 10)
    # Batches of few views make more steps than there would be on average.
    assert {flat(s) for s in range(250)} == {1.0}
    warm = pretraining_schedule(PretrainConfig(schedule="constant", warmup=0.04), 100, 10)
    assert [warm(s) for s in (0, 1, 3, 4, 200)] == [0.25, 0.5, 1.0, 1.0, 1.0]


def test_files_appear_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "deep" / "metrics.json"
    write_json(path, {"a": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"a": float("nan")})
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(StorageError, match="does not fit"):
        write_whole(path, b"half")
    assert json.loads(path.read_text()) == {"a": 1}
    assert [p.name for p in path.parent.iterdir()] == ["metrics.json"]


def test_a_missing_gpu_is_an_error_only_when_asked_for(config, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert prepare(config).type == "cpu"
    assert prepare(config.model_copy(update={"device": "auto"})).type == "cpu"
    with pytest.raises(ConfigError, match="finds no GPU"):
        prepare(config.model_copy(update={"device": "cuda"}))


def test_more_threads_than_cores_are_told(config, monkeypatch, caplog):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})
    threads = [2]
    monkeypatch.setattr("torch.set_num_threads", threads.append)
    monkeypatch.setattr("torch.get_num_threads", lambda: threads[-1])
    for wanted in (None, 1, 2):
        prepare(config.model_copy(update={"threads": wanted}))
    assert not caplog.text
    for _ in range(2):
        prepare(config.model_copy(update={"threads": 3}))
    assert threads == [2, 1, 2, 3]
    assert caplog.text.count("training.threads: 3, but this process may use 2 cores") == 1


def test_each_step_has_the_rate_of_its_number():
    """Of each group of weights, from that before the first step on; and what follows moves last."""
    model, told = nn.ModuleList([line(), line()]), []
    rates = (0.5, 0.25)
    groups = [
        {"params": one.parameters(), "lr": rate} for one, rate in zip(model, rates, strict=True)
    ]
    before = [one.weight.item() for one in model]
    updates = Updates(
        model,
        torch.optim.SGD(groups),
        whole_batch(lambda _: sum(one.weight.sum() for one in model)),
        lambda step: 1 / (1 + step),
        after_step=lambda: told.append([one.weight.item() for one in model]),
    )
    history = History()
    for step in range(3):
        updates.step(next(ten_views(0)), history)
        history.steps += 1
        done = sum(1 / (1 + past) for past in range(step + 1))
        expected = [start - rate * done for start, rate in zip(before, rates, strict=True)]
        assert told[step] == pytest.approx(expected)


@pytest.mark.parametrize("gpus", [True, False])
def test_processes_part_together_and_a_failed_one_on_its_own(monkeypatch, gpus):
    done = []
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr("torch.cuda.is_available", lambda: gpus)
    monkeypatch.setattr("torch.distributed.init_process_group", done.append)
    monkeypatch.setattr("torch.distributed.new_group", lambda **_: "room")
    monkeypatch.setattr("torch.distributed.get_rank", lambda: 1)
    monkeypatch.setattr("torch.distributed.barrier", done.append)
    monkeypatch.setattr("torch.distributed.destroy_process_group", lambda: done.append("parted"))
    monkeypatch.setattr("atexit.register", lambda _: done.append("leaves at once"))
    with joined() as processes:
        assert (processes.count, processes.first) == (2, False)
    assert done[1:] == ["room", "parted"]
    done.clear()
    with pytest.raises(TrainingError), joined():
        raise TrainingError("no number")
    assert done[1:] == ["leaves at once" if gpus else "parted"]


def test_on_a_gpu_attention_needs_no_plan_for_each_number_of_jets(config, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    monkeypatch.setattr("torch.cuda.set_device", lambda _: None)
    before = torch.backends.cuda.cudnn_sdp_enabled()
    try:
        torch.backends.cuda.enable_cudnn_sdp(True)
        assert prepare(config.model_copy(update={"device": "auto"})) == torch.device("cuda", 0)
        assert not torch.backends.cuda.cudnn_sdp_enabled()
    finally:
        torch.backends.cuda.enable_cudnn_sdp(before)


def test_nan_is_never_the_best_score():
    history = History()
    best = BestWeights(nn.Linear(1, 1), history, None)
    assert [best.consider(score) for score in (0.5, 0.9, math.nan, 0.1, 0.95)] == [
        *(True, True, False, False, True)
    ]
    assert history.best_score == 0.95


def test_who_is_left_alone_says_so(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    for name in ("init_process_group", "destroy_process_group", "new_group"):
        monkeypatch.setattr(f"torch.distributed.{name}", lambda *_, **__: None)
    monkeypatch.setattr("torch.distributed.get_rank", lambda: 1)
    with pytest.raises(TrainingError, match="another process of this training has ended"), joined():
        raise RuntimeError("[pair.cc:553] Connection closed by peer [127.0.0.1]:4711")
    with pytest.raises(RuntimeError, match="shapes"), joined():
        raise RuntimeError("shapes do not fit")


@pytest.mark.parametrize("size", ["2", ""])
def test_an_environment_with_a_part_of_what_torchrun_sets_is_told(monkeypatch, size):
    monkeypatch.setenv("WORLD_SIZE", size)
    monkeypatch.delenv("RANK", raising=False)
    with pytest.raises(ConfigError, match=f"WORLD_SIZE={size} in the environment"), joined():
        pass


def test_a_full_disk_is_told_of_the_records_too(tmp_path):
    log = MetricsLog(tmp_path)
    log.start([])
    (tmp_path / "metrics.jsonl").unlink()
    (tmp_path / "metrics.jsonl").symlink_to("/dev/full")
    with pytest.raises(StorageError, match=r"metrics\.jsonl: does not fit"):
        log.add({"views": 1})


def test_the_training_loss_is_the_mean_since_the_last_validation(tmp_path):
    model, losses = line(), itertools.count()
    run(
        model,
        lambda _: model.weight.sum() * 0 + next(losses),
        Budget(60),
        validate_every=20,
        log=MetricsLog(tmp_path),
    )
    assert [record["training_loss"] for record in records(tmp_path)[1:]] == [0.5, 2.5, 4.5]


@pytest.mark.parametrize(
    ("precision", "dtype"), [("float32", torch.float32), ("bf16", torch.bfloat16)]
)
def test_a_network_runs_in_the_precision_of_the_config(config, precision, dtype):
    loop = config.loop.model_copy(update={"precision": precision})
    with precision_of(config.model_copy(update={"loop": loop}), torch.device("cpu")):
        assert line()(torch.ones(1, 1)).dtype == dtype


def test_the_best_score_is_one_that_all_processes_agree_on():
    """Else one would stop, or keep its weights, and the others would not."""
    model, agreed = line(), iter([0.1, 0.9, 0.2, 0.3])
    others = SimpleNamespace(
        first=True,
        count=2,
        same_weights=lambda _: None,
        require_same=lambda _: None,
        largest=lambda values: [next(agreed)] if len(values) == 1 else [0, 0],
    )
    budget = Budget(30, patience=9)
    history = run(model, lambda _: model.weight.sum(), budget, [1, 1, 1, 1], processes=others)
    assert (history.best_score, history.best_after) == (0.9, 10)


def test_the_lowest_validation_loss_is_the_best():
    model, losses, told = line(), iter([3.0, 2.0, 2.5, 1.0]), []
    history = fit(
        Updates(
            model,
            torch.optim.SGD(model.parameters(), 0.1),
            whole_batch(lambda _: model.weight.sum()),
        ),
        ten_views,
        lambda: {"validation_loss": next(losses)},
        Budget(30),
        validate_every=10,
        title="t",
        on_best=lambda: told.append(1),
    )
    assert (history.best_score, history.best_after, len(told)) == (-1.0, 30, 3)
