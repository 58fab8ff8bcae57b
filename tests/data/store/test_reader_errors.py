"""Whatever is wrong with a file, the message names the file, and what to do."""

import json
import shutil

import h5py
import pytest

import rs3l_data
from rs3l_data.errors import InputFileError
from tests.synthetic import make_dataset


def refused(path, match):
    with pytest.raises(InputFileError, match=match) as caught:
        rs3l_data.open(path)
    assert str(path) in str(caught.value)
    assert caught.value.exit_code == 2


def test_missing(folder, tmp_path):
    refused(tmp_path / "no", "no such file")
    refused(tmp_path, r"dataset\.json: no such file")
    with pytest.raises(InputFileError, match="no such file"):
        rs3l_data.open([tmp_path / "no.h5"])
    (tmp_path / "a file").touch()
    with pytest.raises(InputFileError, match="something on its path is a file"):
        rs3l_data.open([folder / "shard-0001.h5", tmp_path / "a file/no.h5"])
    with pytest.raises(InputFileError, match=r"dataset\.json: no such file"):
        rs3l_data.open(tmp_path / "dataset.json")
    with pytest.raises(InputFileError, match="no shard"):
        rs3l_data.open([])


def test_the_folder_above_a_dataset_is_told_where_it_is(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "demo" / "dataset")
    refused(tmp_path / "demo", rf"or a shard; did you mean {tmp_path}/demo/dataset\?")
    (tmp_path / "demo" / "dataset" / "dataset.json").unlink()
    refused(tmp_path / "demo", "or a shard$")


def test_a_shard_given_twice(folder, shard):
    with pytest.raises(InputFileError, match=r"shard-0001\.h5: given 2 times"):
        rs3l_data.open([folder / "shard-0001.h5", shard, folder / "." / "shard-0001.h5"])


def test_another_word_than_stop_and_skip(folder):
    with pytest.raises(ValueError, match="corrupt: expected 'stop' or 'skip', found 'skp'"):
        rs3l_data.open(folder, corrupt="skp")


@pytest.mark.parametrize("what", ["process", "label", "split", "view"])
def test_a_name_that_is_none(folder, what):
    with pytest.raises(InputFileError, match=f"no {what} 3"):
        rs3l_data.open(folder).select(**{"processes" if what == "process" else f"{what}s": 3})


def test_not_hdf5(shard):
    shard.write_bytes(b"")
    refused(shard, "not an HDF5 file")
    shard.write_text("pt,eta\n1,2\n")
    refused(shard, "not an HDF5 file")


@pytest.mark.parametrize("part", [0.1, 0.5, 0.99])
def test_truncated(shard, part):
    content = shard.read_bytes()
    shard.write_bytes(content[: int(part * len(content))])
    refused(shard, "truncated")


def test_foreign_hdf5(shard):
    with h5py.File(shard, "w") as file:
        file["jets"] = [1, 2]
    refused(
        shard,
        "not of ours: the root attribute 'format' is None, expected 'rs3l'; if it was one, "
        "fetch or make the file again",
    )


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("format", "rs3m", "not of ours"),
        ("kind", "shasd", "expected a file of kind 'shard', found 'shasd'"),
        ("format_version", "1.:", "expected two numbers"),
    ],
)
def test_a_bit_flipped_in_what_a_file_says_it_is(shard, name, value, fault):
    with h5py.File(shard, "a") as file:
        file.attrs[name] = value
    refused(shard, rf"{fault}.*; (if it was one, )?fetch or make the file again")


def test_format_versions(shard):
    with h5py.File(shard, "a") as file:
        file.attrs["format_version"] = "1.7"
    assert len(rs3l_data.open(shard)) > 0, "a newer minor version must be read"
    with h5py.File(shard, "a") as file:
        file.attrs["format_version"] = "2.0"
    refused(shard, r"format version 2\.0, and this package reads 1\.2")


def test_damaged_within(shard):
    with h5py.File(shard, "a") as file:
        del file["views/seed/constituents/eta"]
    with pytest.raises(InputFileError, match=r"shard\.h5: damaged: .*eta"):
        rs3l_data.open(shard).constituents("seed")
    with h5py.File(shard, "a") as file:
        del file["views/seed/jets"]
    refused(shard, "damaged")


def test_compressed_data_damaged(shard):
    with h5py.File(shard) as file:
        chunk = file["views/nominal/constituents/pt"].id.get_chunk_info(0)
    content = bytearray(shard.read_bytes())
    content[chunk.byte_offset : chunk.byte_offset + chunk.size] = bytes(chunk.size)
    shard.write_bytes(content)
    dataset = rs3l_data.open(shard)
    with pytest.raises(InputFileError, match=r"shard\.h5: damaged"):
        dataset.constituents("nominal")


def test_columns_shorter_than_offsets(shard):
    with h5py.File(shard, "a") as file:
        group = file["views/nominal/constituents"]
        values = group["pt"][:-5]
        del group["pt"]
        group["pt"] = values
    with pytest.raises(InputFileError, match="shorter than its offsets"):
        rs3l_data.open(shard).constituents("nominal", ["pt"])


@pytest.mark.parametrize("column", ["process", "label"])
def test_numbers_without_a_name(tmp_path, column):
    """Also 0, where there are no names at all."""
    folder = make_dataset(tmp_path / "ds", 3, processes=("qcd",), n_shards=1)
    with h5py.File(folder / "shard-0000.h5", "a") as file:
        file.attrs[f"{column}_names"] = "[]"
    dataset = rs3l_data.open(folder / "shard-0000.h5")
    with pytest.raises(InputFileError, match=f"{column}: goes to 0, but there are 0 names"):
        _ = dataset.initiators


def test_views_of_unequal_length(shard):
    with h5py.File(shard, "a") as file:
        group = file["views/seed/jets"]
        values = group["present"][:-1]
        del group["present"]
        group["present"] = values
    refused(shard, "view 'seed' has .* rows, expected")


@pytest.mark.parametrize(
    ("asked", "match"),
    [
        (lambda ds: ds.jets("nominl"), r"no view 'nominl'; did you mean 'nominal'\?"),
        (lambda ds: ds.jets("seed", ["ptt"]), r"no column of the jets 'ptt'; did you mean 'pt'\?"),
        (lambda ds: ds.constituents("seed", ["E"]), "no column of the constituents 'E'.*energy"),
        (lambda ds: ds.select(views=["seed", "seed"]), "a view comes twice in seed, seed"),
        (lambda ds: ds.to_numpy("seed", columns=["pt", "pt"]), "a column comes twice in pt, pt"),
        (lambda ds: ds.to_numpy(columns=["pt", "pt"]), "a column comes twice in pt, pt"),
        (lambda ds: ds.to_numpy("seed", -2), "n_constituents: expected at least 1, found -2"),
        (lambda ds: ds.to_numpy(n_constituents=0), "n_constituents: expected at least 1, found 0"),
        (lambda ds: ds.select(labels="higs"), r"no label 'higs'; did you mean 'higgs'\?"),
        (lambda ds: ds.select(processes=["qdc"]), r"no process 'qdc'; did you mean 'qcd'\?"),
        (lambda ds: ds.select(splits="valid"), r"no split 'valid'; did you mean 'validation'\?"),
        (lambda ds: ds.select(views=["nominal", "x"]), "no view 'x'; Valid: nominal, seed"),
        (lambda ds: ds.select(views=[]), "expected one view or more, found none; Valid: nominal"),
        (lambda ds: ds.select(labels=[]), "one label or more, found none; Valid: higgs, qcd"),
        (lambda ds: ds.select(processes=()), "one process or more, found none; Valid: higgs, qcd"),
        (lambda ds: ds.select(splits=[]), "one split or more, found none; Valid: train, valid"),
    ],
)
def test_unknown_names(dataset, asked, match):
    with pytest.raises(InputFileError, match=match) as caught:
        asked(dataset)
    assert dataset.source in str(caught.value)


@pytest.mark.parametrize(
    ("asked", "argument"),
    [
        (lambda ds: ds.jets("seed", "pt"), "columns"),
        (lambda ds: ds.constituents("seed", "pt"), "columns"),
        (lambda ds: ds.read_view("seed", "pt"), "columns"),
        (lambda ds: ds.read_view("seed", ["eta"], "pt"), "jets"),
        (lambda ds: ds.to_awkward(columns="pt"), "columns"),
        (lambda ds: ds.to_numpy("seed", columns="pt"), "columns"),
        (lambda ds: ds.to_numpy(columns="pt"), "columns"),
    ],
)
def test_one_column_is_asked_for_in_a_list(dataset, asked, argument):
    """Letter by letter, there would be no column 'p'."""
    match = rf"{argument}: expected a list of names, such as \[\"pt\"\]; found 'pt'"
    with pytest.raises(InputFileError, match=match) as caught:
        asked(dataset)
    assert str(caught.value).startswith(dataset.source)


def test_a_word_with_a_letter_twice_is_no_column_that_comes_twice(dataset):
    with pytest.raises(InputFileError, match="expected a list of names"):
        dataset.to_numpy("seed", columns="mass")


def test_shards_of_different_datasets(shard, folder):
    with h5py.File(shard, "a") as file:
        file.attrs["view_names"] = json.dumps(["nominal"])
    with pytest.raises(InputFileError, match=r"shard\.h5: has the views nominal, but"):
        rs3l_data.open([folder / "shard-0000.h5", shard])


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("{", "not a readable JSON file"),
        ("[]", "no manifest of ours"),
        ('{"format": "other"}', "no manifest of ours"),
        ('{"format": "rs3l", "format_version": "2.1"}', r"format version 2\.1"),
    ],
)
def test_manifest(tmp_path, text, match):
    (tmp_path / "dataset.json").write_text(text)
    refused(tmp_path, match)


def test_missing_shard_is_named(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "ds")
    (copy / "shard-0002.h5").unlink()
    with pytest.raises(InputFileError, match=r"shard-0002\.h5: no such file"):
        rs3l_data.open(copy)
