"""JetNet, salt and Parquet: what their readers find is what a naive formula gives."""

import awkward as ak
import h5py
import numpy as np
import pyarrow
import pyarrow.parquet as pq
import pytest
import yaml

from rs3l_data.convert.jetnet import write_jetnet
from rs3l_data.convert.parquet import write_parquet
from rs3l_data.convert.salt import write_salt
from rs3l_data.describe.schema import CONSTITUENTS, DECAYS, JETS
from rs3l_data.errors import ConfigError
from tests.data.convert.conftest import energy_of, jets_by_pt, wrapped


def test_jetnet(dataset, tmp_path):
    counts = write_jetnet(dataset, tmp_path / "out", "seed", 8, {"Hbb": "h"}, rows=20)
    assert sorted(path.name for path in counts) == ["g8.hdf5", "h8.hdf5"]
    ours = jets_by_pt(dataset, "seed")
    seen = 0
    for path, n in counts.items():
        with h5py.File(path) as file:
            particles, jets = file["particle_features"][:], file["jet_features"][:]
        assert particles.shape == (n, 8, 4)
        assert jets.shape == (n, 4)
        for found, features in zip(particles, jets, strict=True):
            row, jet, own = ours[float(features[0])]
            label = dataset.labels[dataset.initiators["label"][row]]
            assert path.name == {"g": "g8.hdf5", "Hbb": "h8.hdf5"}[label]
            assert features.tolist()[:3] == [jet["pt"], jet["eta"], jet["mass"]]
            count = min(8, len(own["pt"]))
            assert features[3] == count
            assert found[:, 3].tolist() == [1] * count + [0] * (8 - count)
            assert not found[count:].any()
            expected = [
                own["eta"][:count].astype(float) - jet["eta"],
                wrapped(own["phi"][:count].astype(float) - jet["phi"]),
                own["pt"][:count].astype(float) / jet["pt"],
            ]
            np.testing.assert_allclose(found[:count, :3].T, expected, rtol=1e-5, atol=1e-6)
            seen += 1
    assert seen == len(ours)


def test_jetnet_leaves_no_class_of_another_export_behind(dataset, tmp_path):
    write_jetnet(dataset, tmp_path, "nominal", 30)
    write_jetnet(dataset, tmp_path, "nominal", 150)
    with pytest.raises(ConfigError, match=r"has Hbb\.hdf5 of another export"):
        write_jetnet(dataset.select(labels="g"), tmp_path, "nominal", 30)


def test_jetnet_names_of_the_package(dataset, tmp_path):
    for n, suffix in ((30, ""), (150, "150")):
        counts = write_jetnet(dataset.select(labels="g"), tmp_path, "nominal", n)
        assert [path.name for path in counts] == [f"g{suffix}.hdf5"]


def test_salt(dataset, tmp_path):
    [(path, n)] = write_salt(dataset, tmp_path, "fsr_up", 9, rows=20).items()
    with h5py.File(path) as file:
        jets, constituents = file["jets"][:], file["constituents"][:]
        classes = list(file["jets"].attrs["flavour_label"])
    ours = jets_by_pt(dataset, "fsr_up")
    assert len(jets) == n == len(ours)
    assert constituents.shape == (n, 9)
    for one, found in zip(jets, constituents, strict=True):
        row, jet, own = ours[float(one["pt"])]
        assert classes[one["flavour_label"]] == dataset.labels[dataset.initiators["label"][row]]
        assert one["eventNumber"] == dataset.initiators["event"][row]
        assert one["energy"] == pytest.approx(energy_of(jet), rel=1e-6)
        for name in ("eta", "mass", "tau2", "n_constituents"):
            assert one[name] == jet[name], name
        count = min(9, len(own["pt"]))
        assert found["valid"].tolist() == [True] * count + [False] * (9 - count)
        valid = found[found["valid"]]
        for name in ("pt", "eta", "phi", "energy", "charge", "d0", "d0_error", "dz", "dz_error"):
            assert valid[name].tolist() == own[name][:count].tolist(), name
        np.testing.assert_allclose(valid["deta"], own["eta"][:count] - jet["eta"], atol=1e-6)
        dphi = wrapped(own["phi"][:count].astype(float) - jet["phi"])
        np.testing.assert_allclose(valid["dphi"], dphi, atol=1e-6)
        kinds = ("ChargedHadron", "NeutralHadron", "Photon", "Electron", "Muon")
        flags = [valid[f"is{kind}"] for kind in kinds]
        assert np.argmax(flags, axis=0).tolist() == own["category"][:count].tolist()
        assert np.sum(flags, axis=0).tolist() == [1] * count
        assert not any(found[~found["valid"]][name].any() for name in ("pt", "eta", "charge"))
    norm = yaml.safe_load((tmp_path / "norm_dict.yaml").read_text())
    for table, name in ((jets, "pt"), (constituents[constituents["valid"]], "dphi")):
        own = norm["jets" if table is jets else "constituents"][name]
        assert own["mean"] == pytest.approx(table[name].astype(float).mean(), rel=1e-9)
        assert own["std"] == pytest.approx(table[name].astype(float).std(), rel=1e-9)
    weights = yaml.safe_load((tmp_path / "class_dict.yaml").read_text())["jets"]["flavour_label"]
    effective = [w * np.sum(jets["flavour_label"] == i) for i, w in enumerate(weights)]
    assert effective == pytest.approx([n / 2, n / 2]), "as if classes were equal, on average 1"


def test_salt_classes_are_those_that_have_jets(dataset, tmp_path):
    [path] = write_salt(dataset.select(labels="g"), tmp_path, "nominal")
    with h5py.File(path) as file:
        assert list(file["jets"].attrs["flavour_label"]) == ["g"]
        assert set(file["jets"]["flavour_label"]) == {0}


def test_parquet(dataset, tmp_path):
    [(path, n)] = write_parquet(dataset, tmp_path, "herwig", rows=20).items()
    assert pq.ParquetFile(path).metadata.num_row_groups == len(dataset) // 20
    rows = pq.read_table(path).to_pylist()
    ours = {
        (dataset.processes[p], int(e), int(i)): row
        for row, (p, e, i) in enumerate(
            zip(*(dataset.initiators[k] for k in ("process", "event", "initiator")), strict=True)
        )
    }
    jets, columns = dataset.jets("herwig"), dataset.initiators
    offsets, constituents = dataset.constituents("herwig")
    decay_offsets, decays = dataset.decays()
    assert len(rows) == n == jets["present"].sum()
    for found in rows:
        row = ours.pop((found["process"], found["event"], found["initiator"]))
        assert found["view"] == "herwig"
        assert found["label"] == dataset.labels[columns["label"][row]]
        assert found["split"] == ("train", "validation", "test")[columns["split"][row]]
        for column in JETS:
            np.testing.assert_equal(found[f"jet_{column.name}"], jets[column.name][row].item())
        for name in ("pdg_id", "pt", "eta", "phi", "mass"):
            assert found[f"hard_{name}"] == columns[name][row]
        for name, own, at, schema in (
            ("constituents", constituents, offsets, CONSTITUENTS),
            ("decays", decays, decay_offsets, DECAYS),
        ):
            for column in schema:
                expected = own[column.name][at[row] : at[row + 1]].tolist()
                assert [one[column.name] for one in found[name]] == expected
    assert not jets["present"][list(ours.values())].any(), "only absent jets are left out"


def test_parquet_is_read_by_awkward(dataset, tmp_path):
    if int(pyarrow.__version__.split(".")[0]) < 26:
        pytest.importorskip("pandas", reason="awkward asks Arrow for types, and Arrow pandas")
    [path] = write_parquet(dataset, tmp_path, "nominal")
    array = ak.from_parquet(path, columns=["jet_pt", "constituents.pt"])
    assert array.fields == ["jet_pt", "constituents"]
    assert ak.sum(array.constituents.pt) == pytest.approx(
        float(dataset.constituents("nominal")[1]["pt"].sum(dtype=float)), rel=1e-6
    )
