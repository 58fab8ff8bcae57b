import json

import pytest
from typer.testing import CliRunner

import rs3l_data
from rs3l_data.__main__ import app
from rs3l_data.convert.jetclass_out import write_jetclass
from rs3l_data.errors import ConfigError, RS3LError
from rs3l_train.config import validate_training
from rs3l_train.tasks.finetune import finetune
from rs3l_train.tasks.pretrain import pretrain
from tests.synthetic import make_dataset
from tests.train.conftest import SETTINGS


def run(*arguments):
    return CliRunner().invoke(app, ["convert", *map(str, arguments)])


def test_there_and_back_again(folder, tmp_path):
    result = run("to-rs3l", folder, "--splits", "train", "--to", tmp_path / "0.h5", "--json")
    assert result.exit_code == 0, result.output
    n_jets = json.loads(result.output)["n_jets"]
    result = run("rs3l", f"train:{tmp_path}/[0-9].h5", "--to", tmp_path / "back", "--json")
    assert json.loads(result.output) == {
        "dataset": str(tmp_path / "back"),
        "n_rows": n_jets,
        "left_out": 0,
        "violations": 0,
    }
    dataset = rs3l_data.open(tmp_path / "back")
    assert dataset.manifest["splits"]["train"]["n_rows"] == n_jets
    assert dataset.config["converted"]["files"] == ["0.h5"]
    assert "tau1" in dataset.config["converted"]["unknown_columns"]
    assert "cross_section_pb" not in dataset.manifest["processes"]["qcd"], "nobody knows it"


@pytest.mark.parametrize(
    ("command", "files"),
    [
        ("to-jetclass", {"Hbb.root", "QCD.root"}),
        ("to-jetnet", {"Hbb.hdf5", "g.hdf5"}),
        ("to-salt", {"jets.h5", "norm_dict.yaml", "class_dict.yaml"}),
        ("to-parquet", {"jets.parquet"}),
    ],
)
def test_each_view_has_a_folder(folder, tmp_path, command, files):
    result = run(command, folder, "--views", "seed,fsr_up", "--to", tmp_path)
    assert result.exit_code == 0, result.output
    for view in ("seed", "fsr_up"):
        assert {path.name for path in (tmp_path / view).iterdir()} == files


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("to-salt", "DS", "--views", "sed", "--to", "x"), "no view 'sed'; did you mean 'seed'"),
        (("to-parquet", "DS", "--labels", "hb", "--to", "x"), "no label 'hb'"),
        (("to-rs3l", "DS", "--jettype", "Hbb=x", "--to", "x"), "expected a whole number"),
        (("to-jetnet", "DS", "--class", "Hbb", "--to", "x"), "expected two words with '='"),
        (("to-rs3l", "DS", "--jettype", "Hxx=12", "--to", "x"), "--jettype Hxx: "),
        (("to-jetclass", "DS", "--class", "Hxx=HToBB", "--to", "x"), "--class Hxx: "),
        (("to-jetnet", "DS", "--class", "Hxx=b", "--to", "x"), "has no such label"),
        (("to-jetnet", "DS", "--class", "Hbb=../b", "--to", "x"), "expected a file's name"),
        (("to-jetnet", "DS", "--class", "Hbb=g", "--to", "x"), "Hbb and g would share the file"),
        (("to-rs3l", "DS", "--jettype", "Hbb=12", "--jettype", "Hbb=13", "--to", "x"), "twice"),
        (("to-rs3l", "DS", "--jettype", "g=4", "--to", "x"), "the number of 'Hbb' in RS3L's"),
        (("to-rs3l", "DS", "--jettype", "g=16777217", "--to", "x"), "a whole number up to 2^24"),
        (("to-rs3l", "DS", "--views", "seed,seed", "--to", "x"), "--views seed: given twice"),
        (("rs3l", "missing.h5", "--to", "x"), "missing.h5: no such file"),
    ],
)
def test_wrong_usage_ends_with_a_message(folder, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    result = run(*(folder if one == "DS" else one for one in arguments))
    assert isinstance(result.exception, RS3LError)
    assert result.exception.exit_code == 2
    assert message in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_one_view_is_not_enough_for_pretraining(dataset, tmp_path):
    write_jetclass(dataset, tmp_path / "jc", "nominal")
    assert run("jetclass", f"{tmp_path}/jc/*.root", "--to", tmp_path / "ds").exit_code == 0
    config = validate_training(SETTINGS, "test")
    with pytest.raises(ConfigError, match=r"'ntxent' compares two views .* one \(nominal\)"):
        pretrain(rs3l_data.open(tmp_path / "ds"), config, tmp_path / "run")


def test_a_tagger_learns_from_jetclass(tmp_path):
    made = make_dataset(tmp_path / "ours", 200, ("nominal",), ("higgs", "g"), seed=4)
    write_jetclass(rs3l_data.open(made), tmp_path / "jc", "nominal", {"higgs": "Hbb"})
    assert run("jetclass", f"{tmp_path}/jc/*.root", "--to", tmp_path / "ds").exit_code == 0
    task = {**SETTINGS["task"], "signal": ["Hbb"], "background": ["QCD"]}
    config = validate_training({**SETTINGS, "task": task}, "test")
    dataset = rs3l_data.open(tmp_path / "ds")
    metrics = finetune(dataset, config, None, "scratch", 100, tmp_path / "run")
    assert metrics["rows"][0]["view"] == "nominal"
    assert metrics["rows"][0]["auc"] > 0.8
