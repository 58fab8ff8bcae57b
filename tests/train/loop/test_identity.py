"""What tells one training from another."""

from __future__ import annotations

from rs3l_train.loop.identity import differing


def test_what_pretrainings_depended_on_once_is_no_difference():
    """Those of before name the task's classes; of a tagger these count."""
    before = {"training.seed": 1, "training.task.signal": ["a"]}
    assert differing({"training.seed": 1}, before) == []
    assert differing({"training.task.signal": ["b"], "training.seed": 1}, before) != []
