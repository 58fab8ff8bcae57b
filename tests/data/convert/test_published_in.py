"""Files in RS3L's published layout read, against naive formulas."""

import math

import h5py
import numpy as np
import pytest

from rs3l_data.convert.published import VIEWS
from rs3l_data.describe.schema import Status
from rs3l_data.errors import InputFileError, StorageError
from tests.data.convert.conftest import (
    assert_same_constituents,
    warnings_in,
    wrapped,
)
from tests.data.convert.published_file import published_file, read


def test_every_value_read_is_that_of_a_naive_formula(tmp_path):
    singletons, candidates = published_file(tmp_path / "rs3l_0.h5")
    dataset = read(tmp_path / "rs3l_0.h5", tmp_path / "ds", rows=16)
    assert dataset.views == VIEWS
    assert len(dataset) == 40, "the empty last row is no jet"
    labels = {1: "q", 2: "c", 3: "b", 4: "Hbb", 6: "g", 7: "g", 8: "g"}
    # Of a light quark there are several.
    pdg_ids = {1: 0, 2: 4, 3: 5, 4: 25, 6: 21, 7: 21, 8: 21}
    for row in range(40):
        code = int(singletons[row, 0, 0])
        assert dataset.labels[dataset.initiators["label"][row]] == labels[code]
        assert dataset.initiators["pdg_id"][row] == pdg_ids[code]
    for v, view in enumerate(VIEWS):
        jets = dataset.jets(view)
        offsets, found = dataset.constituents(view)
        assert jets["present"].all()
        for row in range(40):
            code, (pt, eta, phi, energy) = singletons[row, v, 0], singletons[row, v, 9:]
            assert jets["pt"][row] == np.float32(pt)
            assert jets["eta"][row] == np.float32(eta)
            assert wrapped(jets["phi"][row] - phi) == pytest.approx(0, abs=1e-6)
            mass = math.sqrt(energy**2 - (pt * math.cosh(eta)) ** 2)
            assert jets["mass"][row] == pytest.approx(mass, rel=1e-4)
            assert jets["gluon_splitting"][row] == {6: 4, 7: 5}.get(code, 0)
            assert math.isnan(jets["tau1"][row]), "not in these files"
            assert jets["n_b_hadrons"][row] == -1, "not in these files"
            own = candidates[row, v][:, candidates[row, v, 0] > 0]
            mine = {name: column[offsets[row] : offsets[row + 1]] for name, column in found.items()}
            absolute = np.abs(own[8])
            expected = {
                "pt": np.exp(own[0]),
                "eta": own[2] + eta,
                "phi": own[3] + phi,
                "energy": np.exp(own[5]),
                "charge": own[7],
                "category": [{211: 0, 0: 1, 22: 2, 11: 3, 13: 4}[int(one)] for one in absolute],
                "d0": np.arctanh(own[9]),
                "dz": np.arctanh(own[10]),
            }
            assert_same_constituents(mine, {k: np.asarray(x) for k, x in expected.items()})
            assert not mine["d0_error"].any()


def test_columns_that_are_nothing_are_said_to_be_unknown(tmp_path):
    published_file(tmp_path / "a.h5")
    dataset = read(tmp_path / "a.h5", tmp_path / "ds")
    jets = dataset.jets("nominal")
    nothing = {name for name, column in jets.items() if not np.isfinite(column).any()}
    nothing |= {name for name in ("n_b_hadrons", "n_c_hadrons") if (jets[name] == -1).all()}
    unknown = dataset.config["converted"]["unknown_columns"]
    assert nothing | {"contained"} == {name for name in unknown if "/" not in name}


@pytest.mark.parametrize("mark", ["jet", "candidates"])
def test_a_view_without_the_jet_has_nothing_of_it(tmp_path, mark):
    """Its pt is 0, or no candidate is there."""
    singletons, _ = published_file(tmp_path / "a.h5")
    gluon_to_bottom = int(np.flatnonzero(singletons[:, 0, 0] == 7)[0])
    with h5py.File(tmp_path / "a.h5", "a") as file:
        if mark == "jet":
            file["singletons"][gluon_to_bottom, 1, 9:] = 0
        else:
            file["jet_pflow_cands"][gluon_to_bottom, 1] = 0
    dataset = read(tmp_path / "a.h5", tmp_path / "ds")
    assert len(dataset) == 40
    jet = {name: column[gluon_to_bottom] for name, column in dataset.jets("seed").items()}
    assert not any(jet[name] for name in ("present", "contained", "n_constituents"))
    assert jet["status"] == Status.FAILED_SELECTION
    assert (jet["gluon_splitting"], jet["n_b_hadrons"]) == (0, 0)
    assert dataset.jets("seed")["present"].sum() == 39
    assert np.diff(dataset.constituents("seed")[0])[gluon_to_bottom] == 0


def test_candidates_below_1_gev_are_left_out(tmp_path):
    """Readers of these files take log pt > 0 for the mask."""
    _, candidates = published_file(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "a") as file:
        file["jet_pflow_cands"][2, 0, 0, 1] = -0.5
    dataset = read(tmp_path / "a.h5", tmp_path / "ds")
    count = np.count_nonzero(candidates[2, 0, 0]) - 1
    assert dataset.jets("nominal")["n_constituents"][2] == count
    assert dataset.constituents("nominal")[1]["pt"].min() > 1


@pytest.mark.parametrize("n_views", [1, 3])
def test_files_of_fewer_versions_have_the_first_ones(tmp_path, n_views):
    published_file(tmp_path / "a.h5", n=8, n_views=n_views)
    assert read(tmp_path / "a.h5", tmp_path / "ds").views == VIEWS[:n_views]


@pytest.mark.parametrize("n_absent", [0, 10])
def test_eta_and_phi_swapped_in_one_version_are_corrected(tmp_path, caplog, n_absent):
    """Also where a shard has no jet of that version, by which it could be told."""
    singletons, candidates = published_file(tmp_path / "right.h5")
    with h5py.File(tmp_path / "right.h5", "a") as file:
        singletons[:n_absent, 0, 9:] = candidates[:n_absent, 0] = 0
        file["singletons"][:], file["jet_pflow_cands"][:] = singletons, candidates
    eta, phi = singletons[:, 0, 10].copy(), singletons[:, 0, 11].copy()
    singletons[:, 0, 10], singletons[:, 0, 11] = phi, eta
    there = candidates[:, 0, 0] > 0
    candidates[:, 0, 2] += np.where(there, (eta - phi)[:, None], 0)
    candidates[:, 0, 3] = np.where(there, wrapped(candidates[:, 0, 3] + (phi - eta)[:, None]), 0)
    with h5py.File(tmp_path / "wrong.h5", "w") as file:
        file["singletons"], file["jet_pflow_cands"] = singletons, candidates
    right = read(tmp_path / "right.h5", tmp_path / "a", rows=10).read_view("nominal")
    wrong = read(tmp_path / "wrong.h5", tmp_path / "b", rows=10).read_view("nominal")
    (told,) = warnings_in(caplog)
    assert "swapped in the view nominal" in told
    np.testing.assert_allclose(wrong.jets["eta"], right.jets["eta"], atol=1e-6)
    np.testing.assert_allclose(wrong.jets["mass"], right.jets["mass"], rtol=1e-4)
    assert_same_constituents(wrong.constituents, right.constituents)


def test_saturated_impact_parameters_stay_finite_and_keep_their_sign(tmp_path):
    _, candidates = published_file(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        file["jet_pflow_cands"][:, :, 9] = np.where(candidates[:, :, 0] > 0, -1, 0)
    _, found = read(tmp_path / "a.h5", tmp_path / "ds").constituents("nominal")
    assert np.isfinite(found["d0"]).all()
    assert (found["d0"] < -8).all()


def test_jets_with_less_energy_than_momentum_are_told(tmp_path, caplog):
    """Where eta and phi are swapped, by the right eta."""
    singletons, _ = published_file(tmp_path / "a.h5")
    right = read(tmp_path / "a.h5", tmp_path / "ds").jets("seed")["mass"]
    assert not warnings_in(caplog)
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        file["singletons"][[3, 7], 1, 12] = singletons[[3, 7], 1, 12] / 2
    found = read(tmp_path / "a.h5", tmp_path / "other").jets("seed")["mass"]
    assert found[[3, 7]].tolist() == [0, 0]
    assert (found != right).sum() == 2
    (told,) = warnings_in(caplog)
    assert "a.h5: view 'seed': 2 jets have less energy than momentum" in told
    assert "the first is jet 3, with" in told


def test_a_number_without_a_label_is_an_error_until_it_has_one(tmp_path):
    published_file(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        file["singletons"][7, :, 0] = 11
        file["singletons"][8, :, 0] = 9
    both = r"row 7 has jettype 11.*say it: --jettype 9=LABEL --jettype 11=LABEL$"
    with pytest.raises(InputFileError, match=both):
        read(tmp_path / "a.h5", tmp_path / "ds", rows=5)
    assert not (tmp_path / "ds").exists()
    dataset = read(tmp_path / "a.h5", tmp_path / "ds", labels={11: "W", 9: "Z"})
    assert [dataset.labels[label] for label in dataset.initiators["label"][7:9]] == ["W", "Z"]


@pytest.mark.parametrize("row", [3, 7])
@pytest.mark.parametrize(
    ("table", "column", "value", "message"),
    [
        ("jet_pflow_cands", 0, np.inf, "a particle's log pt is inf"),
        ("jet_pflow_cands", 0, np.nan, "a particle's log pt is nan"),
        ("jet_pflow_cands", 7, np.nan, "a particle's charge is nan"),
        ("jet_pflow_cands", 8, np.nan, "a particle's PDG code is nan"),
        ("jet_pflow_cands", 2, np.nan, "a particle's eta is nan"),
        ("jet_pflow_cands", 3, np.nan, "a particle's phi is nan"),
        ("jet_pflow_cands", 5, np.nan, "a particle's energy is nan"),
        ("jet_pflow_cands", 9, np.nan, "a particle's d0 is nan"),
        ("singletons", 9, np.nan, "its pt is nan"),
        ("singletons", 9, np.inf, "its pt is inf"),
        ("singletons", 10, np.nan, "its eta is nan"),
        ("singletons", 12, np.inf, "its mass is inf"),
    ],
)
def test_values_that_are_not_finite_are_named(tmp_path, table, column, value, message, row):
    """Before the axes are compared, too, which are those of the first rows."""
    published_file(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        file[table][(row, 1, column, *[0] * (file[table].ndim - 3))] = value
    with pytest.raises(InputFileError, match=rf"a\.h5: view 'seed': jet {row}: {message}"):
        read(tmp_path / "a.h5", tmp_path / "ds", rows=5)
    assert not (tmp_path / "ds").exists()


@pytest.mark.parametrize(
    ("column", "change"),
    [
        (0, lambda log_pt: np.exp(log_pt) / 50),
        (0, lambda log_pt: np.where(log_pt > 0, log_pt + math.log(2), 0)),
        (2, lambda deta: np.where(deta == 0, 0, deta + 1.5)),
    ],
)
def test_other_contents_of_the_columns_are_noticed(tmp_path, column, change):
    _, candidates = published_file(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        file["jet_pflow_cands"][:, :, column] = change(candidates[:, :, column])
    with pytest.raises(InputFileError, match=r"'nominal'.* times the jet's pt"):
        read(tmp_path / "a.h5", tmp_path / "ds")


def test_other_layouts_are_refused(tmp_path):
    path = tmp_path / "a.h5"
    path.write_text("no HDF5")
    with pytest.raises(InputFileError, match=r"a\.h5: not an HDF5 file"):
        read(path, tmp_path / "ds")
    with h5py.File(path, "w") as file:
        file["singletons"] = np.zeros((3, 5, 13))
    with pytest.raises(InputFileError, match="expected the dataset 'jet_pflow_cands'"):
        read(path, tmp_path / "ds")
    with h5py.File(path, "a") as file:
        file["jet_pflow_cands"] = np.zeros((3, 5, 100, 11))
    with pytest.raises(InputFileError, match=r"expected \(N, 1 to 5, 13 or more\)"):
        read(path, tmp_path / "ds")
    with h5py.File(path, "w") as file:
        file["singletons"] = np.zeros((3, 5, 13), int)
    with pytest.raises(InputFileError, match=r"'singletons' with 3 axes of floating-point numbers"):
        read(path, tmp_path / "ds")


@pytest.mark.parametrize(
    ("jets", "candidates"),
    [
        ((3, 5, 13), (2, 5, 11, 9)),
        ((3, 5, 13), (3, 4, 11, 9)),
        ((3, 6, 13), (3, 6, 11, 9)),
        ((3, 0, 13), (3, 0, 11, 9)),
        ((3, 5, 12), (3, 5, 11, 9)),
    ],
)
def test_other_shapes_are_refused(tmp_path, jets, candidates):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["singletons"], file["jet_pflow_cands"] = np.zeros(jets), np.zeros(candidates)
    with pytest.raises(InputFileError, match=r"expected \(N, 1 to 5, 13 or more\)"):
        read(tmp_path / "a.h5", tmp_path / "ds")


def test_further_columns_of_the_jets_are_passed_over(tmp_path):
    singletons, _ = published_file(tmp_path / "a.h5", n=8)
    with h5py.File(tmp_path / "a.h5", "a") as file:
        del file["singletons"]
        file["singletons"] = np.concatenate([singletons, singletons[..., :1]], axis=2)
    assert len(read(tmp_path / "a.h5", tmp_path / "ds")) == 8


def test_whatever_hdf5_makes_of_damaged_bytes_is_told(tmp_path):
    """Numbers of a type that there is none for are no fault of a file to it."""
    published_file(tmp_path / "a.h5", n=5)
    content = (tmp_path / "a.h5").read_bytes()
    # How HDF5 describes a double: bits, places of exponent and mantissa, the exponent's bias.
    double = bytes([0, 0, 64, 0, 52, 11, 0, 52])
    assert content.count(double + bytes([255, 3])) == 2
    damaged = content.replace(double + bytes([255, 3]), double + bytes([255, 127]))
    (tmp_path / "a.h5").write_bytes(damaged)
    with pytest.raises(InputFileError, match=r"a\.h5: damaged: Insufficient precision"):
        read(tmp_path / "a.h5", tmp_path / "ds")


def test_only_empty_rows_are_no_dataset(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["singletons"], file["jet_pflow_cands"] = np.zeros((3, 5, 13)), np.zeros((3, 5, 11, 9))
    with pytest.raises(InputFileError, match="no jet found"):
        read(tmp_path / "a.h5", tmp_path / "ds")
    assert [path.name for path in tmp_path.iterdir()] == ["a.h5"]


def test_nothing_is_overwritten(tmp_path, folder):
    published_file(tmp_path / "a.h5")
    with pytest.raises(StorageError, match="something already"):
        read(tmp_path / "a.h5", folder)
