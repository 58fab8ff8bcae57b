from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from rs3l_train.backbones import build
from rs3l_train.backbones.edgeconv import EdgeConv, EdgeConvNet, nearest_neighbours, neighbour_max
from rs3l_train.config import EdgeConvConfig
from rs3l_train.views.inputs import JetInputs


def jets(seed, n=6, width=9):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, width, 4, generator=generator, dtype=torch.float64)
    counts = torch.randint(1, width + 1, (n,), generator=generator)
    mask = torch.arange(width) < counts[:, None]
    return x * mask[..., None], mask


def naive_edgeconv(layer, x, mask):
    """The definition, one constituent at a time."""
    out = torch.zeros_like(x)
    for jet in range(len(x)):
        members = mask[jet].nonzero()[:, 0].tolist()
        for i in members:
            place = x[jet].detach()
            distance = [float((place[i] - place[j]).square().sum()) for j in members]
            nearest = sorted(range(len(members)), key=distance.__getitem__)[: layer.neighbours]
            edges = [
                layer.edge(torch.cat([x[jet, i], x[jet, members[j]] - x[jet, i]])) for j in nearest
            ]
            out[jet, i] = functional.elu(torch.stack(edges)).amax(0)
    return out


def test_the_published_network_has_128904_parameters():
    backbone = build(EdgeConvConfig(), 15)
    assert sum(p.numel() for p in backbone.parameters()) == 128_904


@pytest.mark.parametrize("neighbours", [1, 3, 20])
def test_a_convolution_is_its_definition(neighbours):
    x, mask = jets(2)
    torch.manual_seed(3)
    layer = EdgeConv(4, neighbours).double()
    expected = naive_edgeconv(layer, x, mask)
    torch.testing.assert_close(layer(x, mask)[mask], expected[mask])


def test_its_gradient_is_that_of_the_definition():
    x, mask = jets(4, n=3, width=6)
    torch.manual_seed(3)
    layer = EdgeConv(4, 3).double()
    gradients = []
    for form in (lambda y: layer(y, mask), lambda y: naive_edgeconv(layer, y, mask)):
        leaf = x.clone().requires_grad_()
        layer.zero_grad()
        form(leaf)[mask].square().sum().backward()
        gradients.append((leaf.grad, layer.edge.weight.grad.clone()))
    for fast, naive in zip(*gradients, strict=True):
        torch.testing.assert_close(fast, naive)


@settings(max_examples=30)
@given(st.integers(0, 2**31))
def test_neighbours_are_the_nearest_and_never_padding(seed):
    x, mask = jets(seed)
    index = nearest_neighbours(x, mask, 4)
    for jet in range(len(x)):
        members = mask[jet].nonzero()[:, 0]
        for i in members.tolist():
            found = set(index[jet, i].tolist())
            distance = (x[jet, members] - x[jet, i]).square().sum(-1)
            expected = set(members[distance.argsort()[:4]].tolist())
            assert found == expected | {i}


def test_a_constituent_is_its_own_neighbour_among_equals():
    x = torch.ones(1, 8, 4, dtype=torch.float64)
    index = nearest_neighbours(x, torch.ones(1, 8, dtype=torch.bool), 3)
    assert all(i in index[0, i] for i in range(8))


def test_both_ways_to_take_the_maximum_agree():
    generator = torch.Generator().manual_seed(5)
    values = torch.randn(40, 6, generator=generator, requires_grad=True)
    neighbours = torch.randint(0, 40, (40, 7), generator=generator)
    expected = values[neighbours].amax(1)
    torch.testing.assert_close(neighbour_max(values, neighbours), expected)
    # What other devices than CPUs use.
    torch.testing.assert_close(functional.embedding_bag(neighbours, values, mode="max"), expected)


def test_a_gpu_takes_the_maximum_in_single_precision(monkeypatch):
    """PyTorch has no derivative of it in bfloat16 there."""
    seen = []
    embedding_bag = functional.embedding_bag

    def watched(neighbours, values, mode):
        seen.append(values.dtype)
        return embedding_bag(neighbours, values, mode=mode)

    monkeypatch.setattr(functional, "embedding_bag", watched)
    values = torch.randn(5, 6, dtype=torch.bfloat16, device="meta")
    neighbours = torch.zeros(5, 3, dtype=torch.int64, device="meta")
    assert neighbour_max(values, neighbours).dtype == torch.bfloat16
    assert seen == [torch.float32]


def test_the_network_is_its_definition():
    """Dense layers for each constituent, convolutions, the sum over the jet, dense layers."""
    x, mask = jets(6)
    torch.manual_seed(1)
    net = EdgeConvNet(4, EdgeConvConfig(width=8, layers=2, neighbours=3, output=(7, 3))).double()
    y = functional.elu(net.encode[2](functional.elu(net.encode[0](x))))
    for layer in net.convolutions:
        y = naive_edgeconv(layer, y, mask)
    up, down = (layer for layer in net.decode if isinstance(layer, nn.Linear))
    expected = down(functional.elu(up((y * mask[..., None]).sum(1))))
    torch.testing.assert_close(net(JetInputs(x, x[..., :3], mask)), expected)
