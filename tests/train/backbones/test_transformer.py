from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from rs3l_data.errors import ConfigError
from rs3l_train.backbones import build
from rs3l_train.backbones.attention import Attention, ClassBlock, ParticleBlock
from rs3l_train.backbones.pairs import CENTRES, SMALLEST_ANGLE, SPREADS, pair_features
from rs3l_train.backbones.triangle import lower_triangle, symmetric
from rs3l_train.config import TransformerConfig, validate_training
from rs3l_train.config.backbone import SIZES
from rs3l_train.views.inputs import JetInputs, network_inputs
from rs3l_train.views.memory import Selection


def transformer(**keys):
    return validate_training({"backbone": {"name": "transformer", **keys}}, "test").backbone


def small(layers=1, class_layers=1):
    shape = {"width": 8, "heads": 2, "layers": layers, "class_layers": class_layers}
    return build(TransformerConfig(**shape, pair_widths=(6,), output=(3,)), 4)


def four_momentum(pt, eta, phi):
    """Massless: E, px, py, pz."""
    return np.array(
        [pt * math.cosh(eta), pt * math.cos(phi), pt * math.sin(phi), pt * math.sinh(eta)]
    )


def naive_pair(a, b):
    """The paper's eq. 3 from four-momenta, with float64 numbers: ln ΔR, ln kT, ln z, ln m²."""
    p, q = four_momentum(*a), four_momentum(*b)

    def rapidity(v):
        return 0.5 * math.log((v[0] + v[3]) / (v[0] - v[3]))

    pt = [math.hypot(v[1], v[2]) for v in (p, q)]
    dphi = math.atan2(p[2], p[1]) - math.atan2(q[2], q[1])
    delta = math.hypot(rapidity(p) - rapidity(q), math.remainder(dphi, 2 * math.pi))
    total = p + q
    m2 = total[0] ** 2 - (total[1:] ** 2).sum()
    return [
        math.log(delta),
        math.log(min(pt) * delta),
        math.log(min(pt) / sum(pt)),
        math.log(m2),
    ]


def unscaled(features):
    return features * torch.tensor(SPREADS) + torch.tensor(CENTRES)


def of_all_pairs(momenta):
    return pair_features(momenta[:, :, None], momenta[:, None])


def some_momenta(seed, n=3, width=6):
    random = np.random.default_rng(seed)
    pt = random.exponential(20, (n, width)) + 0.5
    angles = random.normal(0, 0.3, (n, width, 2))
    return torch.from_numpy(np.concatenate([pt[..., None], angles], -1))


def test_pair_features_are_the_paper_s():
    momenta = some_momenta(1)
    found = unscaled(of_all_pairs(momenta))
    for jet in range(3):
        for i in range(6):
            for j in range(6):
                if i != j:
                    expected = naive_pair(momenta[jet, i].tolist(), momenta[jet, j].tolist())
                    np.testing.assert_allclose(found[jet, i, j].numpy(), expected, atol=1e-6)


def test_pair_features_keep_their_scales():
    """A trained network knows no others: pT 10 and 20 GeV, 0.3 and 0.4 apart."""
    pair = torch.tensor([[10.0, 0.0, 0.0], [20.0, 0.3, 0.4]], dtype=torch.float64)
    logarithms = np.log([0.5, 5.0, 1 / 3, 400 * (math.cosh(0.3) - math.cos(0.4))])
    expected = (logarithms - [-1.5, -0.5, -1.6, 0.3]) / [1.0, 1.0, 0.9, 2.0]
    np.testing.assert_allclose(pair_features(pair[0], pair[1]).numpy(), expected, atol=1e-6)


def test_pair_features_keep_their_digits_in_single_precision():
    """Two particles of 500 GeV, 0.001 apart: their m² from E² - p² would be rounding errors."""
    near = torch.tensor([[[500.0, 0.5, 0.3], [400.0, 0.5007, 0.3007]]], dtype=torch.float64)
    exact, single = of_all_pairs(near), of_all_pairs(near.float())
    torch.testing.assert_close(single.double(), exact, atol=1e-4, rtol=0)


def test_a_constituent_and_itself_have_the_smallest_angle():
    itself = unscaled(of_all_pairs(some_momenta(2)))[0, 4, 4].tolist()
    pt = float(some_momenta(2)[0, 4, 0])
    expected = [
        math.log(SMALLEST_ANGLE),
        math.log(pt * SMALLEST_ANGLE),
        math.log(0.5),
        2 * math.log(pt * SMALLEST_ANGLE),
    ]
    assert itself == pytest.approx(expected, abs=1e-6)


def test_pairs_with_an_unknown_momentum_have_no_features():
    momenta = some_momenta(3)
    hidden = momenta.clone()
    hidden[:, 2] = 0
    known = torch.arange(6) != 2
    features = of_all_pairs(hidden)
    assert (features[:, 2] == 0).all()
    assert (features[:, :, 2] == 0).all()
    both = known[:, None] & known[None, :]
    assert torch.equal(features[:, both], of_all_pairs(momenta)[:, both])


def test_pair_features_of_jets_are_finite_and_bounded(jets):
    batch = jets.gather(Selection(*jets.present.nonzero(as_tuple=True)))
    inputs = network_inputs(batch, "shortcut_free")
    features = of_all_pairs(inputs.momenta)
    pairs = inputs.mask[:, :, None] & inputs.mask[:, None, :]
    assert features.isfinite().all()
    assert features[pairs].abs().max() < 20


def test_pair_features_turn_with_the_jet(jets):
    """Angles, kT and z do not change at all, and what does is turned as the features are."""
    batch = jets.gather(Selection(*jets.present.nonzero(as_tuple=True)))
    turned = network_inputs(batch, "shortcut_free", torch.Generator().manual_seed(1))
    straight = network_inputs(batch, "shortcut_free")
    torch.testing.assert_close(turned.features[..., 2:4] * 0.4, turned.momenta[..., 1:])
    assert not torch.allclose(turned.momenta, straight.momenta, atol=0.1)
    apart = unscaled(of_all_pairs(straight.momenta))[..., 0] > math.log(0.01)
    before, after = (of_all_pairs(x.momenta)[..., :3][apart] for x in (straight, turned))
    torch.testing.assert_close(after, before, atol=1e-3, rtol=0)


def test_what_belongs_to_a_pair_stands_in_both_places_and_learns_from_both():
    size = 5
    first, second = lower_triangle(size, torch.device("cpu"))
    whole = random(2, 3, size, size)
    whole = whole + whole.mT
    triangle = whole[..., first, second].requires_grad_()
    assert torch.equal(symmetric(triangle, size), whole)
    assert torch.autograd.gradcheck(lambda t: symmetric(t, size), triangle)
    # What each place of the table is worth arrives, once on the diagonal and twice off it.
    weights = random(size, size)
    (symmetric(triangle, size) * weights).sum().backward()
    both = torch.where(
        first == second, weights[first, second], (weights + weights.T)[first, second]
    )
    torch.testing.assert_close(triangle.grad, both.expand(2, 3, -1))


def explicit_attention(layer, asking, asked, bias):
    """Head by head: softmax(Q Kᵀ / √d + U) V."""
    query = layer.query(asking)
    key, value = layer.key_value(asked).chunk(2, -1)
    size = query.shape[-1] // layer.heads
    heads = []
    for head in range(layer.heads):
        own = slice(head * size, (head + 1) * size)
        scores = query[..., own] @ key[..., own].transpose(1, 2) / math.sqrt(size) + bias[:, head]
        weights = scores.exp() / scores.exp().sum(-1, keepdim=True)
        heads.append(weights @ value[..., own])
    return layer.mix(torch.cat(heads, -1))


def random(*shape, seed=0):
    return torch.randn(
        *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed + sum(shape))
    )


def test_attention_is_its_definition():
    layer = Attention(12, 3).double()
    asking, asked, bias = random(2, 4, 12), random(2, 5, 12), random(2, 3, 4, 5)
    expected = explicit_attention(layer, asking, asked, bias)
    torch.testing.assert_close(layer(asking, asked, bias), expected)


def layer_norm(x, norm):
    centred = x - x.mean(-1, keepdim=True)
    spread = (centred.square().mean(-1, keepdim=True) + norm.eps).sqrt()
    return centred / spread * norm.weight + norm.bias


def shaken(module):
    """Double precision and no weight at its initial 0 or 1, which would hide its absence."""
    for i, weight in enumerate(module.double().parameters()):
        weight.data += 0.2 * random(*weight.shape, seed=i)
    return module


def explicit_finish(block, x, attended):
    first, up, _, second, down = block.dense
    x = x + layer_norm(attended, block.after)
    return x + down(layer_norm(nn.functional.gelu(up(layer_norm(x, first))), second))


def test_a_particle_block_has_the_paper_s_structure():
    """LN, attention with bias, LN, add; LN, dense to four times the width, GELU, LN, dense, add."""
    block = shaken(ParticleBlock(8, 2))
    x, bias = random(3, 5, 8), random(3, 2, 5, 5)
    normed = layer_norm(x, block.before)
    expected = explicit_finish(block, x, explicit_attention(block.attention, normed, normed, bias))
    torch.testing.assert_close(block(x, bias), expected)
    assert block.dense[1].out_features == 4 * 8


def test_a_class_block_asks_for_the_token_alone():
    block = shaken(ClassBlock(8, 2))
    token, x, bias = random(3, 1, 8), random(3, 5, 8), random(3, 2, 1, 6)
    normed = layer_norm(torch.cat([token, x], 1), block.before)
    attended = explicit_attention(block.attention, normed[:, :1], normed, bias)
    torch.testing.assert_close(block(token, x, bias), explicit_finish(block, token, attended))


def test_all_particle_blocks_share_the_bias_of_the_pairs():
    torch.manual_seed(2)
    net = shaken(small(layers=3))
    features, momenta = random(2, 5, 4), some_momenta(4, 2, 5)
    mask = torch.arange(5) < torch.tensor([[5], [3]])
    inputs = JetInputs(features, momenta, mask)
    expected = torch.zeros(2, 5, 8, dtype=torch.float64)
    for jet, n in enumerate((5, 3)):  # One jet at a time, so that nothing is padded.
        x = net.encode(features[jet : jet + 1, :n])
        bias = net.pair(of_all_pairs(momenta[jet : jet + 1, :n])).permute(0, 3, 1, 2)
        for block in net.blocks:
            x = block(x, bias)
        expected[jet, :n] = x[0]
    torch.testing.assert_close(net.constituents(inputs), expected)


def test_momenta_matter():
    torch.manual_seed(2)
    net = small().double()
    inputs = JetInputs(random(2, 5, 4), some_momenta(4, 2, 5), torch.ones(2, 5, dtype=torch.bool))
    other = inputs._replace(momenta=some_momenta(5, 2, 5))
    assert (net(other) - net(inputs)).abs().max() > 1e-4


def test_a_jet_without_constituents_is_no_nan():
    net = small()
    nothing = JetInputs(
        torch.zeros(1, 5, 4), torch.zeros(1, 5, 3), torch.zeros(1, 5, dtype=torch.bool)
    )
    assert net(nothing).isfinite().all()


def test_pair_features_keep_single_precision_under_autocast():
    momenta = some_momenta(6).float()
    with torch.autocast("cpu", torch.bfloat16):
        rough = of_all_pairs(momenta)
    assert torch.equal(rough, of_all_pairs(momenta))


@pytest.mark.parametrize("size", SIZES)
def test_a_size_is_its_number_of_parameters(size):
    net = build(transformer(size=size), 13)
    n = sum(weight.numel() for weight in net.parameters())
    assert n == pytest.approx(float(size.removesuffix("M")) * 1e6, rel=0.1)


def test_the_paper_s_network_is_one_of_the_sizes():
    config = transformer(size="2M")
    shape = (config.width, config.heads, config.layers, config.class_layers, config.pair_widths)
    assert shape == (128, 8, 8, 2, (64, 64, 64))


def test_a_key_goes_before_the_size():
    config = transformer(size="0.1M", layers=5)
    assert (config.layers, config.width) == (5, 48)
    assert config == transformer(**config.model_dump(exclude={"name"}))
    assert transformer() == TransformerConfig() == transformer(size="1M")
    defaults = {key: field.default for key, field in TransformerConfig.model_fields.items()}
    assert {key: defaults[key] for key in SIZES["1M"]} == SIZES["1M"]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"heads": 7}, "width 128 is no multiple of heads 7"),
        ({"size": "5M"}, "size: expected '0.1M', "),
        ({"neighbours": 3}, "backbone.neighbours: no key of 'transformer', but of 'edgeconv'; "),
        ({"widht": 3}, "widht: unknown key; did you mean 'width'"),
        (
            {"name": "transfomer"},
            "name: there is no 'transfomer'; did you mean 'transformer'",
        ),
    ],
)
def test_a_bad_network_is_named(keys, message):
    with pytest.raises(ConfigError, match=message):
        transformer(**keys)


def test_the_bias_is_one_that_fused_attention_takes():
    """Contiguous in the last dimension; else a GPU writes out all scores, several times a layer."""
    torch.manual_seed(1)
    net = small()
    mask = torch.ones(3, 7, dtype=torch.bool)
    inputs = JetInputs(torch.randn(3, 7, 4), torch.rand(3, 7, 3), mask)
    assert net.bias(inputs).stride(-1) == 1


def test_the_class_token_asks_itself_and_the_constituents():
    torch.manual_seed(2)
    net = shaken(small(class_layers=2))
    x, mask = random(2, 5, 8), torch.arange(5) < torch.tensor([[5], [3]])
    found = net.pool(x, mask)
    for jet, n in enumerate((5, 3)):
        token = net.token
        for block in net.class_blocks:
            token = block(token, x[jet : jet + 1, :n], torch.zeros(1, 1, 1, 1 + n).double())
        torch.testing.assert_close(found[jet : jet + 1], net.decode(token[:, 0]))
