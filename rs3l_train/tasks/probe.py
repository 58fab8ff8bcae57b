"""The linear probe: logistic regression on a frozen embedding."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits
from torch import Tensor

from rs3l_train.evaluation.calibration import fit_temperature
from rs3l_train.evaluation.roc import auc
from rs3l_train.tasks.tagger import split_scores

# Of the squared weights, relative to the mean loss of a jet.
PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)
# Jets that are all told apart would ask for infinite weights.
MOST_SCALED = 10.0
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
    embeddings: Tensor,
    target: Tensor,
    validation: Tensor,
    validation_target: Tensor,
    share: float | None = None,
) -> Probe:
    """Fit a logistic regression with each penalty and keep the best on the validation jets.

    The best by its AUC, which does not know how long the weights are that a penalty leaves: they
    are scaled to the least cross entropy on the same jets, by a factor of ten at most.

    Parameters
    ----------
    embeddings, validation
        (n, D) and (m, D), standardised.
    target, validation_target
        (n,) and (m,), 1 for signal, 0 for background.
    share
        Part of signal that the probabilities hold for; None: that of the validation jets.
    """
    probes = []
    for penalty in PENALTIES:
        weight, bias = _fitted(embeddings, target, penalty)
        auc_there = score_auc(validation @ weight.float(), validation_target)
        probes.append(Probe(weight, bias, penalty, auc_there))
    best = max(probes, key=lambda probe: probe.validation_auc)
    logits = validation.double() @ best.weight + best.bias
    wanted = fit_temperature(split_scores(logits, validation_target), share)
    temperature = min(max(wanted, 1 / MOST_SCALED), MOST_SCALED)
    return replace(best, weight=best.weight / temperature, bias=best.bias / temperature)


def score_auc(scores: Tensor, target: Tensor) -> float:
    """Compute the AUC of scores (n,) for targets (n,); see `split_scores` for the error."""
    own = split_scores(scores, target)
    return auc(own.signal, own.background)


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
