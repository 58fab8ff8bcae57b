"""The linear probe: logistic regression on a frozen embedding."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits
from torch import Tensor

from rs3l_train.evaluation.roc import auc

# Of the squared weights, relative to the mean loss of a jet.
PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
TOLERANCE = 1e-10


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
    # scikit-learn's C weighs the sum over jets, not their mean. Newton's method comes so close to
    # the minimum that rounding in the embedding is not seen in what starts from the probe.
    model = LogisticRegression(
        C=1 / (penalty * len(target)), solver="newton-cholesky", tol=TOLERANCE
    )
    with threadpool_limits(torch.get_num_threads()):
        model.fit(x.double().cpu().numpy(), target.cpu().numpy())
    weight, bias = (torch.from_numpy(part).to(x.device) for part in (model.coef_, model.intercept_))
    return weight[0], bias[0]
