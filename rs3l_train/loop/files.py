"""Result files that appear whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rs3l_data.errors import InputFileError
from rs3l_data.store.atomic import write_whole

METRICS = "metrics.json"


def read_metrics(folder: Path) -> dict[str, Any]:
    """Read what a training found.

    Raises
    ------
    InputFileError
        If it cannot be read.
    """
    path = folder / METRICS
    try:
        metrics = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputFileError(f"{path}: cannot be read: {error}; train again") from None
    if not isinstance(metrics, dict):
        raise InputFileError(f"{path}: damaged: not what a training writes; train again")
    return metrics


def write_json(path: Path, content: Any) -> None:
    """Write JSON that any reader takes: a number that is not finite is an error here."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    write_whole(path, f"{text}\n")
