"""A config file, read and validated."""

from __future__ import annotations

from pathlib import Path

from rs3l_data.describe.chunks import settled
from rs3l_data.describe.config import Config
from rs3l_data.describe.strict import validate
from rs3l_data.describe.yaml_file import read_yaml


def load_config(path: Path) -> Config:
    """Read and validate a config file; the sizes of chunks that it leaves open are filled in.

    Raises
    ------
    ConfigError, InputFileError
        With file, key, value, what was expected and the nearest valid name.
    """
    return settled(validate(Config, read_yaml(path), str(path)), {})
