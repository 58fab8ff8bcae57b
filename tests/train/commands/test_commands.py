from __future__ import annotations

import json
import re
import sys

import pytest
import yaml

from rs3l_train.__main__ import main
from rs3l_train.loop.folder import one_training
from tests.train.conftest import SETTINGS


@pytest.fixture
def command(monkeypatch, capsys):
    """Run the command line; give its exit code, standard output and error."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["rs3l-train", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        captured = capsys.readouterr()
        return end.value.code, captured.out, captured.err

    return run


@pytest.fixture
def config_file(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({"dataset": {}, "training": SETTINGS}), encoding="utf-8")
    return path


def test_the_stages_follow_one_another(command, folder, config_file, tmp_path):
    common = ("--data", folder, "--config", config_file, "--set", "pretrain.views_seen=300")
    code, out, _ = command("pretrain", *common, "--out", tmp_path / "pre")
    assert code == 0
    assert out.strip() == str(tmp_path / "pre" / "metrics.json")
    tagger = ("--mode", "probe", "--labels", 20, "--pretrained", tmp_path / "pre")
    code, out, error = command("finetune", *common, *tagger, "--out", tmp_path / "tagger")
    assert code == 0
    # A path for programs; a table for people.
    assert out == f"{tmp_path / 'tagger' / 'metrics.json'}\n"
    assert "probe, 20 labels, on test jets, ± statistical error\n  view     AUC" in error
    evaluate = ("evaluate", "--data", folder, "--model", tmp_path / "tagger")
    code, out, again = command(*evaluate)
    assert code == 0
    assert out == f"{tmp_path / 'tagger' / 'evaluation' / 'metrics.json'}\n"
    assert again[again.index("probe, 20 labels") :] == error[error.index("probe, 20 labels, on") :]
    code, out, error = command(*evaluate, "--json")
    assert code == 0
    assert json.loads(out)["mode"] == "probe"
    assert "± statistical error" not in error
    assert (tmp_path / "tagger" / "evaluation" / "metrics.json").exists()
    fast = ("--set", "task.seeds=1", "--set", "finetune.max_views_seen=100")
    study = ("study", *common, *fast, "--pretrained", tmp_path / "pre", "--out", tmp_path / "study")
    code, out, error = command(*study)
    assert code == 0
    assert out == f"{tmp_path / 'study' / 'metrics.json'}\n"
    assert "on test jets of the view nominal, one draw of the labels\n  mode" in error
    assert json.loads((tmp_path / "study" / "metrics.json").read_text())["stage"] == "study"
    for out in ("pre", "tagger", "study"):
        about = json.loads((tmp_path / out / "run.json").read_text())
        assert about["command"][-1] == str(tmp_path / out)
        assert about["seed"] == SETTINGS["seed"]
        assert {"torch", "numpy", "python", "rs3l"} <= set(about["software"])
        assert len(about["dataset"]["sha256"]) == 64
        assert (tmp_path / out / "config.yaml").exists()


def test_wrong_input_leaves_no_folder(command, folder, config_file, tmp_path):
    wrong = ("--set", "data.views=[vincia]", "--out", tmp_path / "out")
    assert command("pretrain", "--data", folder, "--config", config_file, *wrong)[0] == 2
    assert not (tmp_path / "out").exists()


def test_one_command_at_a_time_trains_in_a_folder(command, folder, config_file, tmp_path):
    """The lines of two would mix in metrics.jsonl, and with other settings all their files."""
    start = ("--data", folder, "--config", config_file, "--out", tmp_path / "out")
    with one_training(tmp_path / "out"):
        code, _, error = command("run", *start)
        assert code == 2
        assert f"--out {tmp_path / 'out'}: another command is training there; wait until" in error
        assert not [*(tmp_path / "out").iterdir()]
    few = ("--set", "pretrain.views_seen=300")
    assert command("pretrain", *start, *few)[0] == 0


def test_errors_are_one_message_and_exit_code_2(command, folder, config_file, tmp_path):
    out = ("--out", tmp_path / "out")
    code, _, error = command(
        "pretrain", "--data", folder, "--config", config_file, "--set", "sed=1", *out
    )
    assert code == 2
    assert error.startswith("error: ")
    assert "sed: unknown key; did you mean 'seed'" in error
    code, _, error = command("pretrain", "--data", folder, "--config", config_file, "--out", "")
    assert code == 2
    assert "is empty; name a folder" in error
    missing = ("pretrain", "--data", tmp_path / "none", "--config", config_file, *out)
    assert command(*missing)[0] == 2
    tagger = ("--mode", "scratch", "--labels", 20, "--pretrained", tmp_path)
    code, _, error = command("finetune", "--data", folder, "--config", config_file, *tagger, *out)
    assert code == 2
    assert "scratch goes with `none`" in error
    assert not (tmp_path / "out").exists()


def test_an_error_at_damage_names_the_option_that_leaves_it_out(
    command, damaged, config_file, tmp_path
):
    # By its manifest a dataset is opened as by its folder.
    manifest = ("--data", damaged / "dataset.json")
    training = (*manifest, "--config", config_file, "--out", tmp_path / "out")
    code, _, error = command("pretrain", *training, "--set", "data.loading=stream")
    assert code == 2
    assert "shard-0001.h5: damaged" in error
    assert error.endswith("or go on without its jets: --set data.corrupt=skip\n")
    few = ("--set", "data.corrupt=skip", "--set", "pretrain.views_seen=100")
    code, _, error = command("pretrain", *training, *few)
    assert code == 0
    assert re.search(r"shard-0001.h5: SHA256 \w+, expected \w+; this shard is left out", error)
    written = ("--model", tmp_path / "out", "--out", tmp_path / "z.h5")
    code, _, error = command("embed", "--data", damaged, *written)
    assert code == 2
    assert error.endswith("or go on without its jets: --corrupt skip\n")
    assert command("embed", "--data", damaged, *written, "--corrupt", "skip")[0] == 0
    (damaged / "shard-0001.h5").unlink()
    code, _, error = command("benchmark", "--data", damaged, "--config", config_file)
    assert code == 2
    assert "no such file" in error
    assert error.endswith("or go on without its jets: --set data.corrupt=skip\n")


def test_where_no_other_shard_is_left_nobody_is_told_to_go_on(
    command, damaged, config_file, tmp_path
):
    (damaged / "shard-0000.h5").unlink()
    for data in (damaged / "shard-0001.h5", config_file):
        training = ("--data", data, "--config", config_file, "--out", tmp_path / "out")
        code, _, error = command("pretrain", *training)
        assert code == 2
        assert "corrupt=skip" not in error


@pytest.mark.parametrize("content", ["[]", '{"earlier": 3}', "no json"])
def test_a_damaged_account_of_the_command_is_written_anew(
    command, folder, config_file, tmp_path, content
):
    (tmp_path / "run.json").write_text(content)
    few = ("--config", config_file, "--set", "pretrain.views_seen=100")
    assert command("pretrain", "--data", folder, *few, "--out", tmp_path)[0] == 0
    assert "earlier" not in json.loads((tmp_path / "run.json").read_text())


def test_nothing_takes_the_place_of_what_it_is_made_of(command, folder, config_file, tmp_path):
    training = ("--data", folder, "--config", config_file, "--set", "pretrain.views_seen=100")
    for log in (folder / "dataset.json", config_file):
        before = log.read_bytes()
        code, _, error = command("pretrain", *training, "--out", tmp_path / "out", "--log", log)
        assert code == 2
        assert "no log by its name; choose one like x.log" in error
        assert log.read_bytes() == before
    code, _, error = command("pretrain", *training, "--out", folder)
    assert code == 2
    assert "is a dataset; choose another folder" in error
    log = tmp_path / "my.log"
    log.write_text("an earlier one")
    assert command("pretrain", *training, "--out", tmp_path / "out", "--log", log)[0] == 0
    assert "an earlier one" not in log.read_text()
    embedding = ("embed", "--data", folder, "--model", tmp_path / "out", "--out")
    code, _, error = command(*embedding, folder / "shard-0000.h5")
    assert code == 2
    assert "is a file of the dataset" in error
    for again in (embedding, ("export", "--model", tmp_path / "out", "--out")):
        code, _, error = command(*again, log)
        assert code == 2
        assert f"{log}: is there" in error
    views = {"nominal,": "a name is empty", "seed,seed": "a view comes twice in seed, seed"}
    for names, message in views.items():
        code, _, error = command(*embedding, tmp_path / "z.h5", "--views", names)
        assert code != 0
        assert message in error


def test_what_made_a_result_is_kept_though_it_is_asked_for_again(
    command, folder, config_file, tmp_path
):
    training = ("--data", folder, "--config", config_file, "--set", "pretrain.views_seen=100")
    for more in ([], ["--json"], ["--resume", "never"]):
        assert command("pretrain", *training, "--out", tmp_path, *more)[0] == 0
    about = json.loads((tmp_path / "run.json").read_text())
    commands = [one["command"][-1] for one in (about, *about["earlier"])]
    assert commands == ["never", str(tmp_path), "--json"]
    assert "earlier" not in about["earlier"][1]
