"""A small config, some blocks of it changed, and what is said of a wrong one."""

import pytest

from rs3l_data.describe.config import Config
from rs3l_data.describe.strict import validate
from rs3l_data.errors import ConfigError

MINIMAL = {"name": "a", "seed": 1, "processes": {"qcd": {"events": 10}}, "views": {"nominal": {}}}


def changed(**blocks):
    return {**MINIMAL, **blocks}


def message(data):
    with pytest.raises(ConfigError) as caught:
        validate(Config, data, "my.yaml")
    return str(caught.value)
