from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rs3l_data.describe.schema import Category
from rs3l_train.views.batches import all_views, labelled_batches, one_view
from rs3l_train.views.inputs import INPUTS, N_INPUTS, network_inputs, relative_angles
from rs3l_train.views.memory import Batch, Selection, load
from rs3l_train.views.orientation import random_orientation


def one_jet(constituents, pt=500.0, eta=0.0, phi=0.0, mass=80.0, padding=0):
    """A batch of one jet; its constituents by (pt, eta, phi, energy, category, charge, d0...)."""
    names = ("pt", "eta", "phi", "energy", "category", "charge", "d0", "d0_error", "dz", "dz_error")
    rows = [*constituents, *[(1, 0, 0, 1, 0, 0, 0, 0, 0, 0)] * padding]
    table = torch.tensor(rows, dtype=torch.float32).T[:, None]
    mask = torch.arange(len(rows))[None] < len(constituents)
    jet = {"pt": pt, "eta": eta, "phi": phi, "mass": mass}
    return Batch(
        dict(zip(names, table, strict=True)), mask, {k: torch.tensor([v]) for k, v in jet.items()}
    )


def test_gathering_gives_the_hardest_constituents_of_the_right_jet_and_view(dataset, jets):
    rows = torch.tensor([5, 0, 17, 5])
    views = torch.tensor([1, 0, 2, 0])
    batch = jets.gather(Selection(views, rows))
    for i, (view, row) in enumerate(zip(views.tolist(), rows.tolist(), strict=True)):
        table = dataset.jets(jets.names[view])
        offsets, columns = dataset.constituents(jets.names[view])
        n = min(16, offsets[row + 1] - offsets[row]) if table["present"][row] else 0
        assert batch.mask[i].sum() == n
        for name in ("pt", "d0", "category"):
            expected = columns[name][offsets[row] : offsets[row] + n].astype(np.float32)
            np.testing.assert_array_equal(batch.constituents[name][i, :n].numpy(), expected)


def test_no_feature_is_ever_nan_and_padding_is_zero(jets):
    everything = Selection(*jets.present.nonzero(as_tuple=True))
    for inputs in INPUTS:
        batch = jets.gather(everything)
        features = network_inputs(batch, inputs, torch.Generator().manual_seed(1)).features
        assert features.shape == (*batch.mask.shape, N_INPUTS[inputs])
        assert features.isfinite().all()
        assert (features[~batch.mask] == 0).all()
        assert features[batch.mask].abs().sum(0).min() > 0


def test_an_absent_jet_is_all_padding(jets):
    absent = Selection(*(~jets.present).nonzero(as_tuple=True))
    assert len(absent) > 0
    assert not jets.gather(absent).mask.any()


def test_rs3l_inputs_are_the_papers_by_hand():
    photon = (50.0, 0.3, -3.1, 60.0, Category.PHOTON, 0, 0, 0, 0, 0)
    pion = (20.0, 0.1, 3.0, 25.0, Category.CHARGED_HADRON, -1, -0.2, 0.1, 1.5, 0.1)
    batch = one_jet([photon, pion], pt=500, eta=0.2, phi=3.1, mass=80, padding=1)
    features = network_inputs(batch, "rs3l").features[0]
    jet_energy = math.sqrt(80**2 + (500 * math.cosh(0.2)) ** 2)
    dphi = 2 * math.pi - 6.2
    kinematics = [math.log(50), math.log(0.1), 0.1, dphi, math.log(60), math.log(60 / jet_energy)]
    np.testing.assert_allclose(
        features[0].numpy(),
        [*kinematics, 0, 0, 0, math.hypot(0.1, dphi), 1, 0, 0, 0, 0],
        rtol=1e-4,
        atol=1e-6,
    )
    np.testing.assert_allclose(
        features[1, 6:].numpy(),
        [-1, math.tanh(-0.2), math.tanh(1.5), math.hypot(0.1, 0.1), 0, 0, 0, 1, 0],
        rtol=1e-4,
    )
    assert (features[2] == 0).all()


def test_safe_inputs_by_hand():
    pion = (20.0, 0.1, 3.0, 25.0, Category.CHARGED_HADRON, -1, -0.2, 0.1, 1.5, 0.1)
    features = network_inputs(one_jet([pion], pt=500, eta=0.2, phi=3.1), "shortcut_free").features
    kinematics = [math.log(20) / 2 - 1, math.log(20 / 500) / 2 + 2]
    angles = [-0.25, -0.25, math.hypot(0.25, 0.25)]
    categories = [category == Category.CHARGED_HADRON for category in Category]
    np.testing.assert_allclose(
        features[0, 0].numpy(),
        [*kinematics, *angles, -1, math.asinh(2) / 4, -math.asinh(15) / 4, *categories],
        rtol=1e-4,
    )


@given(st.floats(-math.pi, math.pi), st.floats(-0.8, 0.8))
def test_dphi_does_not_notice_where_the_azimuth_is_cut(phi, offset):
    constituent = (phi + offset + math.pi) % (2 * math.pi) - math.pi
    batch = one_jet([(1, 0, constituent, 1, 0, 0, 0, 0, 0, 0)], phi=phi)
    assert float(relative_angles(batch)[1]) == pytest.approx(offset, abs=1e-5)


@given(st.floats(-2, 2))
def test_safe_inputs_do_not_know_how_far_forward_a_jet_is(eta):
    def features(axis, inputs):
        # Resolutions grow with |eta|; what a track is, in units of them, does not.
        d0_error, dz_error = 0.02 * math.cosh(axis), 0.1 * math.cosh(axis) ** 2
        impact = (5 * d0_error, d0_error, 3 * dz_error, dz_error)
        pions = [
            (pt, axis + deta, dphi, pt * math.cosh(axis + deta), 0, 1, *impact)
            for pt, deta, dphi in ((100, 0.1, 0.2), (3, -0.4, 0.1))
        ]
        return network_inputs(one_jet(pions, eta=axis), inputs).features

    torch.testing.assert_close(
        features(eta, "shortcut_free"), features(0.0, "shortcut_free"), atol=1e-4, rtol=1e-3
    )
    if abs(eta) > 0.5:
        assert (features(eta, "rs3l") - features(0.0, "rs3l")).abs().max() > 0.05


def test_the_sign_of_flight_survives_a_mirror():
    """There d0 changes its sign with Δφ, or dz with Δη; their products, the inputs, do not."""
    track = (20.0, -0.1, 0.2, 20.1, 0, 1, 0.3, 0.05, -0.4, 0.1)
    in_phi = (20.0, -0.1, -0.2, 20.1, 0, 1, -0.3, 0.05, -0.4, 0.1)
    in_eta = (20.0, 0.1, 0.2, 20.1, 0, 1, 0.3, 0.05, 0.4, 0.1)
    seen, *mirrored = (
        network_inputs(one_jet([t]), "shortcut_free").features[0, 0]
        for t in (track, in_phi, in_eta)
    )
    assert seen[6:8].tolist() == pytest.approx([math.asinh(6) / 4, math.asinh(4) / 4])
    for angle, other in zip((3, 2), mirrored, strict=True):
        assert torch.equal(seen[6:8], other[6:8])
        assert seen[angle] == -other[angle]


def test_significances_are_bounded_and_zero_without_a_track():
    wild = (20.0, 0.1, 0.2, 20.1, 0, 1, 1e6, 1e-6, -1e6, 1e-6)
    neutral = (20.0, 0.1, 0.2, 20.1, 2, 0, 0, 0, 0, 0)
    features = network_inputs(one_jet([wild, neutral]), "shortcut_free").features[0]
    assert features.abs().max() < 3
    assert (features[1, 5:10] == 0).all()


@settings(max_examples=30)
@given(st.integers(0, 2**31))
def test_turning_a_jet_keeps_all_distances_and_products(seed):
    generator = torch.Generator().manual_seed(seed)
    deta, dphi = torch.randn(2, 5, 7, generator=generator, dtype=torch.float64)
    x, y = random_orientation(deta, dphi, generator)
    dot = deta[:, :, None] * deta[:, None] + dphi[:, :, None] * dphi[:, None]
    turned = x[:, :, None] * x[:, None] + y[:, :, None] * y[:, None]
    torch.testing.assert_close(turned, dot)


def test_half_of_the_jets_are_reflected_and_all_angles_occur():
    n = 4000
    deta = torch.tensor([1.0, 0.0]).expand(n, 2)
    dphi = torch.tensor([0.0, 1.0]).expand(n, 2)
    x, y = random_orientation(deta, dphi, torch.Generator().manual_seed(1))
    parity = x[:, 0] * y[:, 1] - x[:, 1] * y[:, 0]
    assert abs(float((parity > 0).float().mean()) - 0.5) < 4 * 0.5 / math.sqrt(n)
    angle = torch.atan2(y[:, 0], x[:, 0])
    counts = torch.histc(angle, 8, -math.pi, math.pi)
    assert float((counts - n / 8).abs().max()) < 5 * math.sqrt(n / 8)


def test_labelled_batches_go_through_everything_once(jets):
    selection = all_views(jets.present, torch.arange(20))
    assert len(selection) == int(jets.present[:, :20].sum())
    batches = list(labelled_batches(selection, 7, torch.Generator().manual_seed(1)))
    keys = sorted(torch.cat([b.rows * 3 + b.views for b in batches]).tolist())
    assert keys == sorted((selection.rows * 3 + selection.views).tolist())


def test_one_view_is_of_the_jets_that_have_it(jets):
    for view in range(3):
        rows = torch.arange(jets.n_rows).flip(0)
        single = one_view(jets.present, rows, view)
        assert 0 < len(single) < jets.n_rows
        assert (single.views == view).all()
        assert single.rows.tolist() == [row for row in rows.tolist() if jets.present[view, row]]


def test_fewer_constituents_are_the_first_of_more(dataset, jets):
    small = load(dataset, jets.names, 4, torch.device("cpu"))
    selection = one_view(jets.present, torch.arange(30), 0)
    torch.testing.assert_close(
        small.gather(selection).constituents["pt"], jets.gather(selection).constituents["pt"][:, :4]
    )


def test_labelled_batches_are_of_one_size_at_most_and_in_an_order_of_their_seed(jets):
    selection = all_views(jets.present, torch.arange(20))
    epochs = []
    for seed in (1, 1, 2):
        batches = list(labelled_batches(selection, 7, torch.Generator().manual_seed(seed)))
        sizes = [len(batch) for batch in batches]
        assert max(sizes) <= 7
        assert max(sizes) - min(sizes) <= 1
        assert len(sizes) == math.ceil(len(selection) / 7)
        epochs.append(torch.cat([batch.rows * 3 + batch.views for batch in batches]).tolist())
    assert epochs[0] == epochs[1]
    assert epochs[0] != epochs[2]
