"""What tells one training from another."""

from __future__ import annotations

from rs3l_train.loop.identity import differing


def test_what_pretrainings_depended_on_once_is_no_difference():
    """Those of before name the task's classes, and what is held out; of a tagger classes count."""
    before = {
        "training.seed": 1,
        "training.task.signal": ["a"],
        "training.data.hold_out": ["b"],
        "training.data.views": None,
    }
    assert differing({"training.seed": 1}, before) == []
    tagger = {"training.seed": 1, "training.task.signal": ["b"]}
    assert differing(tagger, before) == ["training.task.signal is now ['b'] and was ['a']"]
