"""How a test says which promises are broken: all of them at once, each with what was found."""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor, nn

from rs3l_train.errors import class_of

TOLERANCE = 1e-3
"""Of the largest number compared: far above rounding in float32, far below what a fault makes"""


def require_all(module: nn.Module, base: type[nn.Module], faults: Iterable[str]) -> None:
    """Check that there are no faults.

    Raises
    ------
    AssertionError
        With a line for each.
    """
    lines = list(faults)
    if lines:
        head = f"{class_of(module)} breaks what {base.__module__}.{base.__qualname__} promises:"
        raise AssertionError("\n- ".join([head, *lines]))


def difference(found: Tensor, expected: Tensor) -> str:
    """Say by how much numbers differ that should be the same; nothing if they do not."""
    if found.shape != expected.shape:
        return f"shape {tuple(found.shape)} instead of {tuple(expected.shape)}"
    if not bool(found.isfinite().all() and expected.isfinite().all()):
        return "numbers that are not finite"
    largest = float(expected.detach().abs().max())
    off = float((found - expected).detach().abs().max())
    return f"off by {off:.3g} in numbers up to {largest:.3g}" if off > TOLERANCE * largest else ""


def without_gradient(module: nn.Module) -> str:
    """Name the weights that a backward pass left as they were or made no numbers of, if any.

    A vector may have a gradient of 0: a bias inside a softmax cancels out. Weights that take no
    gradient are not meant.
    """
    still, broken = [], []
    for name, weight in module.named_parameters():
        if not weight.requires_grad:
            continue
        if weight.grad is None or (weight.ndim > 1 and not bool(weight.grad.any())):
            still.append(name)
        elif not bool(weight.grad.isfinite().all()):
            broken.append(name)
    faults = [f"no gradient for {', '.join(still)}"] if still else []
    faults += [f"a gradient that is not finite for {', '.join(broken)}"] if broken else []
    return "; ".join(faults)
