"""Networks that break one promise each are told which."""

from __future__ import annotations

from typing import ClassVar, Literal

import pytest
import torch
from torch import nn

from rs3l_train.backbones import Backbone
from rs3l_train.errors import ContractError
from rs3l_train.own import OwnBackbone
from rs3l_train.testing import check_backbone

ORDER = "the order of constituents does not matter"
PADDING = "padding does not matter"
OTHERS = "other jets of the batch do not matter"


class Sum(Backbone):
    """A sum over constituents, which keeps all promises."""

    def __init__(self, n_inputs):
        super().__init__()
        self.width, self.dimension = 8, 4
        self.encode = nn.Linear(n_inputs, 8)
        self.decode = nn.Linear(8, 4)

    def constituents(self, inputs):
        return self.encode(inputs.features).relu() * inputs.mask[..., None]

    def pool(self, constituents, mask):
        return self.decode((constituents * mask[..., None]).sum(1))


class ByPlace(Sum):
    def pool(self, constituents, mask):
        place = torch.arange(1, mask.shape[1] + 1).to(constituents)
        return super().pool(constituents * place[:, None], mask)


class Relative(Sum):
    """Embeddings are as they should be; representations have a mean over all places in them."""

    def constituents(self, inputs):
        own = super().constituents(inputs)
        return (own + own.mean(1, keepdim=True)) * inputs.mask[..., None]

    def pool(self, constituents, mask):
        return super().pool(constituents - constituents[:, :1], mask)


class MeanOverPlaces(Sum):
    def pool(self, constituents, mask):
        return self.decode(constituents.mean(1))


class AboveTheMean(Sum):
    def pool(self, constituents, mask):
        summed = constituents.sum(1)
        return self.decode(summed - summed.mean(0))


class BatchNorm(Sum):
    def __init__(self, n_inputs):
        super().__init__(n_inputs)
        self.norm = nn.BatchNorm1d(8)

    def constituents(self, inputs):
        normed = self.norm(self.encode(inputs.features).mT).mT
        return normed.relu() * inputs.mask[..., None]


class Unmasked(Sum):
    def constituents(self, inputs):
        return self.encode(inputs.features).sigmoid()


class Spread(Sum):
    def pool(self, constituents, mask):
        n = mask.sum(1, keepdim=True)
        return self.decode(constituents.square().sum(1) / (n - 1))


class Idle(Sum):
    def __init__(self, n_inputs):
        super().__init__(n_inputs)
        self.forgotten = nn.Linear(3, 3, bias=False)


class Detached(Sum):
    def pool(self, constituents, mask):
        return super().pool(constituents.detach(), mask)


class Vanishing(Sum):
    def pool(self, constituents, mask):
        return super().pool(constituents * 0, mask)


class Rooted(Sum):
    """The root has no gradient at 0."""

    def pool(self, constituents, mask):
        return super().pool(constituents.sqrt(), mask)


class Rough(Sum):
    def pool(self, constituents, mask):
        return self.decode(super().pool(300 * constituents, mask).sin() @ self.decode.weight)


class Dropping(Sum):
    """What drops out without a layer that says so: it cannot be compared in training."""

    def pool(self, constituents, mask):
        dropped = nn.functional.dropout(constituents, 0.3, self.training)
        return super().pool(dropped, mask)


class DroppingOut(BatchNorm):
    """A layer that drops out hides nothing of what follows it."""

    def __init__(self, n_inputs):
        super().__init__(n_inputs)
        self.drop = nn.Dropout(0.3)

    def pool(self, constituents, mask):
        return super().pool(self.drop(constituents), mask)


class Single(Sum):
    def pool(self, constituents, mask):
        return super().pool(constituents.float(), mask)


class Settings(OwnBackbone):
    name: Literal["tried"] = "tried"
    built: ClassVar[type[Backbone]]

    def build(self, n_inputs):
        return self.built(n_inputs)


def settings_of(network):
    class Chosen(Settings):
        built = network

    return Chosen()


def told(check, settings, base):
    """List what is told of a network or an objective that breaks promises."""
    with pytest.raises(AssertionError) as error:
        check(settings)
    head, *lines = str(error.value).split("\n- ")
    kind = settings.built
    assert head == f"{kind.__module__}.{kind.__qualname__} breaks what {base} promises:"
    return lines


@pytest.mark.parametrize("network", [Sum, Dropping], ids=lambda one: one.__name__)
def test_who_keeps_all_promises_hears_nothing(network):
    before = torch.random.get_rng_state()
    check_backbone(settings_of(network))
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize(
    ("network", "broken"),
    [
        (ByPlace, [f"{ORDER}: embeddings are off by "]),
        (
            Relative,
            [
                f"{ORDER}: embeddings are off by ",
                f"{PADDING}: representations of constituents are off by ",
            ],
        ),
        (MeanOverPlaces, [f"{PADDING}: embeddings are off by "]),
        (AboveTheMean, [f"{OTHERS}: embeddings are off by "]),
        (
            BatchNorm,
            [
                f"{PADDING}, in training (as with BatchNorm): embeddings are off by ",
                f"{OTHERS}, in training (as with BatchNorm): embeddings are off by ",
            ],
        ),
        (
            DroppingOut,
            [
                f"{PADDING}, in training (as with BatchNorm): embeddings are off by ",
                f"{OTHERS}, in training (as with BatchNorm): embeddings are off by ",
            ],
        ),
        (Unmasked, ["padded constituents are 0: up to 0."]),
        (Idle, ["every weight learns: no gradient for forgotten.weight"]),
        (Detached, ["every weight learns: no gradient for encode.weight, encode.bias"]),
        (Vanishing, ["every weight learns: no gradient for encode.weight, decode.weight"]),
        (Rooted, ["every weight learns: a gradient that is not finite for encode.weight, enc"]),
        (Rough, ["bfloat16: embeddings are off by "]),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_who_breaks_a_promise_is_told_which(network, broken):
    lines = told(check_backbone, settings_of(network), "rs3l_train.backbones.base.Backbone")
    assert len(lines) == len(broken)
    for line, expected in zip(lines, broken, strict=True):
        assert line.startswith(expected)


def test_jets_of_one_constituent_are_among_those_that_are_tried():
    with pytest.raises(AssertionError, match="one constituent is enough: 40 of 40 are not finite"):
        check_backbone(settings_of(Spread))


def test_embeddings_may_be_compared_in_double_precision():
    check_backbone(settings_of(Sum), dtype=torch.float64)
    with pytest.raises(RuntimeError, match="dtype"):
        check_backbone(settings_of(Single), dtype=torch.float64)


def test_a_shape_that_is_not_the_declared_one_is_refused_as_in_training():
    class Wide(Sum):
        def pool(self, constituents, mask):
            return super().pool(constituents, mask)[:, 1:]

    with pytest.raises(ContractError, match=r"self\.dimension numbers for each jet"):
        check_backbone(settings_of(Wide))
