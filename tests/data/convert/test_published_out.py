"""Datasets written in RS3L's published layout, against naive formulas."""

import math

import h5py
import numpy as np
import pytest

import rs3l_data
from rs3l_data.convert.published import VIEWS
from rs3l_data.convert.published_in import _within
from rs3l_data.convert.published_out import write_published
from rs3l_data.describe.schema import Split
from rs3l_data.errors import ConfigError, InputFileError
from tests.data.convert.conftest import (
    assert_same_constituents,
    energy_of,
    jets_by_pt,
    wrapped,
)
from tests.data.convert.published_file import PDG_ID, published_file, read
from tests.synthetic import make_dataset, make_older


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


def test_no_angle_is_rounded_up_to_pi():
    """The float32 nearest to π lies above it, and angles of a dataset below."""
    found = _within(np.array([np.nextafter(np.pi, 0), 3.0, -np.pi]))
    np.testing.assert_array_equal(found, np.array([-np.pi, 3.0, -np.pi], np.float32))


def jettypes_of(folder, tmp_path, change=lambda file: None, **options):
    """Write the one shard of a dataset, changed, as a published file, and give its jettypes."""
    with h5py.File(folder / "shard-0000.h5", "a") as file:
        change(file)
    dataset = rs3l_data.open([folder / "shard-0000.h5"])
    write_published(dataset, tmp_path / "a.h5", ("nominal",), **options)
    with h5py.File(tmp_path / "a.h5") as file:
        return np.unique(file["singletons"][:, 0, 0]).tolist()


@pytest.mark.parametrize(("quark", "jettype"), [(5, 11), (4, 10), (1, 10)])
def test_a_z_boson_to_bottom_has_a_number_of_its_own(tmp_path, quark, jettype):
    def change(file):
        codes = file["decays/pdg_id"]
        codes[...] = np.sign(codes[:]) * quark

    folder = make_dataset(tmp_path / "ds", 5, ("nominal",), ("hbb",), n_shards=1, labels=("Z",))
    assert jettypes_of(folder, tmp_path, change) == [jettype]


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
    folder = make_dataset(tmp_path / "ds", 5, ("nominal",), ("top",), n_shards=1)
    with pytest.raises(ConfigError, match=r"'top' has no number.*--jettype top="):
        jettypes_of(folder, tmp_path)
    assert jettypes_of(folder, tmp_path, jettypes={"top": 12}) == [12]


def test_labels_that_are_left_out_need_no_number(tmp_path):
    folder = make_dataset(tmp_path / "ds", 5, ("nominal",), ("hbb", "top"), labels=("Hbb", "top"))
    dataset = rs3l_data.open(folder).select(labels="Hbb")
    assert write_published(dataset, tmp_path / "a.h5", ("nominal",))["n_jets"] > 0
