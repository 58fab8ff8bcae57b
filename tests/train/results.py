"""What trainings leave behind, without the times that differ from one to the next."""

from __future__ import annotations

from rs3l_train.loop.logs import read_records

TIMES = ("seconds", "views_per_second")


def without_times(content):
    if isinstance(content, dict):
        return {key: without_times(v) for key, v in content.items() if key not in TIMES}
    return [without_times(v) for v in content] if isinstance(content, list) else content


def records(folder):
    """Read the validations of a training."""
    return [without_times(record) for record in read_records(folder)]
