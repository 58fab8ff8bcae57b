"""What must hold for every network, and how it is tested alike."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch._dynamo.testing import CompileCounter

from rs3l_train.backbones import build
from rs3l_train.backbones.compiled import compile_backbones
from rs3l_train.config import EdgeConvConfig, TransformerConfig
from rs3l_train.testing import check_backbone
from rs3l_train.views.inputs import JetInputs

NETWORKS = {
    "edgeconv": EdgeConvConfig(width=8, neighbours=5, output=(8, 5, 3)),
    "transformer": TransformerConfig(
        width=8, heads=2, layers=2, class_layers=2, pair_widths=(5, 6), output=(7, 5, 3)
    ),
}


def network(name):
    torch.manual_seed(1)
    return build(NETWORKS[name], 4).double()


def jets(seed, n=6, width=9):
    generator = torch.Generator().manual_seed(seed)
    random = torch.randn(n, width, 7, generator=generator, dtype=torch.float64)
    momenta = torch.cat([random[..., 4:5].exp(), 0.3 * random[..., 5:]], -1)
    counts = torch.randint(1, width + 1, (n,), generator=generator)
    mask = torch.arange(width) < counts[:, None]
    inside = mask[..., None]
    return JetInputs(random[..., :4] * inside, momenta * inside, mask)


each_network = pytest.mark.parametrize("name", NETWORKS)
some_jets = st.integers(0, 2**31)


@each_network
@settings(max_examples=25)
@given(seed=some_jets)
def test_a_network_keeps_its_promises(name, seed):
    check_backbone(NETWORKS[name], seed=seed, dtype=torch.float64)


@each_network
@settings(max_examples=15)
@given(seed=some_jets)
def test_what_stands_in_padded_places_does_not_matter(name, seed):
    inputs = jets(seed)
    net = network(name)
    padded = ~inputs.mask[..., None]
    other = JetInputs(
        inputs.features.masked_fill(padded, 7.0),
        inputs.momenta.masked_fill(padded, 3.0),
        inputs.mask,
    )
    torch.testing.assert_close(net(other), net(inputs), rtol=0, atol=0)


@each_network
def test_each_constituent_is_seen(name):
    inputs = jets(12)
    features = inputs.features.clone().requires_grad_()
    network(name)(inputs._replace(features=features)).square().sum().backward()
    seen = features.grad.abs().amax(-1) > 0
    assert torch.equal(seen, inputs.mask)


@each_network
def test_bfloat16_is_close_to_float32(name):
    inputs = JetInputs(*(p.float() if p.is_floating_point() else p for p in jets(14, n=30)))
    net = network(name).float()
    exact = net(inputs)
    with torch.autocast("cpu", torch.bfloat16):
        rough = net(inputs)
    assert rough.isfinite().all()
    assert (rough - exact).std() < 0.05 * exact.std()


@each_network
def test_the_compiler_sees_one_graph(name):
    inputs = jets(15)
    net = network(name)
    compiled = torch.compile(net, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(inputs), net(inputs))


@each_network
def test_a_network_is_compiled_once_for_all_batches(name):
    """For batches of all sizes, for training and for validation: one graph for each step."""
    torch.compiler.reset()
    net, compiled, compiler = network(name), network(name), CompileCounter()
    compile_backbones(compiled, compiler)
    for training, n_graphs in ((True, 2), (False, 4)):
        with torch.set_grad_enabled(training):
            for n in (40, 39, 64, 17):
                inputs = jets(n, n=n)
                torch.testing.assert_close(compiled(inputs), net(inputs))
                assert compiler.frame_count == n_graphs


@each_network
def test_a_compiled_network_learns_as_the_other(name):
    """Traced forward and backward, as before code is made of it, which would take a minute."""
    torch.compiler.reset()
    nets = [network(name), network(name)]
    compile_backbones(nets[1], "aot_eager")
    inputs = jets(17)
    for net in nets:
        net(inputs).square().sum().backward()
    for mine, other in zip(nets[1].parameters(), nets[0].parameters(), strict=True):
        torch.testing.assert_close(mine.grad, other.grad)
