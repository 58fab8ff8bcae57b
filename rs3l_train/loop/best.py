"""The weights with the best score so far."""

from __future__ import annotations

from torch import Tensor, nn

from rs3l_train.loop.history import History


class BestWeights:
    """The score to beat; and, for a training with patience, the weights that had it."""

    def __init__(self, model: nn.Module, history: History, patience: int | None) -> None:
        self._model, self._history, self._patience = model, history, patience
        self.weights: dict[str, Tensor] = {}
        """Empty without a patience"""

    def consider(self, score: float) -> bool:
        """Tell whether a score is the best so far; keep the present weights if it is."""
        history = self._history
        if not score > history.best_score:  # so that NaN never is the best
            history.waited += 1
            return False
        history.best_score, history.best_after, history.waited = score, history.views, 0
        if self._patience is not None:
            self.weights = {k: v.detach().clone() for k, v in self._model.state_dict().items()}
        return True

    @property
    def exhausted(self) -> bool:
        """Whether the patience is."""
        return self._patience is not None and self._history.waited >= self._patience

    def put_back(self) -> None:
        """Load the best weights if they were kept, and wait anew."""
        if self.weights:
            self._model.load_state_dict(self.weights)
        self._history.waited = 0
