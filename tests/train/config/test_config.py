from __future__ import annotations

import re
from typing import get_args

import pytest
import yaml

from rs3l_data.errors import ConfigError
from rs3l_train.config import (
    EvaluationConfig,
    TrainingConfig,
    load_training,
    validate_training,
)


def write(path, document):
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def test_every_setting_has_a_default_and_a_description():
    def check(model):
        for name, field in model.model_fields.items():
            assert field.description, name
            assert not field.is_required(), name
            for inside in (field.annotation, *get_args(field.annotation)):
                if hasattr(inside, "model_fields"):
                    check(inside)

    check(TrainingConfig)


def test_the_defaults_are_those_of_the_paper():
    config = TrainingConfig()
    assert config.backbone.width == 128
    assert config.backbone.layers == 3
    assert config.backbone.neighbours == 24
    assert config.backbone.output == (64, 32, 32, 8)
    assert config.objective.temperature == 0.1
    assert config.pretrain.learning_rate == 1e-3


def test_other_blocks_of_the_file_are_not_looked_at(tmp_path):
    path = write(tmp_path / "c.yaml", {"dataset": {"x": 1}, "training": {"seed": 9}})
    assert load_training(path).seed == 9


def test_a_file_without_the_block_is_an_error(tmp_path):
    path = write(tmp_path / "c.yaml", {"trainnig": {"seed": 9}})
    with pytest.raises(ConfigError, match="no `training` block; add"):
        load_training(path)


def test_a_file_that_is_a_list_is_told_so(tmp_path):
    path = write(tmp_path / "c.yaml", [{"training": {"seed": 9}}])
    with pytest.raises(
        ConfigError, match="expected a mapping of keys to values, with a `training`"
    ):
        load_training(path)
    path.write_text("")
    with pytest.raises(ConfigError, match="no `training` block; add"):
        load_training(path)


def test_overrides_reach_nested_keys_and_leave_their_neighbours(tmp_path):
    path = write(tmp_path / "c.yaml", {"training": {"pretrain": {"jets_per_batch": 8}}})
    config = load_training(path, ["pretrain.views_seen=77", "data.views=[a, b]"])
    assert config.pretrain.views_seen == 77
    assert config.pretrain.jets_per_batch == 8
    assert config.data.views == ("a", "b")
    # As messages name them.
    assert load_training(path, ["training.pretrain.views_seen=77", "training.seed=5"]).seed == 5


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("pretrain.views_seen", "expected key=value"),
        ("pretrain..x=1", "expected key=value"),
        ("pretrain.view_seen=1", "pretrain.view_seen: unknown key; did you mean 'views_seen'"),
        ("objective.temperature=0", "objective.temperature: expected more than 0"),
        ("seed=[1", "not YAML"),
        ("seed=4294967296", "training: seed: expected less than 4294967296; found 4294967296"),
        ("data.views=[a, b, a]", "training: data.views: a: given twice; once is enough"),
        ("evaluation.efficiencies=[0.5, 0.5]", "evaluation.efficiencies: 0.5: given twice"),
        (
            "evaluation.efficiencies=[0.5, 0.50000001]",
            "evaluation.efficiencies: 0.5 and 0.50000001 are both called 0.5 in the results",
        ),
        ("loop.parts=65", "training: loop.parts: 65 parts of a batch of 64 jets; use no more"),
        ("finetune.parts=129", "training: finetune: parts: 129 parts of a batch of 128 views; use"),
        ("task.signal=[Hbb, Hbb]", "training: task.signal: Hbb: given twice"),
        ("task.signal=['']", "training: task.signal.0: expected at least 1 characters"),
        ("task.background=[]", "training: task.background: expected at least one"),
        ("task.labels=[100, 100]", "training: task.labels: 100: given twice"),
        ("task.modes=[probe, tree]", "'full', 'scratch' or 'trees'; found 'tree'"),
        ("seed=true", "training: seed: expected a number; found true"),
        ("pretrain.augmentations.smearing=yes", "smearing: expected a number; found true"),
        ("pretrain.view_weights.a14=on", "view_weights: expected a number; found {'a14': True}"),
        ("backbone.output=[64, on]", "training: backbone.output: expected a number; found [64,"),
        (
            "objective.temprature=1",
            "objective.temprature: unknown key; did you mean 'temperature'? Valid: name,"
            " projection, temperature",
        ),
        (
            "objective={name: vicreg, temperature: 1}",
            "objective.temperature: no key of 'vicreg', but of 'ntxent' and 'contrastive_masked';"
            " choose another `name`, or a key of this one: covariance, invariance, name,"
            " projection, variance",
        ),
        (
            "objective.name=ntxnt",
            "objective.name: there is no 'ntxnt'; did you mean 'ntxent'? Valid: ntxent, vicreg,",
        ),
        ("objective.name=[1]", "objective.name: there is no"),
        (
            "objective={name: masked, decoder_heads: 5}",
            "training: objective: decoder_heads: 5 does not divide decoder_width, 64",
        ),
        (
            "objective={name: vicreg, invariance: 0, variance: 0, covariance: 0}",
            "objective: invariance, variance and covariance: all are 0, and nothing is learned",
        ),
        ("objective=vicreg", "objective: expected keys with values, such as {name: ntxent}"),
        ("pretrain.augmentations.smear=1", "augmentations.smear: unknown key; did you mean"),
        ("finetune.decorrelate.drops=1", "decorrelate.drops: unknown key; Valid: variable, weight"),
    ],
)
def test_a_bad_override_is_named(tmp_path, override, message):
    path = write(tmp_path / "c.yaml", {"training": {}})
    with pytest.raises(ConfigError, match=re.escape(message)):
        load_training(path, [override])


def test_a_batch_has_at_most_as_many_parts_as_jets():
    config = validate_training({"loop": {"parts": 64}, "finetune": {"parts": 128}}, "test")
    assert config.loop.parts == config.pretrain.jets_per_batch
    assert config.finetune.parts == config.finetune.views_per_batch


def test_a_label_cannot_be_signal_and_background():
    with pytest.raises(ConfigError, match="g: signal and background at once"):
        validate_training({"task": {"signal": ["g", "Hbb"]}}, "c.yaml")


@pytest.mark.parametrize("name", ["masked", "contrastive_masked"])
def test_of_a_single_constituent_none_can_be_hidden(name):
    blocks = {"objective": {"name": name}, "data": {"constituents": 1}}
    with pytest.raises(ConfigError, match=f"data.constituents: 1, but the objective '{name}' pred"):
        validate_training(blocks, "c.yaml")
    assert validate_training({**blocks, "data": {"constituents": 2}}, "c.yaml")
    assert validate_training({"data": {"constituents": 1}}, "c.yaml")


def test_a_block_that_is_none_is_not_thrown_away(tmp_path):
    path = tmp_path / "config.yaml"
    for block, override, message in (
        ("[1, 2]", "seed=3", "--set seed: training is \\[1, 2\\], expected keys with values"),
        ("{pretrain: 5}", "pretrain.views_seen=9", "--set pretrain.views_seen: training.pretrain"),
        ("{seed: 1}", "seed.x=1", "--set seed.x: training.seed is 1, expected keys"),
    ):
        path.write_text(f"training: {block}\n")
        with pytest.raises(ConfigError, match=message):
            load_training(path, [override])
    path.write_text("training: {pretrain: null}\n")
    assert load_training(path, ["pretrain.views_seen=9"]).pretrain.views_seen == 9


def test_saved_settings_of_a_network_can_be_given_another_size(tmp_path):
    """They list the shape that their size means, which stayed without a word."""
    saved = validate_training({"backbone": {"name": "transformer", "layers": 5}}, "test")
    path = write(tmp_path / "config.yaml", {"training": saved.model_dump(mode="json")})
    backbone = load_training(path, ["backbone.size=2M"]).backbone
    assert (backbone.pair_widths, backbone.class_layers) == ((64, 64, 64), 2)
    assert backbone.layers == 5, "not the size's own"
    assert load_training(path, ["backbone.size=1M"]).backbone == saved.backbone


def test_pictures_are_of_the_efficiency_in_the_middle():
    assert EvaluationConfig(efficiencies=(0.9, 0.3, 0.5)).middle_efficiency == 0.5
