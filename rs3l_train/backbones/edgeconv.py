"""RS3L's network: dynamic edge convolutions over the constituents of a jet.

Edge convolution is arXiv:1801.07829; the sizes are those of arXiv:2403.07066, whose published
checkpoint has 128 904 parameters, as this network has with 15 inputs.
"""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn
from torch.nn import functional

from rs3l_train.backbones.base import Backbone
from rs3l_train.backbones.perceptron import perceptron
from rs3l_train.config import EdgeConvConfig
from rs3l_train.views.inputs import JetInputs


class EdgeConvNet(Backbone):
    """Encode each constituent, convolve over neighbours, sum over the jet, and encode the sum."""

    def __init__(self, n_inputs: int, config: EdgeConvConfig):
        super().__init__()
        width = config.width
        self.width, self.dimension = width, config.output[-1]
        self.encode = nn.Sequential(
            nn.Linear(n_inputs, width), nn.ELU(), nn.Linear(width, width), nn.ELU()
        )
        self.convolutions = nn.ModuleList(
            EdgeConv(width, config.neighbours) for _ in range(config.layers)
        )
        self.decode = perceptron((width, *config.output), nn.ELU)

    def constituents(self, inputs: JetInputs) -> Tensor:
        """Represent each constituent by its features and its neighbours': (n, P, C)."""
        x: Tensor = self.encode(inputs.features)
        for convolution in self.convolutions:
            x = convolution(x, inputs.mask)
        return x * inputs.mask[..., None]

    def pool(self, constituents: Tensor, mask: Tensor) -> Tensor:
        """Encode the sum over the constituents: (n, D)."""
        embedding: Tensor = self.decode((constituents * mask[..., None]).sum(1))
        return embedding


class EdgeConv(nn.Module):
    """Dynamic edge convolution: max over the nearest neighbours j of ELU(W [x_i, x_j - x_i] + b).

    The maximum is that of the authors' code (PyTorch Geometric's default), as is counting the
    constituent among its own neighbours. ELU rises monotonically and W [x_i, x_j - x_i] =
    (W_1 - W_2) x_i + W_2 x_j, so the maximum needs W_2 x_j alone: the same result, for the cost
    of two products per constituent instead of one per edge.
    """

    def __init__(self, width: int, neighbours: int):
        super().__init__()
        self.edge = nn.Linear(2 * width, width)
        self.neighbours = neighbours

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Convolve features (n, P, C) with mask (n, P); padded places come out without meaning."""
        n, places, channels = x.shape
        index = nearest_neighbours(x.detach(), mask, self.neighbours)
        first, second = self.edge.weight.chunk(2, dim=1)
        own = functional.linear(x, first - second, self.edge.bias)
        others = functional.linear(x, second).reshape(n * places, channels)
        jet = torch.arange(n, device=x.device)[:, None, None] * places
        best = neighbour_max(others, (jet + index).flatten(0, 1))
        return functional.elu(own + best.view_as(own))


def nearest_neighbours(x: Tensor, mask: Tensor, k: int) -> Tensor:
    """Find the ``k`` nearest constituents of each constituent in feature space, itself included.

    Where a jet has fewer than ``k``, the constituent itself fills the places that are left, which
    no maximum notices. Padded constituents are nobody's neighbours.

    Parameters
    ----------
    x
        (n, P, C)
    mask
        (n, P)

    Returns
    -------
    (n, P, min(k, P)) int64, positions within the jet
    """
    places = x.shape[1]
    norm = x.square().sum(-1).masked_fill(~mask, torch.inf)
    # |x_i - x_j|^2 without |x_i|^2, which is the same for all neighbours of i.
    distance = torch.sub(norm[:, None, :], x @ x.transpose(1, 2), alpha=2)
    itself = torch.arange(places, device=x.device)
    # Rounding must not lose the constituent among others that are (nearly) equal to it. A number
    # would be sent to a GPU, and waited for.
    distance[:, itself, itself] = distance.new_full((), -torch.inf)
    nearest = distance.topk(min(k, places), dim=-1, largest=False, sorted=False)
    return torch.where(nearest.values < torch.inf, nearest.indices, itself[:, None])


def neighbour_max(values: Tensor, neighbours: Tensor) -> Tensor:
    """Take the maximum of rows of ``values`` (m, C) over ``neighbours`` (m, k), for each channel.

    Neither way of running it holds the (m, k, C) values of all neighbours in memory, which costs
    ten times the time on a CPU; each is the fastest of PyTorch's on its kind of device. On a CPU a
    compiler and an exporter get the definition: the one fuses it, the other knows nothing else. On
    a GPU a compiler gets the operation: backwards, it adds one number for each row and channel,
    where the definition's derivative adds k, most of them 0.
    """
    if values.device.type != "cpu":
        # Its derivative adds up in the type of the values, for which bfloat16 is too coarse.
        chosen = functional.embedding_bag(neighbours, values.float(), mode="max")
        return chosen.to(values.dtype)
    if torch.compiler.is_compiling():
        return values[neighbours].amax(1)
    m, k = neighbours.shape
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        adjacency = torch.sparse_csr_tensor(
            torch.arange(0, m * k + 1, k),
            neighbours.flatten(),
            torch.ones(m * k, dtype=values.dtype),
            size=(m, m),
            check_invariants=False,
        )
    maximum: Tensor = torch.sparse.mm(adjacency, values, reduce="amax")
    return maximum
