"""The gradient in parts and over processes is that of the whole batch on one process."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

from rs3l_data.errors import ConfigError
from rs3l_train.loop.processes import Processes
from rs3l_train.loop.step import InParts, seed_of
from tests.train.loop.steps import CPU, LOSSES, Model, batch, features, gradients


def naive(name):
    """The whole batch in one graph, without any of the code under test."""
    model = Model()
    loss = LOSSES[name](model.net(features()), batch().rows, model)
    loss.backward()
    grads = {k: p.grad for k, p in model.named_parameters() if p.grad is not None}
    return {"loss": loss.detach()} | grads


def assert_same(found, expected, unused=()):
    assert set(found) - set(unused) == set(expected)
    for key, value in expected.items():
        torch.testing.assert_close(found[key], value, rtol=1e-5, atol=1e-5)
    assert all(not found[key].any() for key in unused)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("parts", [1, 2, 4, 7, 36, 37, 500])
def test_parts_have_the_gradient_of_the_whole(name, parts):
    assert_same(gradients(name, parts), naive(name))


def test_a_sum_of_the_parts_losses_is_another_thing():
    """The test above would notice the usual accumulation of gradients."""
    model = Model()
    rows = batch().rows
    for part in (slice(0, 18), slice(18, 36)):
        (LOSSES["contrastive"](model.net(features()[part]), rows[part], model) / 2).backward()
    wrong = model.net[0].weight.grad
    assert (wrong - naive("contrastive")["net.0.weight"]).abs().max() > 1e-3


@pytest.mark.parametrize("name", LOSSES)
def test_a_part_draws_the_same_numbers_twice(name):
    """With noise: one graph that holds all parts, each with its own random numbers."""
    parts = 3
    model, x = Model(), features()
    outputs = []
    for number, part in enumerate(torch.arange(36).split(12)):
        seed = seed_of(7, 0, number)
        torch.manual_seed(seed)
        z = model.net(x[part])
        noise = torch.randn(z.shape, generator=torch.Generator().manual_seed(seed))
        outputs.append(z + noise + torch.nn.functional.dropout(z, 0.5))
    loss = LOSSES[name](torch.cat(outputs), batch().rows, model)
    loss.backward()
    expected = {k: p.grad for k, p in model.named_parameters() if p.grad is not None}
    assert_same(gradients(name, parts, noise=True), {"loss": loss.detach()} | expected)
    assert gradients(name, parts, noise=True, step=1)["loss"] != loss


@pytest.fixture(scope="module")
def two_processes(tmp_path_factory):
    """The gradients in 2 and in 4 parts, of both processes."""
    path = tmp_path_factory.mktemp("step") / "gradients"
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command = [
        *launcher,
        "--nproc-per-node",
        "2",
        "-m",
        "tests.train.loop.steps",
        str(path),
        "2",
        "4",
    ]
    subprocess.run(command, check=True, timeout=600)
    return {n: [load_file(f"{path}.{n}.{rank}") for rank in (0, 1)] for n in (2, 4)}


@pytest.mark.parametrize("parts", [2, 4])
def test_two_processes_have_the_gradient_of_one(two_processes, parts):
    ranks = two_processes[parts]
    for name in LOSSES:
        for noise in (False, True):
            expected = gradients(name, parts, noise=noise)
            for found in ranks:
                prefix = f"{name}.{noise}."
                own = {k.removeprefix(prefix): v for k, v in found.items() if k.startswith(prefix)}
                assert_same(own, expected, unused=("unused.weight", "unused.bias"))
                # Bit for bit the same on both, or their weights would drift apart.
                assert all(torch.equal(own[k], ranks[0][f"{prefix}{k}"]) for k in own)


def test_fewer_views_than_processes_are_an_error():
    many = Processes(rank=0, count=37)
    step = InParts(Model(), lambda *_: features(), lambda *_: features(), CPU, processes=many)
    with pytest.raises(ConfigError, match="36 views cannot be shared by 37 processes; start fewer"):
        step(batch(), 0)


def test_seeds_differ_by_step_and_part():
    seeds = {seed_of(s, step, part) for s in range(4) for step in range(20) for part in range(20)}
    assert len(seeds) == 4 * 20 * 20


def test_bf16_outputs_meet_the_loss_in_float32():
    model = Model()
    seen = []

    def outputs_of(part, generator):
        with torch.autocast("cpu", torch.bfloat16):
            return model.net(features())

    def share_of(outputs, batch, part):
        seen.append(outputs.dtype)
        return LOSSES["contrastive"](outputs, batch.rows, model, part)

    InParts(model, outputs_of, share_of, CPU)(batch(), 0)
    assert seen == [torch.float32]
    assert model.net[0].weight.grad.dtype == torch.float32
    torch.testing.assert_close(
        model.net[0].weight.grad, naive("contrastive")["net.0.weight"], rtol=0.1, atol=0.02
    )
