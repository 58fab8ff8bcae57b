"""What every backbone promises, tried on jets that are made up."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from rs3l_train.backbones import Backbone, build
from rs3l_train.config import BackboneConfig
from rs3l_train.tasks.contract import require_backbone
from rs3l_train.testing.jets import drawn_batch
from rs3l_train.testing.promises import difference, require_all, without_gradient
from rs3l_train.views.inputs import N_INPUTS, JetInputs, network_inputs

JETS = 40
PLACES = 9
FEW = 3
"""Jets that are embedded without the others"""
BFLOAT16 = 0.1
"""Of the embedding's spread: bfloat16 rounds to 0.4 %, in each layer"""


def check_backbone(
    settings: BackboneConfig,
    inputs: str = "shortcut_free",
    *,
    seed: int = 1,
    dtype: torch.dtype = torch.float32,
) -> None:
    """Check on jets that are made up that a network keeps what `Backbone` promises.

    The shapes; that neither the order of constituents, nor padding, nor other jets of the batch
    matter, in evaluation as in training; that padded constituents are 0; that one constituent is
    enough, every weight learns, and bfloat16 will do. Random numbers of the caller stay as they
    are.

    Parameters
    ----------
    settings
        Those of the network, which is built anew with random weights.
    inputs
        The list of features that it is shown, as `data.inputs` names it.
    seed
        Of weights and jets.
    dtype
        In which embeddings are compared; float64 where float32's rounding can take one neighbour
        for another.

    Raises
    ------
    AssertionError
        With a line for each promise that is broken, and what was found.
    ContractError
        If sizes or shapes are wrong.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build(settings, N_INPUTS[inputs])
        jets = network_inputs(drawn_batch(torch.arange(JETS), PLACES, 1, seed), inputs)
        require_backbone(network, jets)
        rounded = _bfloat16(network, jets)
        network.to(dtype)
        exact = JetInputs(jets.features.to(dtype), jets.momenta.to(dtype), jets.mask)
        faults = [*_faults(network, exact), *([f"bfloat16: {rounded}"] if rounded else [])]
    require_all(network, Backbone, faults)


def _faults(network: Backbone, inputs: JetInputs) -> Iterator[str]:
    """Tell of each promise that is broken, once."""
    told = set()
    for state in _states(network, inputs):
        with torch.no_grad():
            found = {name: promise(network, inputs) for name, promise in PROMISES.items()}
        for name, fault in found.items():
            if fault and name not in told:
                told.add(name)
                yield f"{name}{state}: {fault}"
    network.zero_grad()
    network(inputs).square().sum().backward()
    if fault := without_gradient(network):
        yield f"every weight learns: {fault}"


def _states(network: nn.Module, inputs: JetInputs) -> Iterator[str]:
    """Put a network into evaluation, and into training with what drops out left as it is.

    In training only if it gives the same again: what drops out by itself cannot be compared.
    """
    network.eval()
    yield ""
    network.train()
    for module in network.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.eval()
    with torch.no_grad():
        again = torch.equal(network(inputs), network(inputs))
    if again:
        yield ", in training (as with BatchNorm)"


def _order(network: Backbone, inputs: JetInputs) -> str:
    order = torch.randperm(inputs.mask.shape[1])
    shuffled = JetInputs(*(part[:, order] for part in inputs))
    return _compared(network, shuffled, network(inputs), network.constituents(inputs)[:, order])


def _padding(network: Backbone, inputs: JetInputs) -> str:
    more = 4
    wider = JetInputs(
        functional.pad(inputs.features, (0, 0, 0, more)),
        functional.pad(inputs.momenta, (0, 0, 0, more)),
        functional.pad(inputs.mask, (0, more)),
    )
    constituents = functional.pad(network.constituents(inputs), (0, 0, 0, more))
    return _compared(network, wider, network(inputs), constituents)


def _others(network: Backbone, inputs: JetInputs) -> str:
    few = JetInputs(*(part[:FEW] for part in inputs))
    return _compared(network, few, network(inputs)[:FEW], network.constituents(inputs)[:FEW])


def _compared(network: Backbone, inputs: JetInputs, embedding: Tensor, constituents: Tensor) -> str:
    """Say by how much the embeddings of inputs differ from these, or else the constituents."""
    if fault := difference(network(inputs), embedding):
        return f"embeddings are {fault}"
    inside = inputs.mask[..., None]
    fault = difference(network.constituents(inputs) * inside, constituents * inside)
    return f"representations of constituents are {fault}" if fault else ""


def _zero(network: Backbone, inputs: JetInputs) -> str:
    largest = float(network.constituents(inputs)[~inputs.mask].abs().max())
    return f"up to {largest:.3g}; multiply by the mask" if largest else ""


def _lonely(network: Backbone, inputs: JetInputs) -> str:
    first = torch.arange(inputs.mask.shape[1]) < 1
    inside = first[None, :, None]
    lonely = JetInputs(inputs.features * inside, inputs.momenta * inside, inputs.mask & first)
    finite = network(lonely).isfinite().all(1)
    return "" if bool(finite.all()) else f"{int((~finite).sum())} of {JETS} are not finite"


def _bfloat16(network: Backbone, inputs: JetInputs) -> str:
    network.eval()
    with torch.no_grad():
        exact = network(inputs)
        with torch.autocast("cpu", torch.bfloat16):
            rough = network(inputs)
    off = float((rough - exact).std() / exact.std())
    return "" if off < BFLOAT16 else f"embeddings are off by {off:.3g} of their spread"


PROMISES: dict[str, Callable[[Backbone, JetInputs], str]] = {
    "the order of constituents does not matter": _order,
    "padding does not matter": _padding,
    "other jets of the batch do not matter": _others,
    "padded constituents are 0": _zero,
    "one constituent is enough": _lonely,
}
"""Each tells what was found where a network breaks it"""
