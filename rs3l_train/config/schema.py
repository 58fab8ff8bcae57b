"""The schema of a whole config for editors."""

from __future__ import annotations

from copy import copy
from typing import Any

from pydantic import create_model

from rs3l_data.describe.config import Config
from rs3l_train.config.training import TrainingConfig


def config_schema() -> dict[str, Any]:
    """Give the JSON schema of a config file.

    `rs3l_data` takes the `training` block as it is, since it does not know this package.
    """
    block: Any = TrainingConfig | None, copy(Config.model_fields["training"])
    whole = create_model("Config", __base__=Config, __doc__=Config.__doc__, training=block)
    return whole.model_json_schema()
