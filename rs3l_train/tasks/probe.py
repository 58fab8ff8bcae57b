"""The linear probe: logistic regression on a frozen embedding."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from rs3l_train.evaluation.roc import auc

# Of the squared weights, relative to the mean loss of a jet.
PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)


@dataclass(frozen=True, slots=True)
class Probe:
    """A fitted logistic regression."""

    weight: Tensor
    """(D,)"""
    bias: Tensor
    """()"""
    penalty: float
    validation_auc: float


def fit_probe(
    embeddings: Tensor, target: Tensor, validation: Tensor, validation_target: Tensor
) -> Probe:
    """Fit a logistic regression with each penalty and keep the best on the validation jets.

    Parameters
    ----------
    embeddings, validation
        (n, D) and (m, D), standardised.
    target, validation_target
        (n,) and (m,), 1 for signal, 0 for background.
    """
    probes = [_fitted(embeddings, target, penalty) for penalty in PENALTIES]
    scored = [
        Probe(weight, bias, penalty, score_auc(validation @ weight.float(), validation_target))
        for penalty, (weight, bias) in zip(PENALTIES, probes, strict=True)
    ]
    return max(scored, key=lambda probe: probe.validation_auc)


def score_auc(scores: Tensor, target: Tensor) -> float:
    """Compute the AUC of scores (n,) for targets (n,)."""
    values, signal = scores.double().cpu().numpy(), (target == 1).cpu().numpy()
    return auc(values[signal], values[~signal])


def _fitted(x: Tensor, target: Tensor, penalty: float) -> tuple[Tensor, Tensor]:
    x, y = x.double(), target.double()
    parameters = torch.zeros(x.shape[1] + 1, dtype=x.dtype, device=x.device, requires_grad=True)
    optimiser = torch.optim.LBFGS([parameters], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        weight, bias = parameters[:-1], parameters[-1]
        loss = functional.binary_cross_entropy_with_logits(x @ weight + bias, y)
        loss = loss + 0.5 * penalty * weight.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    fitted = parameters.detach()
    return fitted[:-1], fitted[-1]
