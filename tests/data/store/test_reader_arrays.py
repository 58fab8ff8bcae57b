"""A dataset read as padded arrays of NumPy, and as records of Awkward."""

import awkward as ak
import numpy as np
import pytest

import rs3l_data
from rs3l_data.errors import InputFileError
from tests.synthetic import make_dataset


def test_padded_features_are_in_the_order_asked_for(dataset):
    padded = dataset.to_numpy("nominal", 8, columns=["charge", "pt"])
    offsets, columns = dataset.constituents("nominal")
    row = int(np.argmax(np.diff(offsets)))
    first = slice(offsets[row], offsets[row] + 8)
    assert np.array_equal(padded["features"][row, :, 0], columns["charge"][first])
    assert np.array_equal(padded["features"][row, :, 1], columns["pt"][first])
    assert padded["jets"]["mass"].shape == (90,)


def test_awkward_records_are_momenta(dataset):
    array = dataset.to_awkward("nominal")
    there = array[array.jet.present]
    total = ak.sum(there.constituents, axis=1)
    assert total.pt.to_numpy() == pytest.approx(there.jet.pt.to_numpy(), rel=1e-4)
    assert total.mass.to_numpy() == pytest.approx(there.jet.mass.to_numpy(), rel=1e-2)
    assert ak.all(there.constituents.deltaR(there.jet) < 2)
    assert array.initiator.event.to_list() == dataset.initiators["event"].tolist()
    higgs = array[array.initiator.label == 0]
    assert set(ak.num(higgs.decays).to_list()) == {2}
    assert higgs.decays.pdg_id[0].to_list() == [5, -5]


@pytest.mark.parametrize("columns", [[], ["d0"], ["phi", "eta", "d0"], ["pt", "eta", "phi"]])
def test_records_of_some_columns_can_be_read(dataset, columns):
    """Those that are no whole momentum have the behaviour of what they are."""
    offsets, expected = dataset.constituents("seed", columns)
    one, all_views = dataset.to_awkward("seed", columns), dataset.to_awkward(columns=columns)
    for constituents in (one.constituents, all_views.seed.constituents):
        assert constituents.fields == columns
        assert ak.num(constituents).to_list() == np.diff(offsets).tolist()
        for name in columns:
            assert ak.flatten(constituents[name]).to_list() == expected[name].tolist()
    if "pt" in columns:
        assert ak.all(ak.flatten(one.constituents.deltaR(one.jet)) < 2)


def test_all_views_at_once(dataset):
    """Padded and as records: each view as it is by itself."""
    padded = dataset.to_numpy(columns=["pt", "charge"])
    array = dataset.to_awkward(columns=["pt", "eta", "phi", "energy"])
    width = padded["mask"].shape[2]
    for i, view in enumerate(dataset.views):
        alone = dataset.to_numpy(view, width, columns=["pt", "charge"])
        assert np.array_equal(padded["features"][i], alone["features"])
        assert np.array_equal(padded["mask"][i], alone["mask"])
        assert np.array_equal(padded["jets"]["pt"][i], alone["jets"]["pt"], equal_nan=True)
        there = array[view][array[view].jet.present]
        assert ak.all(ak.sum(there.constituents, axis=1).deltaR(there.jet) < 0.01)
    assert array.seed.constituents.fields == ["pt", "eta", "phi", "energy"]
    both = array[array.nominal.jet.present & array.seed.jet.present]
    assert ak.all(both.nominal.jet.deltaR(both.seed.jet) < 0.5)


def test_a_view_called_as_a_field_of_the_records_is_read_alone(tmp_path):
    dataset = rs3l_data.open(make_dataset(tmp_path / "ds", 3, views=("nominal", "decays")))
    with pytest.raises(InputFileError, match=r"called as another field .*to_awkward\('decays'\)"):
        dataset.to_awkward()
    assert dataset.to_awkward("decays").fields == ["initiator", "decays", "jet", "constituents"]
