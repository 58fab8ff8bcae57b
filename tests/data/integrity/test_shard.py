"""Every promise broken once in a sound shard, and found with dataset and row."""

import json

import h5py
import numpy as np
import pytest

import rs3l_data
from rs3l_data.errors import InputFileError
from rs3l_data.integrity.validate import validate
from tests.data.integrity.conftest import change, change_config, recreate

SEED = "views/seed"


def put(row, value):
    def function(values):
        values[row] = value

    return function


def add(row, value):
    def function(values):
        values[row] += value

    return function


def row_where(path, name, condition, nth=0):
    with h5py.File(path) as file:
        return int(np.flatnonzero(condition(file[name][:]))[nth])


def found(path, kind, dataset, row=None):
    """Validate, and check that this violation, among those that follow from it, is told."""
    findings = validate(path, at_most=1000)
    mine = [v for v in findings.violations if v.kind == kind and v.dataset == dataset]
    assert mine, [str(v) for v in findings.violations]
    assert mine[0].file == str(path)
    if row is not None:
        assert row in [violation.row for violation in mine]
    return findings


def test_a_sound_shard_has_nothing_to_tell(shard):
    findings = validate(shard)
    assert findings.valid
    assert not findings.violations
    assert findings.unchecked == ["the jets' selection: the config has no `jets`"]


def test_a_process_may_have_a_label_for_each_initiator(shard):
    def told(of_code):
        qcd = {"events": 10, "label": "qcd"}
        change_config(shard, processes={"higgs": {"label": of_code}, "qcd": qcd})
        return [v for v in validate(shard, at_most=1000).violations if v.kind == "labels"]

    assert not told({"25": "higgs", "6": "qcd"})
    wrong = told({"25": "H", "6": "qcd"})
    assert wrong[0].expected == "the label of its PDG code in the process 'higgs': 25: H, 6: qcd"
    assert told({"twentyfive": "higgs"})
    # A label of the process, but another initiator's.
    change(shard, "initiators/label", put(0, 1))
    assert [v.row for v in told({"25": "higgs", "6": "qcd"})] == [0]


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "a\0b"])
def test_a_name_that_is_no_folders_is_refused(shard, name):
    """`split` makes folders of the processes' names."""
    with h5py.File(shard, "a") as file:
        file.attrs["process_names"] = json.dumps([name, "qcd"])
    with pytest.raises(InputFileError, match=r"attribute 'process_names': .*expected a list of na"):
        rs3l_data.open([shard])


def test_partons_have_the_label_of_their_flavour(shard):
    change_config(shard, processes={"higgs": {"label": "higgs"}, "qcd": {"label": "by_flavour"}})
    told = [v for v in validate(shard, at_most=1000).violations if v.kind == "labels"]
    assert told
    assert "1: q, 2: q, 3: q, 4: c, 5: b, 21: g" in told[0].expected


@pytest.mark.parametrize(
    ("kind", "name", "function", "row"),
    [
        ("offsets", f"{SEED}/constituents/offsets", put(0, 1), 0),
        ("offsets", f"{SEED}/constituents/offsets", put(4, -1), 3),
        ("offsets", "decays/offsets", put(2, 10**15), 2),
        ("ids", "initiators/event", put(3, -4), 3),
        ("ranges", "initiators/split", put(5, 7), 5),
        ("splits", "initiators/split", lambda v: v.__setitem__(1, (v[1] + 1) % 3), 1),
        ("labels", "initiators/label", lambda v: v.__setitem__(2, 1 - v[2]), 2),
        ("finite", "initiators/weight", put(4, np.nan), 4),
        ("ranges", "initiators/phi", put(6, 4), 6),
        ("ranges", "initiators/pt", put(6, 0), 6),
        ("finite", "decays/mass", put(1, np.inf), 0),
        ("ranges", f"{SEED}/jets/status", put(2, 9), 2),
        ("ranges", f"{SEED}/jets/gluon_splitting", put(2, 3), 2),
        ("ranges", f"{SEED}/jets/n_b_hadrons", put(2, -1), 2),
        ("counts", f"{SEED}/jets/n_constituents", add(2, 1), 2),
        ("ranges", f"{SEED}/constituents/charge", put(0, 5), 0),
        ("ranges", f"{SEED}/constituents/category", put(0, 9), 0),
        ("ranges", f"{SEED}/constituents/d0_error", put(1, -1), 0),
        ("ranges", f"{SEED}/constituents/energy", put(1, 1e-3), 0),
        ("ranges", f"{SEED}/constituents/pt", put(1, 0), 0),
        ("finite", f"{SEED}/constituents/eta", put(1, np.nan), 0),
        ("order", f"{SEED}/constituents/pt", lambda v: v.__setitem__(1, 2 * v[0]), 0),
    ],
)
def test_values(shard, kind, name, function, row):
    change(shard, name, function)
    found(shard, kind, f"/{name}", row)


def test_a_column_that_is_shorter_than_its_table(shard):
    recreate(shard, f"{SEED}/jets/pt", lambda values: values[:-1])
    found(shard, "length", f"/{SEED}/jets/pt")


def test_further_weights_that_are_no_numbers(shard):
    with h5py.File(shard, "a") as file:
        group = file.create_group("weights")
        group.attrs["names"] = group.attrs["meanings"] = '["up", "down"]'
        values = np.ones((len(file["initiators/event"]), 2))
        values[3, 1] = np.nan
        group["values"] = values
    assert found(shard, "finite", "/weights/values", 3).counts["finite"] == 1


def test_jets_that_are_not_the_sum_of_their_constituents(shard):
    row = row_where(shard, f"{SEED}/jets/present", lambda values: values, nth=3)
    for column, factor in (("pt", 1.0001), ("phi", 1.001), ("mass", 1.2)):
        change(shard, f"{SEED}/jets/{column}", lambda v, f=factor: v.__setitem__(row, v[row] * f))
        findings = found(shard, "sums", f"/{SEED}/jets", row)
        assert findings.counts["sums"] == 1
        change(shard, f"{SEED}/jets/{column}", lambda v, f=factor: v.__setitem__(row, v[row] / f))


def test_sums_are_told_as_unchecked_where_constituents_are_incomplete(shard):
    change(shard, f"{SEED}/jets/mass", lambda values: values.__imul__(2))
    assert not validate(shard).valid
    with h5py.File(shard, "a") as file:
        file.attrs["constituents_complete"] = "false"
        del file[SEED].attrs["row_sum"]
    findings = validate(shard)
    assert findings.valid
    assert any("sums of constituents" in what for what in findings.unchecked)


def test_values_that_keep_every_promise_are_not_those_that_were_written(shard):
    row = row_where(shard, f"{SEED}/jets/present", lambda values: values)
    change(shard, f"{SEED}/jets/tau1", lambda values: put(row, 2 * values[row])(values))
    findings = found(shard, "digest", f"/{SEED} attribute row_sum")
    assert findings.counts == {"digest": 1}, "the other view is as it was"
    assert validate(shard, with_digest=False).valid


def test_a_sum_that_is_not_that_of_the_content(shard):
    with h5py.File(shard, "a") as file:
        true = file[SEED].attrs["row_sum"]
        file[SEED].attrs["row_sum"] = file["views/nominal"].attrs["row_sum"]
    (violation,) = found(shard, "digest", f"/{SEED} attribute row_sum").violations
    assert violation.expected == f"{true}, as the content has"


def test_a_sum_that_is_no_number_is_damage(shard):
    with h5py.File(shard, "a") as file:
        file[SEED].attrs["row_sum"] = "0x12"
    with pytest.raises(InputFileError, match=r"shard-0000\.h5.*'row_sum': found '0x12', expected"):
        validate(shard)


def test_a_shard_of_an_older_version_says_nothing_of_its_content(shard):
    with h5py.File(shard, "a") as file:
        for view in file["views"].values():
            del view.attrs["row_sum"]
    assert validate(shard).valid


def test_constituents_in_another_order(shard):
    def swap(values):
        values[[1, 2]] = values[[2, 1]]

    with h5py.File(shard) as file:
        names = [n for n in file[f"{SEED}/constituents"] if n != "offsets"]
    for name in names:
        change(shard, f"{SEED}/constituents/{name}", swap)
    findings = found(shard, "order", f"/{SEED}/constituents/pt", 0)
    assert [*findings.counts] == ["order"]


def test_tracks_of_neutral_candidates(shard):
    category = f"{SEED}/constituents/category"
    item = row_where(shard, category, lambda values: values == 2)
    change(shard, f"{SEED}/constituents/dz", put(item, 0.5))
    findings = found(shard, "tracks", f"/{SEED}/constituents/dz")
    assert [*findings.counts] == ["tracks"]


def test_presence_and_absence(shard):
    present = f"{SEED}/jets/present"
    change(shard, f"{SEED}/jets/present", put(slice(None), True))
    change(shard, f"{SEED}/jets/status", put(slice(None), 0))
    there = row_where(shard, f"{SEED}/jets/pt", np.isfinite)
    gone = int(there == 0)
    change(shard, present, put(gone, False))
    findings = found(shard, "present", f"/{SEED}/jets/status", gone)
    assert "absent" in findings.counts, "its columns still have values"


def test_rows_of_an_event_apart(shard):
    with h5py.File(shard) as file:
        process = file["initiators/process"][:]
        names = [*file["initiators"]]
    # Rows: higgs, qcd, qcd, higgs, ...: the second parton of an event goes behind the next row.
    first = int(np.flatnonzero(process == 1)[0])
    assert process[first : first + 3].tolist() == [1, 1, 0]

    def swap(values):
        values[[first + 1, first + 2]] = values[[first + 2, first + 1]]

    for name in names:
        change(shard, f"initiators/{name}", swap)
    findings = found(shard, "events", "/initiators/event", first + 2)
    assert findings.counts == {"events": 1}


def test_ids_that_come_twice(shard):
    row = row_where(shard, "initiators/initiator", lambda values: values == 1)
    change(shard, "initiators/initiator", put(row, 0))
    assert found(shard, "ids", "/initiators/initiator", row).counts == {"ids": 1}


@pytest.mark.parametrize("event", [0, 2])
def test_weights_that_differ_within_an_event(shard, event):
    row = row_where(shard, "initiators/initiator", lambda values: values == 1, event)
    change(shard, "initiators/weight", put(row, 3))
    found(shard, "weights", "/initiators/weight", row)


def test_jets_outside_the_selection(shard):
    change_config(shard, jets={"pt": [500, 1000], "abs_eta_max": 9, "mass": [0, 1000]})
    row = row_where(shard, f"{SEED}/jets/pt", lambda values: values < 500)
    found(shard, "selection", f"/{SEED}/jets/pt", row)
    findings = validate(shard)
    assert [*findings.counts] == ["selection"]
    assert findings.unchecked == []


@pytest.mark.parametrize("jets", [{"pt": "high"}, {"mass": [1.0]}, {"abs_eta_max": {}}])
def test_a_selection_that_is_none_is_told(shard, jets):
    change_config(shard, jets=jets)
    findings = validate(shard)
    assert [*findings.counts] == ["attributes"]
    (key,) = jets
    assert {v.dataset for v in findings.violations} == {f"config.jets.{key}"}


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("views/nominal/jets/pt", lambda values: values.astype("f8")),
        ("views/nominal/jets/pt", lambda values: values[:, None]),
        ("views/nominal/jets/pt", lambda values: values.astype("S8")),
        ("views/nominal/jets/pt", lambda values: h5py.SoftLink("/views/seed/jets/pt")),
        ("views/nominal/jets/pt", lambda values: h5py.ExternalLink("shard-0001.h5", "/x")),
        ("initiators/pdg_id", lambda values: values.astype("<u4")),
        ("decays/offsets", lambda values: values.astype("<i4")),
    ],
)
def test_structure(shard, name, function):
    with h5py.File(shard, "a") as file:
        values = file[name][:]
        del file[name]
        file[name] = function(values)
    found(shard, "structure", f"/{name}")


def test_what_is_missing_unknown_or_without_unit(shard):
    with h5py.File(shard, "a") as file:
        del file["views/nominal/jets/tau3"]
        file["views/nominal/jets/tau5"] = [1.0]
        file["views/seed/extra"] = file["extra"] = 1
        file["initiators/pt"].attrs["unit"] = "MeV"
        del file["initiators/phi"].attrs["meaning"]
    found(shard, "structure", "/views/nominal/jets/tau3")
    found(shard, "structure", "/views/nominal/jets/tau5")
    found(shard, "structure", "/views/seed/extra")
    found(shard, "structure", "/extra")
    found(shard, "attributes", "/initiators/pt")
    found(shard, "attributes", "/initiators/phi")


def test_what_a_later_version_adds_is_not_judged(shard):
    """Nor the digest, to which it belongs."""
    with h5py.File(shard, "a") as file:
        for view in file["views"].values():
            view["jets"]["tau5"] = view["jets/tau3"][:]
            view.attrs["row_sum"] = "0" * 128
        file["more/of/it"] = 1
    told = {v.dataset for v in validate(shard).violations}
    assert told == {"/more", "/views/nominal/jets/tau5", "/views/seed/jets/tau5"}
    with h5py.File(shard, "a") as file:
        file.attrs["format_version"] = "1.99"
    findings = validate(shard)
    assert findings.valid
    assert "the digest: rows of format version 1.99" in findings.unchecked[0]


@pytest.mark.parametrize("nothing", [np.nan, 0])
def test_columns_that_a_source_did_not_have_hold_nothing(shard, nothing):
    unknown = ["initiators/pt", "constituents/d0_error"]
    change_config(shard, converted={"unknown_columns": unknown})
    for name in (unknown[0], *(f"views/{view}/{unknown[1]}" for view in ("nominal", "seed"))):
        change(shard, name, put(slice(None), nothing))
    findings = validate(shard, with_digest=False)
    assert findings.valid, findings.violations
    change(shard, "initiators/pt", put(2, 500))
    found(shard, "unknown", "/initiators/pt", 2)


def test_an_initiator_that_a_source_does_not_know_has_no_momentum(shard):
    for name in ("pt", "eta", "phi"):
        change(shard, f"initiators/{name}", put(2, np.nan))
        change(shard, f"{SEED}/jets/initiator_{name}", put(slice(None), np.nan))
    change(shard, "initiators/pdg_id", put(2, 0))
    assert not validate(shard, with_digest=False).valid
    change_config(shard, converted={"from": "another project"})
    assert validate(shard, with_digest=False).valid
    change(shard, "initiators/pdg_id", put(2, 25))
    assert found(shard, "finite", "/initiators/pt", 2).counts == {"finite": 3}


def test_many_violations_of_a_kind_are_counted_and_a_few_shown(shard):
    change(shard, f"{SEED}/constituents/energy", put(slice(None), np.nan))
    findings = validate(shard, at_most=3)
    with h5py.File(shard) as file:
        assert findings.counts["finite"] == len(file[f"{SEED}/constituents/energy"])
    assert sum(v.kind == "finite" for v in findings.violations) == 3
    assert len(findings.violations) == sum(min(n, 3) for n in findings.counts.values())
