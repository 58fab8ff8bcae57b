"""JetClass's layout, both ways, with uproot as the independent reader and writer."""

import math
import shutil
import uuid

import awkward as ak
import numpy as np
import pytest
import uproot

import rs3l_data
from rs3l_data.convert.jetclass import CLASSES
from rs3l_data.convert.jetclass_in import read_jetclass
from rs3l_data.convert.jetclass_out import write_jetclass
from rs3l_data.convert.sources import Source
from rs3l_data.describe.schema import Category, Split
from rs3l_data.errors import ConfigError, InputFileError
from rs3l_data.integrity.validate import validate
from tests.data.convert.conftest import (
    assert_same_constituents,
    energy_of,
    jets_by_pt,
    warnings_in,
    wrapped,
)
from tests.synthetic import make_dataset, make_older

FLAGS = ("isChargedHadron", "isNeutralHadron", "isPhoton", "isElectron", "isMuon")
BRANCHES = {
    *(f"part_{name}" for name in ("px", "py", "pz", "energy", "deta", "dphi", "charge")),
    *(f"part_{name}" for name in ("d0val", "d0err", "dzval", "dzerr", *FLAGS)),
    *(f"label_{name}" for name in CLASSES),
    *(f"jet_{name}" for name in ("pt", "eta", "phi", "energy", "nparticles", "sdmass")),
    *(f"jet_tau{n}" for n in (1, 2, 3, 4)),
    *(f"aux_genpart_{name}" for name in ("eta", "phi", "pid", "pt")),
    "aux_truth_match",
}


def jetclass_file(path, n=50, seed=2, change=lambda branches: None):
    """Write a file like JetClass's: jets at both signs of eta, particles in no order."""
    rng = np.random.default_rng(seed)
    parts = {name: [] for name in BRANCHES if name.startswith("part_")}
    flat = {name: [] for name in BRANCHES if not name.startswith("part_")}
    for row in range(n):
        count = rng.integers(1, 40)
        pt = rng.exponential(20, count) + 0.5
        eta, phi = rng.normal(0, 1) + rng.normal(0, 0.1, count), rng.normal(0, 2, count) * 0.1 + row
        energy = np.hypot(pt * np.cosh(eta), 0.14)
        px, py, pz = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
        jet_pt = math.hypot(px.sum(), py.sum())
        jet_eta, jet_phi = math.asinh(pz.sum() / jet_pt), math.atan2(py.sum(), px.sum())
        kind = rng.integers(0, 5, count)
        charged = np.isin(kind, (0, 3, 4))
        values = {
            **{"px": px, "py": py, "pz": pz, "energy": energy},
            "deta": (eta - jet_eta) * (1 if jet_eta > 0 else -1),
            "dphi": wrapped(phi - jet_phi),
            "charge": np.where(charged, rng.choice([-1, 1], count), 0),
            **{name: np.where(charged, rng.normal(0, 1, count), 0) for name in ("d0val", "dzval")},
            **{name: np.where(charged, rng.random(count), 0) for name in ("d0err", "dzerr")},
            **{flag: kind == k for k, flag in enumerate(FLAGS)},
        }
        for name, column in values.items():
            parts[f"part_{name}"].append(column.astype(np.float32))
        jet = {"pt": jet_pt, "eta": jet_eta, "phi": jet_phi, "energy": energy.sum()}
        for name, value in jet.items():
            flat[f"jet_{name}"].append(value)
        flat["jet_nparticles"].append(count)
        for name in ("sdmass", "tau1", "tau2", "tau3", "tau4"):
            flat[f"jet_{name}"].append(rng.random())
        # JetClass's program finds no particle for QCD jets, and leaves zeros.
        found = row % len(CLASSES) != CLASSES.index("QCD")
        for name, value in zip(("pt", "eta", "phi"), rng.random(3), strict=True):
            flat[f"aux_genpart_{name}"].append(value * found)
        flat["aux_genpart_pid"].append(25 * found)
        flat["aux_truth_match"].append(row % 2)
        for k, name in enumerate(CLASSES):
            flat[f"label_{name}"].append(k == row % len(CLASSES))
    branches = {name: ak.Array(column) for name, column in parts.items()}
    branches |= {name: np.array(column, np.float32) for name, column in flat.items()}
    change(branches)
    with uproot.recreate(path) as file:
        file["tree"] = branches
    return branches


def read(path, to, **options):
    read_jetclass([Source(path, options.pop("split", None))], to, **options)
    return rs3l_data.open(to)


def test_every_value_read_is_that_of_a_naive_formula(tmp_path):
    source = jetclass_file(tmp_path / "a.root")
    dataset = read(tmp_path / "a.root", tmp_path / "ds", rows=20, split=Split.TRAIN)
    assert dataset.views == ("nominal",)
    assert [shard.n_rows for shard in dataset.shards] == [20, 20, 10]
    assert (dataset.initiators["split"] == Split.TRAIN).all()
    assert validate(tmp_path / "ds").valid
    names = {"Zqq": "Z", "Wqq": "W", "Tbqq": "top"}
    jets = dataset.jets("nominal")
    offsets, found = dataset.constituents("nominal")
    for row in range(50):
        label = dataset.labels[dataset.initiators["label"][row]]
        assert label == names.get(CLASSES[row % 10], CLASSES[row % 10])
        for name in ("pt", "eta", "phi", "tau1", "tau2", "tau3", "tau4"):
            assert jets[name][row] == source[f"jet_{name}"][row]
        assert jets["softdrop_mass"][row] == source["jet_sdmass"][row]
        assert jets["contained"][row] == source["aux_truth_match"][row]
        assert dataset.initiators["pdg_id"][row] == (0 if label == "QCD" else 25)
        for name in ("pt", "eta", "phi"):
            told = np.nan if label == "QCD" else source[f"aux_genpart_{name}"][row]
            np.testing.assert_equal(dataset.initiators[name][row], told)
            np.testing.assert_equal(jets[f"initiator_{name}"][row], told)
        assert energy_of({k: c[row] for k, c in jets.items()}) == pytest.approx(
            source["jet_energy"][row], rel=1e-6
        )
        part = {name: ak.to_numpy(source[name][row]) for name in source if name[:5] == "part_"}
        pt = np.hypot(part["part_px"], part["part_py"])
        order = np.argsort(-pt, kind="stable")
        expected = {
            "pt": pt,
            "eta": np.arcsinh(part["part_pz"] / pt),
            "phi": np.arctan2(part["part_py"], part["part_px"]),
            "energy": part["part_energy"],
            "charge": part["part_charge"],
            "category": np.argmax([part[f"part_{flag}"] for flag in FLAGS], axis=0),
            "d0": part["part_d0val"],
            "dz": part["part_dzval"],
        }
        mine = {name: column[offsets[row] : offsets[row + 1]] for name, column in found.items()}
        assert_same_constituents(mine, {name: one[order] for name, one in expected.items()})
        assert mine["d0_error"].tolist() == part["part_d0err"][order].tolist()
        assert mine["dz_error"].tolist() == part["part_dzerr"][order].tolist()


def test_a_charged_particle_without_a_flag_is_a_charged_hadron(tmp_path):
    def without_flags(branches):
        for flag in FLAGS:
            branches[f"part_{flag}"] = ak.zeros_like(branches[f"part_{flag}"])

    jetclass_file(tmp_path / "a.root", change=without_flags)
    _, found = read(tmp_path / "a.root", tmp_path / "ds").constituents("nominal")
    charged = found["category"] == Category.CHARGED_HADRON
    np.testing.assert_array_equal(charged, found["charge"] != 0)
    assert {*found["charge"].tolist()} == {-1, 0, 1}
    assert (found["category"][~charged] == Category.NEUTRAL_HADRON).all()


def test_what_is_read_and_written_again_is_the_file(tmp_path):
    source = jetclass_file(tmp_path / "a.root")
    dataset = read(tmp_path / "a.root", tmp_path / "ds")
    counts = write_jetclass(dataset, tmp_path / "out", "nominal", rows=7)
    assert {path.name: n for path, n in counts.items()} == {f"{name}.root": 5 for name in CLASSES}
    tables = [uproot.open(path)["tree"].arrays() for path in counts]
    assert set(tables[0].fields) >= BRANCHES
    back = ak.concatenate(tables)
    order, expected = np.argsort(back["jet_pt"]), np.argsort(source["jet_pt"])
    for name in sorted(BRANCHES):
        mine, theirs = back[name][order], ak.Array(source[name])[expected]
        if name.startswith("part_"):
            falling = ak.argsort(
                -np.hypot(source["part_px"], source["part_py"])[expected], stable=True
            )
            mine, theirs = ak.flatten(mine), ak.flatten(theirs[falling])
        values = ak.to_numpy(mine), ak.to_numpy(theirs)
        np.testing.assert_allclose(*values, rtol=1e-5, atol=1e-5, err_msg=name)


def test_ours_comes_back(dataset, tmp_path):
    counts = write_jetclass(dataset, tmp_path / "out", "seed", rows=20)
    present = dataset.jets("seed")["present"]
    assert {path.stem: n for path, n in counts.items()} == {
        name: np.sum(present & (dataset.initiators["label"] == index))
        for index, name in enumerate(("Hbb", "QCD"))
    }
    ours = jets_by_pt(dataset, "seed")
    for path in counts:
        back = read(path, tmp_path / path.stem)
        for pt, (row, jet, constituents) in jets_by_pt(back, "nominal").items():
            own_row, own_jet, own = ours[pt]
            assert_same_constituents(constituents, own)
            for name in ("d0_error", "dz_error"):
                assert constituents[name].tolist() == own[name].tolist()
            for name in ("eta", "phi", "softdrop_mass", "tau1", "n_constituents", "contained"):
                assert jet[name] == own_jet[name], name
            assert back.initiators["pdg_id"][row] == dataset.initiators["pdg_id"][own_row]


def test_a_file_does_not_tell_which_machine_and_process_wrote_it(dataset, tmp_path):
    for path in write_jetclass(dataset, tmp_path / "out", "nominal"):
        with uproot.open(path) as file:
            assert file.file.uuid.node != uuid.getnode()
        # Its name while it was written, which has the number of the process.
        assert b".part" not in path.read_bytes()


def test_a_dataset_older_than_tau4_has_none_to_give(tmp_path):
    folder = make_dataset(tmp_path / "ds", 20, ("nominal",), ("q",))
    for shard in folder.glob("*.h5"):
        make_older(shard, "1.1")
    (path,) = write_jetclass(rs3l_data.open([*folder.glob("*.h5")]), tmp_path / "out", "nominal")
    written = uproot.open(path)["tree"].arrays(["jet_tau3", "jet_tau4"])
    assert ak.all(np.isnan(written["jet_tau4"]))
    assert not ak.any(np.isnan(written["jet_tau3"]))


def test_a_further_label_needs_a_class(tmp_path):
    dataset = rs3l_data.open(make_dataset(tmp_path / "ds", 5, ("nominal",), ("zprime",)))
    with pytest.raises(ConfigError, match=r"'zprime' is no class.*--class zprime="):
        write_jetclass(dataset, tmp_path / "out", "nominal")
    with pytest.raises(ConfigError, match=r"zprime=Tbq is no class.*did you mean 'Tbqq'"):
        write_jetclass(dataset, tmp_path / "out", "nominal", {"zprime": "Tbq"})
    counts = write_jetclass(dataset, tmp_path / "out", "nominal", {"zprime": "Tbqq"})
    assert [path.name for path in counts] == ["Tbqq.root"]


def test_files_of_two_exports_are_not_mixed(tmp_path):
    dataset = rs3l_data.open(make_dataset(tmp_path / "ds", 5, ("nominal",), ("q", "Hbb")))
    assert len(write_jetclass(dataset, tmp_path, "nominal")) == 2
    assert len(write_jetclass(dataset, tmp_path, "nominal")) == 2
    with pytest.raises(ConfigError, match=r"has QCD\.root of another export"):
        write_jetclass(dataset.select(labels=["Hbb"]), tmp_path, "nominal")


def _two_labels(branches):
    branches["label_QCD"][13] = 1


def _no_charge(branches):
    del branches["part_charge"]


def _a_particle_of_the_next_jet(branches):
    counts = ak.num(branches["part_energy"]).to_numpy()
    counts[13:15] += [1, -1]
    branches["part_energy"] = ak.unflatten(ak.flatten(branches["part_energy"]), counts)


def _of_jet(name, row, value):
    """Change one jet, or its first particle."""

    def change(branches):
        values = ak.to_list(branches[name])
        if name.startswith("part_"):
            values[row][0] = value
        else:
            values[row] = value
        branches[name] = ak.values_astype(ak.Array(values), np.float32)

    return change


def _along_the_beam(branches):
    for name in ("part_px", "part_py"):
        _of_jet(name, 13, 0)(branches)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_of_jet("part_d0val", 13, np.nan), "jet 13: part_d0val is nan, expected a finite"),
        (_of_jet("part_energy", 13, np.inf), "jet 13: part_energy is inf"),
        (_of_jet("part_charge", 13, np.nan), "jet 13: part_charge is nan"),
        (_of_jet("aux_genpart_pt", 13, np.nan), "jet 13: aux_genpart_pt is nan"),
        (_along_the_beam, "jet 13: a particle's eta is -?inf"),
        (_of_jet("jet_pt", 13, np.nan), "jet 13: its pt is nan"),
        (_of_jet("jet_energy", 13, np.inf), "jet 13: its mass is inf"),
        (_two_labels, "jet 13 has 2 labels"),
        (_no_charge, "no branches part_charge"),
        (_a_particle_of_the_next_jet, "jet 13 has .* particles in part_energy, and .* in part_px"),
    ],
)
def test_faults_of_a_file_are_named(tmp_path, change, message):
    jetclass_file(tmp_path / "a.root", change=change)
    with pytest.raises(InputFileError, match=rf"a\.root: {message}"):
        read(tmp_path / "a.root", tmp_path / "ds", rows=10)
    assert not (tmp_path / "ds").exists()


def test_values_that_break_a_promise_are_told_and_kept(tmp_path, caplog):
    """As JetClass itself has subjettiness that is none."""

    def change(branches):
        for row in (3, 13):
            _of_jet("jet_tau1", row, np.nan)(branches)
        _of_jet("part_charge", 4, 9)(branches)
        _of_jet("jet_energy", 14, 1)(branches)

    jetclass_file(tmp_path / "a.root", change=change)
    told = read_jetclass([Source(tmp_path / "a.root", None)], tmp_path / "ds", rows=10)
    findings = validate(tmp_path / "ds")
    # A charge, and one of a neutral hadron.
    assert findings.counts == {"finite": 2, "ranges": 1, "tracks": 1}
    assert told["violations"] == 4
    energy, finite, ranges, tracks = warnings_in(caplog)
    assert f"{tmp_path}/a.root: 1 jets have less energy than momentum" in energy
    assert "and so no mass; the first is jet 14, with 1 and " in energy
    assert finite.startswith(f"{tmp_path}/ds/jetclass-00000.h5: /views/nominal/jets/tau1 row 3: ")
    assert "[finite]; there are 2 of this kind, of which `rs3l-data validate` tells more" in finite
    assert "charge row 4: found 9, expected -1, 0 or 1 [ranges]; there are 1" in ranges
    assert "[tracks]; there are 1" in tracks


@pytest.mark.parametrize("content", [b"", b"no ROOT file at all", b"root" + bytes(200)])
def test_what_is_no_root_file_is_refused(tmp_path, content):
    (tmp_path / "a.root").write_bytes(content)
    with pytest.raises(InputFileError, match=r"a\.root: cannot be read as a ROOT file"):
        read(tmp_path / "a.root", tmp_path / "ds")


def test_a_missing_or_truncated_root_file_is_refused(tmp_path):
    with pytest.raises(InputFileError, match=r"b\.root: no such file$"):
        read(tmp_path / "b.root", tmp_path / "ds")
    jetclass_file(tmp_path / "a.root")
    whole = (tmp_path / "a.root").read_bytes()
    for size in (len(whole) // 3, len(whole) * 9 // 10):
        (tmp_path / "a.root").write_bytes(whole[:size])
        with pytest.raises(InputFileError, match=r"a\.root: cannot be read"):
            read(tmp_path / "a.root", tmp_path / "ds")


def test_whatever_uproot_makes_of_damaged_bytes_is_told(tmp_path):
    """Of some it raises failed assertions, of others that something is not implemented."""
    jetclass_file(tmp_path / "a.root", n=5)
    whole = np.frombuffer((tmp_path / "a.root").read_bytes(), np.uint8)
    rng = np.random.default_rng(0)
    n_refused = 0
    for _ in range(20):
        damaged = whole.copy()
        # Many, as an older uproot leaves more of a file without a meaning.
        damaged[rng.integers(0, len(whole), 20)] ^= 0xFF
        (tmp_path / "a.root").write_bytes(damaged.tobytes())
        shutil.rmtree(tmp_path / "ds", ignore_errors=True)
        try:
            read(tmp_path / "a.root", tmp_path / "ds")
        except InputFileError:
            n_refused += 1
    assert n_refused > 10
