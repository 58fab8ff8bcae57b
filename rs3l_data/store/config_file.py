"""A run's config beside its results, with all defaults and catalogue entries filled in."""

from __future__ import annotations

from pathlib import Path

import yaml

from rs3l_data.describe.config import Config
from rs3l_data.store.atomic import write_whole


def save(config: Config, path: Path) -> None:
    """Write a config, whole or not at all: the sizes of a run's chunks are read from it.

    Raises
    ------
    StorageError
        If the disk or the quota is full, writing is not permitted, or the file system fails.
    """
    write_whole(path, yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False))
