from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from rs3l_data.errors import ConfigError, InputFileError
from rs3l_data.store.sketch import Sketch
from rs3l_train.config import validate_training
from rs3l_train.loop.identity import Identity, differing, flat, flat_defaults, software
from rs3l_train.loop.saved_network import (
    done_before,
    load_network,
    load_weights,
    require_same_network,
    save_network,
)
from tests.train.conftest import SETTINGS, changed


def test_a_network_comes_back_with_its_config(tmp_path, config):
    model = nn.Linear(1, 1)
    seen = {"pretraining": Sketch.of(np.arange(3, dtype=np.uint64))}
    save_network(tmp_path, model, "backbone", config, {"views": ["a"]}, learned_from=seen)
    kind, weights, saved, details, learned_from, trained_by = load_network(tmp_path)
    assert kind == "backbone"
    assert torch.equal(weights["weight"], model.weight)
    assert saved == config
    assert details == {"views": ["a"]}
    assert {way: sketch.keys.tolist() for way, sketch in learned_from.items()} == {
        "pretraining": [0, 1, 2]
    }
    assert trained_by == software()
    assert {path.name for path in tmp_path.iterdir()} == {"weights.safetensors", "config.yaml"}


def test_no_kill_leaves_weights_without_their_config(tmp_path, config, monkeypatch):
    """What is done is taken as it is, and would never get one."""

    def killed(path, content):
        raise KeyboardInterrupt

    for writer in ("saved_network", "folder"):
        with monkeypatch.context() as patch:
            patch.setattr(f"rs3l_train.loop.{writer}.write_whole", killed)
            with pytest.raises(KeyboardInterrupt):
                save_network(tmp_path, nn.Linear(1, 1), "backbone", config, {})
        assert not (tmp_path / "weights.safetensors").exists()


def test_a_folder_without_a_network_or_with_another_kind_is_named(tmp_path, config):
    with pytest.raises(InputFileError, match="holds no trained network"):
        load_network(tmp_path, "backbone")
    save_network(tmp_path, nn.Linear(1, 1), "backbone", config, {})
    with pytest.raises(
        InputFileError, match="holds a backbone, expected a tagger: give the folder of `finetune`"
    ):
        load_network(tmp_path, "tagger")
    path = tmp_path / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(InputFileError, match="not a whole safetensors file"):
        load_network(tmp_path, "backbone")


def test_a_foreign_safetensors_file_is_refused(tmp_path):
    save_file({"w": torch.ones(1)}, tmp_path / "weights.safetensors")
    with pytest.raises(InputFileError, match="not written by this version"):
        load_network(tmp_path, "backbone")


def test_a_network_of_the_former_format_is_to_be_trained_again(tmp_path, config, caplog):
    save_network(tmp_path, nn.Linear(1, 1), "backbone", config, {})
    path = tmp_path / "weights.safetensors"
    path.write_bytes(path.read_bytes().replace(b"rs3l-network-7", b"rs3l-network-6"))
    refusal = "its format is 'rs3l-network-6', expected 'rs3l-network-7'; train again"
    with pytest.raises(InputFileError, match=refusal):
        load_network(tmp_path)
    # No reason to stop for a command that trains: it says so, and trains.
    assert not done_before(tmp_path, Identity({}, {}))
    assert refusal in caplog.text


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"backbone": {"width": 32}}, "backbone.width"),
        ({"backbone": {"layers": 3}}, "backbone.layers"),
        ({"data": {"inputs": "rs3l"}}, "data.inputs"),
        ({"data": {"constituents": 8}}, "data.constituents"),
    ],
)
def test_another_architecture_names_the_key(config, tmp_path, change, key):
    settings = config.model_dump()
    for block, values in change.items():
        settings[block] |= values
    other = validate_training(settings, "test")
    with pytest.raises(ConfigError, match=f"training.{key}: the config says"):
        require_same_network(other, config, tmp_path)
    require_same_network(config, config, tmp_path)


def test_another_kind_of_network_is_named(config, tmp_path):
    other = validate_training(config.model_dump() | {"backbone": {"name": "transformer"}}, "test")
    with pytest.raises(
        ConfigError, match=r"backbone\.name: the config says 'transformer', the net"
    ):
        require_same_network(other, config, tmp_path)


@pytest.mark.parametrize("weights", [{}, nn.Linear(2, 1).state_dict()])
def test_weights_of_another_network_are_refused(tmp_path, weights):
    with pytest.raises(InputFileError, match="the weights do not fit the network of its config"):
        load_weights(nn.Linear(1, 1), weights, tmp_path)


def test_the_folder_of_a_run_is_answered_with_that_of_its_pretraining(tmp_path, config):
    save_network(tmp_path / "pretrain", nn.Linear(1, 1), "backbone", config, {})
    with pytest.raises(InputFileError, match=r"trained network; did you mean .*/pretrain\?$"):
        load_network(tmp_path)
    with pytest.raises(InputFileError, match=r"no trained network; give the folder of `finetune`"):
        load_network(tmp_path, "tagger")


def test_the_best_weights_lie_beside_the_last_and_say_what_trained_them(tmp_path, config):
    for name, by in (("best", {"torch": "1"}), ("weights", None)):
        file = f"{name}.safetensors"
        save_network(tmp_path, nn.Linear(1, 1), "backbone", config, {}, name=file, trained_by=by)
    best, last = load_network(tmp_path / "best.safetensors"), load_network(tmp_path)
    assert not torch.equal(best.weights["weight"], last.weights["weight"])
    assert (best.trained_by, last.trained_by) == ({"torch": "1"}, software())


@pytest.mark.parametrize("value", [math.nan, -math.inf])
def test_weights_that_are_no_number_are_refused(tmp_path, config, value):
    model = nn.Linear(1, 1)
    nn.init.constant_(model.weight, value)
    save_network(tmp_path, model, "backbone", config, {})
    with pytest.raises(InputFileError, match="weight has numbers that are not finite"):
        load_network(tmp_path, "backbone")


def test_what_is_gone_or_new_makes_a_difference():
    assert differing({"a": (1,)}, {"a": [1], "b": 2}) == ["b is now None and was 2"]
    assert differing({"a": 1, "b": 2}, {"a": 1}) == ["b is now 2 and was None"]


def test_a_new_key_at_its_default_makes_no_difference():
    asked, defaults = {"a.b": (1,), "a.c": 2}, {"a.b": (1,), "a.c": 0, "a.d": 3}
    assert differing(asked, {"a.c": 2}, defaults) == []
    assert differing(asked, {"a.b": [1]}, defaults) == ["a.c is now 2 and was 0"]
    # A block that was null is not one with its defaults.
    assert differing({"a.b": 1}, {"a": None}, {"a.b": 1}) == ["a.b is now 1 and was None"]


def test_the_defaults_are_those_of_the_config(config):
    given = changed(config, pretrain={"augmentations": {"smearing": 0.3}, "jets_per_batch": 5})
    defaults = dict(flat_defaults("training", given))
    assert defaults["training.pretrain.jets_per_batch"] == 64
    assert defaults["training.pretrain.augmentations.smearing"] == 0.1
    assert defaults["training.data.hold_out"] == ()
    assert defaults["training.backbone.neighbours"] == type(given.backbone)().neighbours
    values = dict(flat("training", given.model_dump()))
    # An empty mapping has no values.
    assert defaults.keys() - values.keys() == {"training.pretrain.view_weights"}


def test_another_training_is_done_again_unless_it_would_be_lost(tmp_path, config, caplog):
    caplog.set_level("INFO")
    own, other = (Identity({"network": size}, {}) for size in ("small", "large"))
    assert not done_before(tmp_path, own)
    assert caplog.text == ""
    save_network(tmp_path, nn.Linear(1, 1), "backbone", config, {}, identity=own)
    assert done_before(tmp_path, own, keep_others=True)
    assert done_before(tmp_path, Identity({**own.fixed, "depth": 2}, {}, {"depth": 2}))
    assert not done_before(tmp_path, other)
    assert "trained again: network is now 'large' and was 'small'" in caplog.text
    with pytest.raises(ConfigError, match="another training, which would be lost: network is now"):
        done_before(tmp_path, other, keep_others=True)


def test_what_other_software_trained_is_taken_with_a_warning(tmp_path, config, caplog, monkeypatch):
    own = Identity({"network": "small"}, {})
    save_network(tmp_path, nn.Linear(2, 1), "backbone", config, {}, identity=own)
    assert done_before(tmp_path, own)
    assert not [one for one in caplog.records if one.levelname == "WARNING"]
    monkeypatch.setattr("rs3l_train.loop.identity.version", {"rs3l": "9", "torch": "3"}.get)
    assert done_before(tmp_path, own)
    assert "with the same data and settings, but rs3l is now '9' and was '0" in caplog.text
    assert "torch is now '3'" in caplog.text
    assert "the code" not in caplog.text


def test_a_config_that_this_version_does_not_know_is_told_as_such(tmp_path, config, monkeypatch):
    monkeypatch.setattr(
        type(config), "model_dump_json", lambda self: json.dumps({**SETTINGS, "foo": 1})
    )
    save_network(tmp_path, nn.Linear(2, 1), "backbone", config, {})
    with pytest.raises(InputFileError, match=r"foo: unknown key(.|\n)*by another version of rs3l"):
        load_network(tmp_path)
