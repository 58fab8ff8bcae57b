"""What a network must keep to before it is trained: found out on few jets, and said in words."""

from __future__ import annotations

from torch import Tensor, nn

from rs3l_train.errors import TrainingError


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
        f"{name_of(network)}: before any step of this training {int((~finite).sum())} of"
        f" {len(finite)} {whose} have embeddings that are not finite, so the network itself makes"
        " them: look in it for logarithms, roots and divisions of 0, as padded places and jets of"
        " one constituent bring them, or in the dataset for extreme values, with"
        " `rs3l-data validate`"
    )


def name_of(module: nn.Module) -> str:
    """Name the class of a network or objective, with the module that defines it."""
    return f"{type(module).__module__}.{type(module).__qualname__}"
