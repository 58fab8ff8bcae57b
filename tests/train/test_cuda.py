"""Training on a GPU is training on the CPU, but for rounding; skipped where there is none."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import distributed, nn
from torch.nn.utils import parameters_to_vector
from torch.profiler import ProfilerActivity, profile

from rs3l_train.backbones.compiled import compile_backbones
from rs3l_train.benchmark.machine import gpu_seconds, seconds_per_call, wait
from rs3l_train.config import validate_training
from rs3l_train.loop.best import BestWeights
from rs3l_train.loop.device import adam, prepare
from rs3l_train.loop.history import History
from rs3l_train.loop.processes import Processes
from rs3l_train.loop.training_state import TrainingState
from rs3l_train.loop.updates import Updates
from rs3l_train.tasks.embed import embed
from rs3l_train.tasks.finetune import finetune
from rs3l_train.tasks.pretrain import pretrain
from rs3l_train.tasks.pretraining import gradients_in_parts, set_up
from rs3l_train.views.batches import pretraining_batches
from rs3l_train.views.memory import load
from rs3l_train.views.positives import Positives
from rs3l_train.views.stream import StreamedViews
from tests.train.conftest import BACKBONES, SETTINGS, VIEWS

pytestmark = [
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU"),
    # One GPU for all of them: at the same time they would take memory and time from each other.
    pytest.mark.xdist_group("gpu"),
]

CPU, GPU = torch.device("cpu"), torch.device("cuda", 0)
each_backbone = pytest.mark.parametrize("backbone", BACKBONES)


def configured(backbone="edgeconv", **blocks):
    # A CPU and a GPU draw other random numbers from the same seed: nothing is turned.
    data = SETTINGS["data"] | {"rotation": False}
    settings = SETTINGS | {"backbone": BACKBONES[backbone], "data": data, "device": "cuda"}
    return validate_training(settings | blocks, "test")


@pytest.fixture(scope="module", autouse=True)
def _prepared():
    assert prepare(configured()) == GPU


def gradient_of(pretraining, step=0):
    """Loss and gradient, on the CPU, of the first batch of an epoch."""
    batch = next(pretraining.training.epoch(0))
    loss = gradients_in_parts(pretraining)(batch, step)
    gradients = [p.grad for p in pretraining.objective.parameters()]
    return float(loss), parameters_to_vector(gradients).cpu()


def difference(found, expected):
    return float((found - expected).norm() / expected.norm())


def test_the_jets_on_the_gpu_are_those_on_the_cpu(dataset):
    here, there = (load(dataset, VIEWS, 16, device) for device in (CPU, GPU))
    rows = torch.arange(30)
    pretraining = set_up(dataset, configured(), GPU)
    assert pretraining.jets.device == GPU
    assert torch.equal(there.constituents.cpu(), here.constituents)
    assert torch.equal(there.present[:, rows.to(GPU)].cpu(), here.present[:, rows])


def test_the_batches_of_the_gpu_are_those_of_the_cpu(dataset):
    config = configured(pretrain=SETTINGS["pretrain"] | {"views_per_jet": 2})
    epochs = [list(set_up(dataset, config, device).training.epoch(3)) for device in (CPU, GPU)]
    for here, there in zip(*epochs, strict=True):
        assert there.rows.device == GPU
        assert torch.equal(there.rows.cpu(), here.rows)
        assert torch.equal(there.views.cpu(), here.views)


@each_backbone
@pytest.mark.parametrize("objective", ["ntxent", "vicreg", "simsiam", "byol", "supervised"])
def test_the_gradient_is_that_of_the_cpu(dataset, backbone, objective):
    config = configured(backbone, objective={"name": objective})
    (expected, here), (loss, there) = (
        gradient_of(set_up(dataset, config, device)) for device in (CPU, GPU)
    )
    assert loss == pytest.approx(expected, rel=1e-3)
    # A neighbour that is as far as another may be taken for it.
    assert difference(there, here) < 0.02


@each_backbone
def test_bf16_is_close_to_float32(dataset, backbone):
    exact = gradient_of(set_up(dataset, configured(backbone), GPU))
    config = configured(backbone, loop={"precision": "bf16"})
    rough = gradient_of(set_up(dataset, config, GPU))
    assert rough[0] == pytest.approx(exact[0], rel=0.05)
    assert difference(rough[1], exact[1]) < 0.3


@each_backbone
def test_compiled_is_as_not_compiled(dataset, backbone):
    torch.compiler.reset()
    expected = gradient_of(set_up(dataset, configured(backbone), GPU))
    pretraining = set_up(dataset, configured(backbone), GPU)
    compile_backbones(pretraining.objective)
    loss, gradient = gradient_of(pretraining)
    assert loss == pytest.approx(expected[0], rel=1e-3)
    assert difference(gradient, expected[1]) < 0.02


@each_backbone
@pytest.mark.parametrize(
    "objective", ["ntxent", "simsiam", "byol", "contrastive_masked", "supervised"]
)
def test_a_step_waits_for_nothing(dataset, backbone, objective):
    """By PyTorch's own alarm, after a first step that sets things up."""
    augmented = SETTINGS["pretrain"] | {"augmentations": {}}
    config = configured(backbone, objective={"name": objective}, pretrain=augmented)
    pretraining = set_up(dataset, config, GPU)
    batches = pretraining.training.epoch(0)
    gradients = gradients_in_parts(pretraining)
    gradients(next(batches), 0)
    wait(GPU)
    torch.cuda.set_sync_debug_mode("error")
    try:
        gradients(next(batches), 1)
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_attention_needs_no_plan_for_each_number_of_jets(dataset):
    """As cuDNN's would, which PyTorch takes for bfloat16 unless told otherwise."""
    config = configured("transformer", loop={"precision": "bf16"})
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        gradient_of(set_up(dataset, config, GPU))
    attention = {event.name for event in profiler.events() if "dot_product" in event.name}
    assert attention
    assert not {name for name in attention if "cudnn" in name}


@each_backbone
def test_a_batch_in_parts_has_the_gradient_of_one_piece(dataset, backbone):
    (expected, whole), (loss, in_parts) = (
        gradient_of(set_up(dataset, configured(backbone, loop={"parts": parts}), GPU))
        for parts in (1, 3)
    )
    assert loss == pytest.approx(expected, rel=1e-4)
    assert difference(in_parts, whole) < 0.02


def test_streamed_jets_are_those_in_memory(dataset):
    streamed = StreamedViews(dataset, VIEWS, 16, 100, GPU)
    held, rows = load(dataset, VIEWS, 16, GPU), torch.arange(len(dataset))
    every_view, generator = Positives(torch.ones(len(VIEWS)), None, 1), torch.Generator()
    for selection in pretraining_batches(streamed, rows, 16, every_view, generator):
        assert selection.rows.device == GPU
        assert torch.equal(selection.rows_on_cpu, selection.rows.cpu())
        found, expected = streamed.gather(selection), held.gather(selection)
        assert torch.equal(found.mask, expected.mask)
        for name, values in expected.constituents.items():
            assert torch.equal(found.constituents[name], values)


class Training:
    """Steps of a pretraining, and its state."""

    def __init__(self, dataset, config):
        self.pretraining = set_up(dataset, config, GPU)
        self.model = self.pretraining.objective
        self.optimiser = adam(self.model.parameters(), 1e-3, GPU)
        self.history = History()
        self.state = TrainingState(
            self.model, self.optimiser, BestWeights(self.model, self.history, None), self.history
        )

    def steps(self, numbers):
        batches = list(self.pretraining.training.epoch(0))
        updates = Updates(
            self.model, self.optimiser, gradients_in_parts(self.pretraining), gradient_clip=1.0
        )
        for number in numbers:
            self.history.steps = number
            updates.step(batches[number], self.history)
        return parameters_to_vector(self.model.parameters()).detach()


@each_backbone
def test_a_training_goes_on_where_it_was(dataset, backbone):
    """The state is the same bit for bit; what follows, but for the order of sums."""
    config = configured(backbone)
    whole = Training(dataset, config)
    whole.steps(range(3))
    saved = copy.deepcopy(whole.state.tensors())
    resumed = Training(dataset, config)
    resumed.state.load(saved, {})
    again = resumed.state.tensors()
    assert again.keys() == saved.keys()
    assert all(torch.equal(again[name], saved[name]) for name in saved)
    torch.testing.assert_close(
        resumed.steps(range(3, 6)), whole.steps(range(3, 6)), rtol=1e-3, atol=1e-4
    )


def test_processes_talk_by_nccl(tmp_path):
    """As far as one GPU can tell: the sums and copies of a group that has one process."""
    meeting = f"file://{tmp_path / 'meeting'}"
    distributed.init_process_group("cpu:gloo,cuda:nccl", init_method=meeting, rank=0, world_size=1)
    try:
        processes = Processes(rank=0, count=2)
        summed = torch.arange(4.0, device=GPU)
        processes.sum_in_place(summed)
        assert summed.tolist() == [0, 1, 2, 3]
        assert processes.largest([1.5, -2.0]) == [1.5, -2.0]
        model = nn.Linear(3, 2).to(GPU)
        before = parameters_to_vector(model.parameters()).clone()
        processes.same_weights(model)
        assert torch.equal(parameters_to_vector(model.parameters()), before)
    finally:
        distributed.destroy_process_group()


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_pretraining_and_tagging_run_and_learn(dataset, tmp_path, precision):
    config = validate_training(
        SETTINGS | {"device": "cuda", "loop": {"precision": precision}}, "test"
    )
    metrics = pretrain(dataset, config, tmp_path / "pre")
    assert metrics["final"]["validation_loss"] < metrics["final"]["chance_loss"] - 0.1
    tagged = finetune(dataset, config, tmp_path / "pre", "full", 40, tmp_path / "tagger")
    assert tagged["validation_auc"] > 0.6
    embedded = embed(dataset, tmp_path / "tagger", tmp_path / "embedded.h5")
    assert embedded["scores"]


def test_the_gpus_time_is_part_of_the_time():
    a = torch.randn(4096, 4096, device=GPU)
    b = torch.randn(4096, 4096, device=GPU)
    duration = seconds_per_call(lambda: a @ b, GPU, 0.2)
    busy = gpu_seconds(lambda: a @ b, GPU, 10)
    assert 0.7 < busy / duration < 1.1
