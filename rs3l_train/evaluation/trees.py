"""Boosted decision trees on substructure variables: what can be done without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier

from rs3l_train.evaluation.roc import F8, auc

MOST_TREES = 200


def fit_trees(
    x: F8,
    target: npt.NDArray[np.int64],
    validation: F8,
    validation_target: npt.NDArray[np.int64],
    seed: int,
) -> tuple[Callable[[F8], F8], int]:
    """Train trees, as many as give the best AUC on the validation jets.

    Parameters
    ----------
    x, validation
        (n, F) and (m, F) variables, NaN where not defined; one that is so for all n is not used.
    target, validation_target
        (n,) and (m,), 1 for signal, 0 for background.

    Returns
    -------
    score
        From variables (k, F) to logits (k,).
    n_trees
    """
    # As soft-drop mass and N2 in datasets of others: scikit-learn fails on such a column.
    known = ~np.isnan(x).all(0)
    # The smallest leaf of few labels is a twentieth of them.
    leaf = max(2, min(20, len(x) // 20))
    trees = HistGradientBoostingClassifier(
        max_iter=MOST_TREES, min_samples_leaf=leaf, early_stopping=False, random_state=seed
    ).fit(x[:, known], target)

    def stages(variables: F8) -> Iterator[F8]:
        """Score by the first tree, by the first two, and so on."""
        return map(np.ravel, trees.staged_decision_function(variables[:, known]))

    signal = validation_target == 1
    aucs = [auc(scores[signal], scores[~signal]) for scores in stages(validation)]
    n_trees = int(np.argmax(aucs)) + 1

    def score(variables: F8) -> F8:
        return next(islice(stages(variables), n_trees - 1, None))

    return score, n_trees
