"""Whether ONNX Runtime computes from a file what PyTorch computes."""

from __future__ import annotations

import numpy as np
import torch

from rs3l_data.describe.schema import Category
from rs3l_train.errors import ExportError
from rs3l_train.tasks.deployed import Deployed
from rs3l_train.views.reading import CONSTITUENT_COLUMNS, F4, JET_COLUMNS

Jets = dict[str, dict[str, F4]]
"""`constituents`: (n, P) each, `jets`: (n,) each, by column"""

INPUTS = {
    f"{table}_{name}": (table, name)
    for table, names in (("constituents", CONSTITUENT_COLUMNS), ("jets", JET_COLUMNS))
    for name in names
}
"""Table and column of each of the file's inputs: `constituents_pt`, ..., `jets_mass`, in order"""
CHECKED_JETS = 200


def random_jets(n_jets: int, n_constituents: int, seed: int = 0) -> Jets:
    """Make jets of any shape that fill the ranges of real ones, some with few constituents.

    Returns
    -------
    dict
        `constituents`: (n, P) each; `jets`: (n,) each. Places without a constituent are 0.
    """
    random = np.random.default_rng(seed)
    shape = (n_jets, n_constituents)
    inside = np.arange(n_constituents) < random.integers(1, n_constituents + 1, (n_jets, 1))
    pt = -np.sort(-(random.exponential(4, shape) ** 2 + 0.5), axis=1)
    jets = {
        "pt": (pt * inside).sum(1),
        "eta": random.uniform(-2, 2, n_jets),
        "phi": random.uniform(-np.pi, np.pi, n_jets),
        "mass": random.uniform(10, 200, n_jets),
    }
    eta = jets["eta"][:, None] + random.normal(0, 0.25, shape)
    phi = jets["phi"][:, None] + random.normal(0, 0.25, shape)
    category = random.integers(0, len(Category), shape)
    charged = (category != Category.PHOTON) & (category != Category.NEUTRAL_HADRON)
    constituents = {
        "pt": pt,
        "eta": eta,
        "phi": np.remainder(phi + np.pi, 2 * np.pi) - np.pi,
        "energy": pt * np.cosh(eta),
        "category": category,
        "charge": charged * random.choice([-1, 1], shape),
        "d0": charged * random.normal(0, 0.1, shape),
        "d0_error": charged * 0.02,
        "dz": charged * random.normal(0, 0.2, shape),
        "dz_error": charged * 0.05,
    }
    return {
        "constituents": {
            k: (column * inside).astype(np.float32) for k, column in constituents.items()
        },
        "jets": {k: column.astype(np.float32) for k, column in jets.items()},
    }


def moved(jets: Jets) -> Jets:
    """Move the constituents of jets by about 0.001 in eta and in phi."""
    random = np.random.default_rng(1)
    constituents = dict(jets["constituents"])
    for name in ("eta", "phi"):
        step = random.normal(0, 1e-3, constituents[name].shape) * (constituents["pt"] > 0)
        constituents[name] = constituents[name] + step.astype(np.float32)
    return {**jets, "constituents": constituents}


def largest_difference(network: Deployed, content: bytes) -> float:
    """Compare with ONNX Runtime on random jets, in units of the output's spread over jets.

    There are several numbers of jets and of constituents, one among them. Of two constituents that
    are equally near to a third, to rounding, one program may take the one for its neighbour and one
    the other, and the jet's output differs; not so once they are moved a little. A jet counts by
    the smaller of both differences: what the file does wrong it does in both.

    Raises
    ------
    ExportError
        If ONNX Runtime cannot read the file.
    """
    import onnxruntime

    try:
        session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    except Exception as error:  # Each of its own has no other base.
        raise ExportError(
            f"ONNX Runtime {onnxruntime.__version__} cannot read what PyTorch {torch.__version__}"
            f" exported: {error}; try other versions of torch, onnxscript and onnxruntime"
        ) from error
    most = network.n_constituents
    largest = []
    reference = answers(network, random_jets(CHECKED_JETS, most))
    spreads = [answer.std(0).mean() + np.finfo(np.float32).tiny for answer in reference]

    def differences(jets: Jets) -> F4:
        """Give the largest of each jet, (n,), over all outputs."""
        pairs = zip(answers(network, jets), session.run(None, named(jets)), spreads, strict=True)
        each = [np.abs(own - other) / spread for own, other, spread in pairs]
        worst: F4 = np.column_stack(each).max(1)
        return worst

    for n_jets, n_constituents in ((CHECKED_JETS, most), (50, 2 * most), (7, 3), (1, 1)):
        jets = random_jets(n_jets, n_constituents)
        largest.append(np.minimum(differences(jets), differences(moved(jets))).max())
    # NaN stays NaN, and is no agreement.
    return float(np.max(largest))


@torch.no_grad()
def answers(network: Deployed, jets: Jets) -> list[F4]:
    """Compute the network's outputs with PyTorch."""
    return [answer.numpy() for answer in network(*tensors(jets))]


def tensors(jets: Jets) -> tuple[dict[str, torch.Tensor], ...]:
    """Give the columns to `Deployed`: those of the constituents, and those of the jets."""
    return tuple(
        {name: torch.from_numpy(table[name]) for name in names}
        for table, names in (
            (jets["constituents"], CONSTITUENT_COLUMNS),
            (jets["jets"], JET_COLUMNS),
        )
    )


def named(jets: Jets) -> dict[str, F4]:
    """Name columns as the file's inputs, in their order."""
    return {key: jets[table][name] for key, (table, name) in INPUTS.items()}
