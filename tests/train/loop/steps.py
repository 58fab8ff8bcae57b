"""One gradient of a small objective, the same in a test and in processes that torchrun starts.

torchrun --nproc-per-node 2 -m tests.train.loop.steps FILE PARTS...
"""

from __future__ import annotations

import sys

import torch
from safetensors.torch import save_file
from torch import nn

from rs3l_data.errors import ConfigError
from rs3l_train.loop.processes import ALONE, joined
from rs3l_train.loop.step import InParts, in_one_share
from rs3l_train.objectives.ntxent import ntxent
from rs3l_train.objectives.pairs import EVERYTHING
from rs3l_train.views.memory import Selection

N, D = 36, 5
CPU = torch.device("cpu")


class Model(nn.Module):
    """Outputs row by row, with a temperature that only the loss uses, and a weight of no use."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.net = nn.Sequential(nn.Linear(4, 8), nn.ELU(), nn.Linear(8, D))
        self.temperature = nn.Parameter(torch.tensor(0.5))
        self.unused = nn.Linear(2, 2)


def features():
    return torch.randn(N, 4, generator=torch.Generator().manual_seed(2))


def batch():
    return Selection(torch.arange(N) % 3, torch.arange(N) // 3)


def contrastive(outputs, rows, model, part=EVERYTHING):
    return ntxent(outputs, rows, 1.0, part) / model.temperature


def variance_of_outputs(outputs, rows, model):
    """Another loss that no sum over parts gives: it needs the spread over the batch."""
    spread = outputs.var(0)
    return (outputs.T.cov().square().sum() + spread.log().sum()) * model.temperature + rows.sum()


LOSSES = {"contrastive": contrastive, "variance": variance_of_outputs}


def gradients(name, parts, processes=ALONE, noise=False, step=0):
    """Loss and gradients of the batch; with noise, random numbers enter each output."""
    model = Model()
    x = features()

    def outputs_of(part, generator):
        places = part.rows * 3 + part.views
        z = model.net(x[places])
        if noise:
            z = z + torch.randn(z.shape, generator=generator) + nn.functional.dropout(z, 0.5)
        return z

    def loss_of(outputs, batch):
        return LOSSES[name](outputs, batch.rows, model)

    def contrast_of(outputs, batch, part):
        return contrastive(outputs, batch.rows, model, part)

    share_of = contrast_of if name == "contrastive" else in_one_share(loss_of)
    in_parts = InParts(model, outputs_of, share_of, CPU, 7, parts, processes)
    loss = in_parts(batch(), step)
    grads = {k: p.grad for k, p in model.named_parameters() if p.grad is not None}
    return {"loss": loss} | grads


def require_agreement(processes):
    """What processes agree on, and that they say so where they do not."""
    model = nn.Linear(2, 1)
    nn.init.constant_(model.weight, processes.rank + 1)
    processes.same_weights(model)
    assert (model.weight == 1).all()
    assert processes.largest([processes.rank, -processes.rank]) == [1, 0]
    processes.require_same({"seed": 3, "labels": (1, 2)})
    said = ""
    try:
        processes.require_same({"seed": 3, "views": [processes.rank]})
    except ConfigError as error:
        said = str(error)
    assert "differ in views: [0] in process 0, [1] in process 1; give all of them" in said


if __name__ == "__main__":
    path, *numbers = sys.argv[1:]
    with joined() as processes:
        require_agreement(processes)
        for parts in map(int, numbers):
            results = {}
            for name in LOSSES:
                for noise in (False, True):
                    found = gradients(name, parts, processes, noise)
                    results |= {f"{name}.{noise}.{k}": v for k, v in found.items()}
            save_file(results, f"{path}.{parts}.{processes.rank}")
