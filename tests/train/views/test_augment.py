from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from rs3l_train.config import validate_training
from rs3l_train.config.pretrain import AugmentationsConfig
from rs3l_train.views.augment import collinear_splittings, soft_smearing, translated
from rs3l_train.views.inputs import inputs_at, network_inputs, orientated, relative_angles
from rs3l_train.views.memory import Batch, Selection
from rs3l_train.views.presentation import presentation


def seeded(seed=1):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def batch(jets):
    """Jets with 16 places of which about half are filled."""
    gathered = jets.gather(Selection(*jets.present.nonzero(as_tuple=True)))
    counts = 1 + torch.arange(len(gathered.mask)) % 16
    mask = gathered.mask & (torch.arange(16) < counts[:, None])
    columns = {
        name: torch.where(mask, column, 1.0 if name in ("pt", "energy") else 0.0)
        for name, column in gathered.constituents.items()
    }
    return Batch(columns, mask, gathered.jets)


def test_splittings_keep_momentum_and_direction(batch):
    split = collinear_splittings(batch, seeded())
    counts = batch.mask.sum(1)
    assert torch.equal(split.mask.sum(1), torch.minimum(2 * counts, torch.tensor(16)))
    for weight in ("pt", "energy"):
        for factor in (
            lambda b: 1,
            lambda b: b.constituents["eta"],
            lambda b: b.constituents["charge"],
            lambda b: b.constituents["d0"].square(),
        ):
            before, after = (
                (b.constituents[weight] * factor(b) * b.mask).sum(1) for b in (batch, split)
            )
            torch.testing.assert_close(before, after, rtol=1e-4, atol=1e-2)


def test_splittings_are_of_one_constituent_in_two_each(batch):
    split = collinear_splittings(batch, seeded())
    assert not torch.equal(split.constituents["pt"], batch.constituents["pt"])
    for i in range(0, len(batch.mask), 7):
        before = batch.constituents["eta"][i][batch.mask[i]].tolist()
        after = split.constituents["eta"][i][split.mask[i]].tolist()
        times = [after.count(eta) for eta in before]
        assert set(times) <= {1, 2}
        assert sum(times) == len(after)


def test_splittings_leave_order_and_padding_as_they_should_be(batch):
    split = collinear_splittings(batch, seeded())
    pt = split.constituents["pt"].masked_fill(~split.mask, 0)
    assert (pt[:, 1:] <= pt[:, :-1]).all()
    assert (split.mask[:, 1:] <= split.mask[:, :-1]).all()
    for name in ("pt", "energy"):
        assert (split.constituents[name][~split.mask] == 1).all()
        assert (split.constituents[name][split.mask] > 0).all()
    assert (split.constituents["eta"][~split.mask] == 0).all()
    inputs = network_inputs(split, "shortcut_free")
    assert inputs.features.isfinite().all()


@pytest.mark.parametrize("name", AugmentationsConfig.model_fields)
def test_each_augmentation_leaves_constituents_in_falling_pt_before_the_padding(batch, name):
    """What comes after it counts on that."""
    own = {key: type(value)(0) for key, value in AugmentationsConfig()}
    own[name] = type(own[name])(1)
    shown = presentation(validate_training({"pretrain": {"augmentations": own}}, "test"))
    inputs = shown(batch, seeded())
    assert (inputs.mask[:, 1:] <= inputs.mask[:, :-1]).all()
    pt = inputs.momenta[..., 0]
    assert (pt[:, 1:] <= pt[:, :-1]).all()
    assert torch.equal(pt > 0, inputs.mask)
    assert inputs.features.isfinite().all()


def test_the_momentum_is_shared_uniformly_but_no_part_is_less_than_a_hundredth():
    n = 4000
    column = torch.tensor([[10.0, 1.0]]).expand(n, 2)
    zero = torch.zeros(n, 2)
    mask = torch.tensor([[True, False]]).expand(n, 2)
    batch = Batch({"pt": column, "energy": column, "eta": zero}, mask, {})
    pt = collinear_splittings(batch, seeded(3)).constituents["pt"]
    torch.testing.assert_close(pt.sum(1), torch.full((n,), 10.0))
    # The harder part of a uniform sharing is uniform between one half and one.
    z = pt[:, 0] / 10
    assert float(z.mean()) == pytest.approx(0.75, abs=0.01)
    assert float(z.std()) == pytest.approx(0.5 / math.sqrt(12), abs=0.01)
    assert 0.01 - 1e-6 <= pt.min() / 10 < 0.02


def test_softer_constituents_are_smeared_more(batch):
    smeared = soft_smearing(batch, 0.1, seeded(2))
    pulls = []
    for name in ("eta", "phi"):
        shift = smeared.constituents[name] - batch.constituents[name]
        assert (shift[~batch.mask] == 0).all()
        pulls.append((shift * batch.constituents["pt"] / 0.1)[batch.mask])
    # Of the softest constituents the shift is well above rounding.
    soft = (batch.constituents["pt"] < 20)[batch.mask]
    for pull in pulls:
        assert float(pull[soft].std()) == pytest.approx(1, abs=4 / math.sqrt(2 * int(soft.sum())))
    assert abs(np.corrcoef(pulls[0][soft], pulls[1][soft])[0, 1]) < 0.1
    assert torch.equal(smeared.constituents["pt"], batch.constituents["pt"])


def test_the_softest_are_smeared_as_those_of_100_mev(batch):
    """Below, the direction would be lost."""
    soft = dict(batch.constituents) | {"pt": torch.full_like(batch.constituents["pt"], 0.01)}
    soft = Batch(soft, batch.mask, batch.jets)
    shift = soft_smearing(soft, 0.01, seeded(2)).constituents["eta"] - soft.constituents["eta"]
    spread = float(shift[batch.mask].std())
    assert spread == pytest.approx(0.01 / 0.1, rel=5 / math.sqrt(2 * int(batch.mask.sum())))


def test_smeared_energies_stay_those_of_massless_particles(batch):
    smeared = soft_smearing(batch, 0.5, seeded(2)).constituents
    massless = smeared["pt"] * smeared["eta"].cosh()
    torch.testing.assert_close(
        smeared["energy"][batch.mask], massless[batch.mask], rtol=1e-4, atol=0
    )


def test_a_jet_is_shifted_as_a_whole_within_its_extent(batch):
    before = relative_angles(batch)
    after = translated(*before, batch.mask, 0.5, seeded())
    shift = [new[:, :1] - old[:, :1] for old, new in zip(before, after, strict=True)]
    for angle, moved in zip(before, shift, strict=True):
        extent = torch.stack(
            [a[m].max() - a[m].min() for a, m in zip(angle, batch.mask, strict=True)]
        )
        assert (moved.squeeze(1).abs() <= 0.5 * extent + 1e-6).all()
        part = moved.squeeze(1)[extent > 0] / extent[extent > 0]
        assert part.min() < -0.45
        assert part.max() > 0.45
    still = network_inputs(batch, "shortcut_free")
    inputs = inputs_at(batch, "shortcut_free", *after)
    difference = (inputs.momenta - still.momenta)[..., 1]
    torch.testing.assert_close(difference, shift[0] * batch.mask, atol=1e-6, rtol=1e-5)
    # The signs of impact parameters, and all that no shift changes, stay.
    assert torch.equal(inputs.features[..., [0, 1, 5, 6, 7]], still.features[..., [0, 1, 5, 6, 7]])


def test_the_shift_does_not_tell_how_the_jet_lay(batch):
    """Its extent is that of the jet as it was turned."""
    augmented = {"translation": 1.0, "smearing": 0.0, "splitting": False}
    config = validate_training({"pretrain": {"augmentations": augmented}}, "test")
    inputs = presentation(config)(batch, seeded())
    generator = seeded()
    soft_smearing(batch, 0.0, generator)
    turned = orientated(batch, generator)
    for k, angle in enumerate(turned, start=1):
        moved = (inputs.momenta[..., k] - angle)[:, 0]
        extent = torch.stack(
            [a[m].max() - a[m].min() for a, m in zip(angle, batch.mask, strict=True)]
        )
        assert (moved.abs() <= extent + 1e-5).all()
        assert (moved.abs() / extent)[extent > 0].max() > 0.9


def test_views_are_presented_as_the_config_says(batch):
    def shown(**blocks):
        return presentation(validate_training(blocks, "test"))(batch, seeded())

    plain = shown(data={"rotation": False})
    assert torch.equal(plain.features, network_inputs(batch, "shortcut_free").features)
    turned = shown()
    assert torch.equal(turned.features, network_inputs(batch, "shortcut_free", seeded()).features)
    nothing = {name: type(value)(0) for name, value in AugmentationsConfig()}
    still = shown(data={"rotation": False}, pretrain={"augmentations": nothing})
    assert torch.equal(still.features, plain.features)
    full = shown(pretrain={"augmentations": {}})
    assert full.mask.sum() > plain.mask.sum()
    assert full.features.isfinite().all()
    first, second = shown(pretrain={"augmentations": {}}), full
    assert torch.equal(first.features, second.features)


def test_smearing_alone_moves_the_angles_and_splitting_alone_adds_constituents(batch):
    nothing = {name: type(value)(0) for name, value in AugmentationsConfig()}

    def shown(**own):
        blocks = {"data": {"rotation": False}, "pretrain": {"augmentations": {**nothing, **own}}}
        return presentation(validate_training(blocks, "test"))(batch, seeded())

    for own, change in (
        ({"smearing": 0.3}, soft_smearing(batch, 0.3, seeded())),
        ({"splitting": True}, collinear_splittings(batch, seeded())),
    ):
        expected = network_inputs(change, "shortcut_free")
        assert torch.equal(shown(**own).features, expected.features)
        assert not torch.equal(shown(**own).features, shown().features)


def test_a_jet_without_constituents_stays_one(batch):
    nothing = Batch(batch.constituents, torch.zeros_like(batch.mask), batch.jets)
    shown = presentation(validate_training({"pretrain": {"augmentations": {}}}, "test"))
    assert all((part == 0).all() for part in shown(nothing, seeded()))
