from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner

from rs3l_data.errors import ConfigError
from rs3l_train.__main__ import app
from rs3l_train.config import validate_training
from rs3l_train.config.schema import config_schema

ROOT = Path(__file__).parents[3]
SCHEMA = json.loads((ROOT / "config/schema.json").read_text(encoding="utf-8"))
CONFIGS = sorted((ROOT / "config").glob("*.yaml"))


def test_the_command_gives_the_schema_for_editors():
    assert json.loads(CliRunner().invoke(app, ["schema"]).stdout) == config_schema()


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_the_configs_of_the_repository_fit_the_schema_for_editors(path):
    jsonschema.validate(yaml.safe_load(path.read_text(encoding="utf-8")), SCHEMA)


@pytest.mark.parametrize(
    ("block", "fits"),
    [
        ({}, True),
        ({"objective": {"temperature": 0.2}}, True),
        ({"objective": {"name": "vicreg", "variance": 2}}, True),
        ({"objective": {"name": "vicreg", "temperature": 0.2}}, False),
        ({"backbone": {"width": 3}}, True),
        ({"backbone": {"name": "transformer", "size": "1M"}}, True),
        ({"backbone": {"size": "1M"}}, False),
        ({"pretrain": {"augmentations": {"smearing": 0.3}}}, True),
        ({"pretrain": {"view_seen": 3}}, False),
    ],
)
def test_editors_accept_of_the_training_what_the_code_does(block, fits):
    run = yaml.safe_load((ROOT / "config/demo.yaml").read_text(encoding="utf-8"))
    assert jsonschema.Draft202012Validator(SCHEMA).is_valid({**run, "training": block}) == fits
    if fits:
        validate_training(block, "test")
    else:
        with pytest.raises(ConfigError, match=r"unknown key|no key of"):
            validate_training(block, "test")
