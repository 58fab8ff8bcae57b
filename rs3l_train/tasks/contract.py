"""What a network must keep to before it is trained: found out on few jets, and said in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from rs3l_train.backbones import Backbone
from rs3l_train.errors import ContractError, TrainingError, class_of
from rs3l_train.objectives import Objective
from rs3l_train.tasks.encode import evaluating
from rs3l_train.views.inputs import JetInputs
from rs3l_train.views.memory import Batch

JETS = 4
"""That show shapes well enough, and cost next to nothing"""


def require_backbone(backbone: Backbone, inputs: JetInputs) -> None:
    """Check the shapes of both steps of a backbone.

    Parameters
    ----------
    inputs
        Of a few jets, on the backbone's device.

    Raises
    ------
    ContractError
        If one is not what `Backbone` promises.
    """
    n, places = inputs.mask.shape
    with _leaving_no_trace(backbone, inputs.mask.device), torch.no_grad():
        constituents = backbone.constituents(inputs)
        _require_shape(
            *(backbone, "constituents", constituents, (n, places, backbone.width)),
            "self.width numbers for each place of each jet; mend it, or self.width in __init__",
        )
        _require_shape(
            *(backbone, "pool", backbone.pool(constituents, inputs.mask), (n, backbone.dimension)),
            "self.dimension numbers for each jet; mend it, or self.dimension in __init__",
        )


def require_objective(
    objective: Objective, batch: Batch, rows: Tensor, generator: torch.Generator
) -> None:
    """Check the outputs and the loss of an objective, and that a gradient passes through both.

    Parameters
    ----------
    batch, rows
        A few jets, each with the views that it brings to a batch; and which jet each is a view
        of, (n,).

    Raises
    ------
    ContractError
        If they are not what `Objective` promises.
    """
    n = len(rows)
    with _leaving_no_trace(objective, rows.device), torch.enable_grad():
        outputs = objective.outputs(batch, generator)
        _require_shape(
            *(objective, "outputs", outputs, (n, None)),
            "a row of any K numbers for each entry of the batch",
        )
        if not outputs.requires_grad:
            raise ContractError(
                f"{class_of(objective)}.outputs: depends on no weight; leave out `detach`,"
                " `no_grad` and whatever is not PyTorch"
            )
        # As the loss is given them in training: of all parts and processes.
        gathered = outputs.detach().float().requires_grad_()
        losses = {
            "loss": objective.loss(gathered, rows),
            "share": objective.share(gathered, rows, slice(0, n)),
        }
        for step, loss in losses.items():
            _require_shape(
                *(objective, step, loss, ()),
                "one number for the whole batch, such as a mean over its entries",
            )
            if not _has_gradient(loss, gathered):
                raise ContractError(
                    f"{class_of(objective)}.{step}: has no gradient with respect to the outputs;"
                    " compute it from them, without `detach`, `no_grad` and whatever is not PyTorch"
                )


def require_finite(network: nn.Module, embeddings: Tensor, whose: str) -> None:
    """Check the embeddings (n, D) of a network that no step has changed.

    Parameters
    ----------
    whose
        Whose embeddings these are, in the plural.

    Raises
    ------
    TrainingError
        If one is not finite. No learning rate is the cause then.
    """
    finite = embeddings.isfinite().all(1)
    if bool(finite.all()):
        return
    raise TrainingError(
        f"{class_of(network)}: before any step of this training {int((~finite).sum())} of"
        f" {len(finite)} {whose} have embeddings that are not finite, so the network itself makes"
        " them: look in it for logarithms, roots and divisions of 0, as padded places and jets of"
        " one constituent bring them, or in the dataset for extreme values, with"
        " `rs3l-data validate`"
    )


@contextmanager
def _leaving_no_trace(network: nn.Module, device: torch.device) -> Iterator[None]:
    """Run a block without changing random states and buffers, so that trainings stay the same."""
    buffers = {name: buffer.clone() for name, buffer in network.named_buffers()}
    gpus = [device] if device.type == "cuda" else []
    try:
        with evaluating(network), torch.random.fork_rng(gpus):
            yield
    finally:
        for name, buffer in network.named_buffers():
            buffer.copy_(buffers[name])


def _require_shape(
    module: nn.Module, step: str, found: object, expected: tuple[int | None, ...], meaning: str
) -> None:
    """Check the shape of what a step of a module gives; None stands for any number."""
    shape = tuple(found.shape) if isinstance(found, Tensor) else None
    if (
        shape is not None
        and len(shape) == len(expected)
        and all(wanted in (None, size) for size, wanted in zip(shape, expected, strict=True))
    ):
        return
    what = f"{type(found).__name__}" if shape is None else f"tensor of shape {shape}"
    wanted = str(expected).replace("None", "K")
    raise ContractError(
        f"{class_of(module)}.{step}: gives a {what}, expected a tensor of shape {wanted}: {meaning}"
    )


def _has_gradient(loss: Tensor, outputs: Tensor) -> bool:
    if not loss.requires_grad:
        return False
    (gradient,) = torch.autograd.grad(loss, outputs, allow_unused=True)
    return gradient is not None
