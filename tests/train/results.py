"""What trainings leave behind, without the times that differ from one to the next."""

from __future__ import annotations

import json

TIMES = ("seconds", "views_per_second")


def without_times(content):
    if isinstance(content, dict):
        return {key: without_times(v) for key, v in content.items() if key not in TIMES}
    return [without_times(v) for v in content] if isinstance(content, list) else content


def records(folder):
    """Read the validations of a training."""
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [without_times(json.loads(line)) for line in lines]
