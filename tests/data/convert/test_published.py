"""RS3L's published layout, both ways. Reading and writing are each held against naive formulas."""

import math

import h5py
import numpy as np
import pytest

import rs3l_data
from rs3l_data.convert.published import VIEWS
from rs3l_data.convert.published_in import _within, read_published
from rs3l_data.convert.published_out import write_published
from rs3l_data.convert.sources import Source
from rs3l_data.describe.schema import Split, Status
from rs3l_data.errors import ConfigError, InputFileError, StorageError
from tests.data.convert.conftest import (
    assert_same_constituents,
    energy_of,
    jets_by_pt,
    wrapped,
)
from tests.synthetic import make_dataset, make_older

PDG_ID = {0: 211, 1: 0, 2: 22, 3: -11, 4: -13}
CODES = (1, 2, 3, 4, 6, 7, 8)


def read(path, to, **options):
    read_published([Source(path, options.pop("split", None))], to, **options)
    return rs3l_data.open(to)


def published_file(path, n=40, n_views=5, n_candidates=12, seed=1):
    """Write a file as the authors' scripts make it: a loop over jets, zeros where nothing is."""
    rng = np.random.default_rng(seed)
    singletons = np.zeros((n + 1, n_views, 13))
    candidates = np.zeros((n + 1, n_views, 11, n_candidates))
    for row in range(n):  # the last row stays empty
        for view in range(n_views):
            axis_eta, axis_phi = rng.uniform(-2, 2), rng.uniform(-math.pi, math.pi)
            count = rng.integers(3, n_candidates + 1)
            pt = np.sort(1 + rng.exponential(40, count))[::-1]
            eta = axis_eta + rng.normal(0, 0.05, count)
            phi = wrapped(axis_phi + rng.normal(0, 0.05, count))
            energy = pt * np.cosh(eta)
            px, py, pz = (pt * f for f in (np.cos(phi), np.sin(phi), np.sinh(eta)))
            jet_pt = np.hypot(px.sum(), py.sum())
            jet_eta, jet_phi = np.arcsinh(pz.sum() / jet_pt), np.arctan2(py.sum(), px.sum())
            singletons[row, view] = [
                CODES[row % len(CODES)],
                *rng.normal(size=8),
                *(jet_pt, jet_eta, jet_phi, energy.sum()),
            ]
            kind = rng.integers(0, 5, count)
            charge = np.where(np.isin(kind, (0, 3, 4)), rng.choice([-1, 1], count), 0)
            deta, dphi = eta - jet_eta, wrapped(phi - jet_phi)
            for place in range(count):
                pdg_id = PDG_ID[kind[place]] * (charge[place] or 1)
                candidates[row, view, :, place] = [
                    math.log(pt[place]),
                    math.log(pt[place] / jet_pt),
                    deta[place],
                    dphi[place],
                    math.hypot(deta[place], dphi[place]),
                    math.log(energy[place]),
                    math.log(energy[place] / energy.sum()),
                    charge[place],
                    pdg_id,
                    math.tanh(rng.normal(0, 0.1)) if charge[place] else 0,
                    math.tanh(rng.normal(0, 0.2)) if charge[place] else 0,
                ]
    with h5py.File(path, "w") as file:
        file["singletons"], file["jet_pflow_cands"] = singletons, candidates
    return singletons, candidates


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


def test_no_row_in_all_views_is_an_error(tmp_path):
    dataset = rs3l_data.open(make_dataset(tmp_path / "ds", 30, ("nominal", "seed")))
    here, there = (dataset.jets(view)["present"] for view in dataset.views)
    apart = dataset[here & ~there]
    assert len(apart)
    numbers = {"higgs": 4, "qcd": 1}
    with pytest.raises(InputFileError, match="rows has a jet in each of the views nominal, seed"):
        write_published(apart, tmp_path / "out.h5", ("nominal", "seed"), jettypes=numbers)
    assert not (tmp_path / "out.h5").exists()


def test_what_is_read_and_written_again_is_the_file(tmp_path):
    singletons, candidates = published_file(tmp_path / "in.h5")
    dataset = read(tmp_path / "in.h5", tmp_path / "ds")
    result = write_published(dataset, tmp_path / "out.h5", VIEWS, 12, rows=7)
    assert result == {"n_jets": 40, "left_out": 0}
    with h5py.File(tmp_path / "out.h5") as file:
        jets, found = file["singletons"][:], file["jet_pflow_cands"][:]
    assert jets.shape == (40, 5, 13)
    assert found.shape == (40, 5, 11, 12)
    order = np.argsort(jets[:, 0, 9])
    expected = np.argsort(singletons[:40, 0, 9])
    known = [0, 9, 10, 11, 12]
    np.testing.assert_allclose(
        jets[order][..., known], singletons[expected][..., known], rtol=2e-6, atol=1e-6
    )
    assert np.isnan(jets[..., 1:9]).all(), "what nobody has described is not made up"
    np.testing.assert_allclose(found[order], candidates[expected], rtol=2e-6, atol=3e-6)


def test_every_value_written_is_that_of_a_naive_formula(dataset, tmp_path):
    result = write_published(dataset, tmp_path / "out.h5", n_candidates=10, rows=30)
    in_all = np.all([dataset.jets(view)["present"] for view in VIEWS], axis=0)
    assert result == {"n_jets": in_all.sum(), "left_out": (~in_all).sum()}
    assert (~in_all).sum() > 0
    with h5py.File(tmp_path / "out.h5") as file:
        singletons, candidates = file["singletons"][:], file["jet_pflow_cands"][:]
    of_row = {view: jets_by_pt(dataset, view) for view in VIEWS}
    for jets, found in zip(singletons, candidates, strict=True):
        rows = set()
        for v, view in enumerate(VIEWS):
            row, jet, constituents = of_row[view][float(jets[v, 9])]
            rows.add(row)
            label = dataset.labels[dataset.initiators["label"][row]]
            assert jets[v, 0] == {"Hbb": 4, "g": 8}[label]
            assert jets[v, 12] == pytest.approx(energy_of(jet), rel=1e-6)
            hard = np.flatnonzero(constituents["pt"] > 1)[:10]
            assert np.count_nonzero(found[v, 0]) == len(hard)
            for place, i in enumerate(hard):
                one = {name: float(column[i]) for name, column in constituents.items()}
                deta, dphi = one["eta"] - jet["eta"], wrapped(one["phi"] - jet["phi"])
                pdg_id = PDG_ID[int(one["category"])] * (one["charge"] or 1)
                expected = [
                    math.log(one["pt"]),
                    math.log(one["pt"] / jet["pt"]),
                    deta,
                    dphi,
                    math.hypot(deta, dphi),
                    math.log(one["energy"]),
                    math.log(one["energy"] / energy_of(jet)),
                    one["charge"],
                    pdg_id,
                    math.tanh(one["d0"]),
                    math.tanh(one["dz"]),
                ]
                np.testing.assert_allclose(found[v, :, place], expected, rtol=1e-5, atol=3e-6)
        assert len(rows) == 1, "all versions are of one initiator"


def test_ours_comes_back(dataset, tmp_path):
    write_published(dataset, tmp_path / "out.h5")
    back = read(tmp_path / "out.h5", tmp_path / "ds", split=Split.TEST)
    assert (back.initiators["split"] == Split.TEST).all()
    for view in VIEWS:
        ours = jets_by_pt(dataset, view)
        for pt, (row, jet, constituents) in jets_by_pt(back, view).items():
            own_row, own_jet, own = ours[pt]
            own = {name: column[own["pt"] > 1] for name, column in own.items()}
            assert_same_constituents(constituents, own)
            assert jet["mass"] == pytest.approx(own_jet["mass"], rel=1e-3)
            labels = [
                one.labels[one.initiators["label"][at]]
                for one, at in ((dataset, own_row), (back, row))
            ]
            assert labels[0] == labels[1]


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
    assert "swapped in the view nominal" in caplog.text
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


def test_no_angle_is_rounded_up_to_pi():
    """The float32 nearest to π lies above it, and angles of a dataset below."""
    found = _within(np.array([np.nextafter(np.pi, 0), 3.0, -np.pi]))
    np.testing.assert_array_equal(found, np.array([-np.pi, 3.0, -np.pi], np.float32))


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
        ("jet_pflow_cands", 0, np.inf, "a particle's pt is inf"),
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


@pytest.mark.parametrize(("quark", "jettype"), [(5, 11), (4, 10), (1, 10)])
def test_a_z_boson_to_bottom_has_a_number_of_its_own(tmp_path, quark, jettype):
    folder = make_dataset(tmp_path / "ds", 5, ("nominal",), ("hbb",), n_shards=1, labels=("Z",))
    with h5py.File(folder / "shard-0000.h5", "a") as file:
        codes = file["decays/pdg_id"]
        codes[...] = np.sign(codes[:]) * quark
    dataset = rs3l_data.open([folder / "shard-0000.h5"])
    write_published(dataset, tmp_path / "a.h5", ("nominal",))
    with h5py.File(tmp_path / "a.h5") as file:
        assert np.unique(file["singletons"][:, 0, 0]).tolist() == [jettype]


def jettypes_of(folder, tmp_path, change=lambda file: None, **options):
    """Write the one shard of a dataset, changed, as a published file, and give its jettypes."""
    with h5py.File(folder / "shard-0000.h5", "a") as file:
        change(file)
    dataset = rs3l_data.open([folder / "shard-0000.h5"])
    write_published(dataset, tmp_path / "a.h5", ("nominal",), **options)
    with h5py.File(tmp_path / "a.h5") as file:
        return np.unique(file["singletons"][:, 0, 0]).tolist()


@pytest.mark.parametrize(
    ("label", "own", "jettype"),
    [("W", None, 9), ("Z", None, 11), ("Hbb", {"Hbb": 14}, 14), ("Z", {"Z": 12}, 12)],
)
def test_a_label_has_the_number_that_is_said_or_known(tmp_path, label, own, jettype):
    folder = make_dataset(tmp_path / "ds", 5, ("nominal",), ("hbb",), n_shards=1, labels=(label,))
    assert jettypes_of(folder, tmp_path, jettypes=own) == [jettype]


def test_only_gluons_are_told_apart_by_what_they_split_to(tmp_path):
    def change(file):
        splitting = file["views/nominal/jets/gluon_splitting"]
        splitting[...] = np.full(len(splitting), 5)

    processes, labels = ("one", "two"), ("c", "g")
    folder = make_dataset(tmp_path / "ds", 5, ("nominal",), processes, n_shards=1, labels=labels)
    assert jettypes_of(folder, tmp_path, change) == [2, 7]


def test_gluons_from_before_it_was_known_what_they_split_to_are_gluons(tmp_path):
    folder = make_dataset(tmp_path / "ds", 5, ("nominal",), ("g",), n_shards=1)
    make_older(folder / "shard-0000.h5", "1.0")
    assert jettypes_of(folder, tmp_path) == [8]


def test_jets_come_in_an_order_of_no_meaning_and_always_the_same(dataset, tmp_path):
    written = []
    for name in ("a.h5", "b.h5"):
        write_published(dataset, tmp_path / name, ("nominal",))
        with h5py.File(tmp_path / name) as file:
            written.append(file["singletons"][:, 0, 9])
    assert np.array_equal(*written)
    row_of = {float(pt): row for row, pt in enumerate(dataset.jets("nominal")["pt"])}
    rows = [row_of[float(pt)] for pt in written[0]]
    assert rows != sorted(rows)


def test_a_label_without_number_is_an_error(tmp_path):
    folder = make_dataset(tmp_path / "ds", 5, ("nominal",), ("top",))
    dataset = rs3l_data.open(folder)
    with pytest.raises(ConfigError, match=r"'top' has no number.*--jettype top="):
        write_published(dataset, tmp_path / "a.h5", ("nominal",))
    write_published(dataset, tmp_path / "a.h5", ("nominal",), jettypes={"top": 12})
    with h5py.File(tmp_path / "a.h5") as file:
        assert (file["singletons"][:, 0, 0] == 12).all()


def test_labels_that_are_left_out_need_no_number(tmp_path):
    folder = make_dataset(tmp_path / "ds", 5, ("nominal",), ("hbb", "top"), labels=("Hbb", "top"))
    dataset = rs3l_data.open(folder).select(labels="Hbb")
    assert write_published(dataset, tmp_path / "a.h5", ("nominal",))["n_jets"] > 0
