"""Signals: which asks to stop, which ends at once, and when they act."""

from __future__ import annotations

import signal

import pytest

from rs3l_train.loop import interrupts
from rs3l_train.loop.interrupts import Interrupt, noticed


def test_a_signal_after_the_last_step_acts_once_all_is_saved():
    """As the handler of `ending` would, but not while what was trained is not written."""
    saved = []

    def handler(number, _frame):
        saved.append(number)
        raise KeyboardInterrupt

    def train_and_save():
        with noticed() as outer:
            with noticed():
                signal.raise_signal(signal.SIGTERM)
            assert outer
            assert not saved

    before = signal.signal(signal.SIGTERM, handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            train_and_save()
        assert saved == [signal.SIGTERM]
        assert signal.getsignal(signal.SIGTERM) is handler
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_second_ctrl_c_ends_at_once_but_not_the_one_that_torchrun_passes_on(monkeypatch):
    """A handler runs when the call at work is over: the copy's may come seconds after the first."""

    def comes_at(interrupt, seconds):
        monkeypatch.setattr(interrupts.time, "monotonic", lambda: seconds)
        interrupt.note(signal.SIGINT, None)

    alone = Interrupt()
    comes_at(alone, 0.0)
    comes_at(alone, 0.5)
    with pytest.raises(KeyboardInterrupt):
        comes_at(alone, 2.0)
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "x")
    one_of_many = Interrupt()
    comes_at(one_of_many, 0.0)
    comes_at(one_of_many, 3.0)
    with pytest.raises(KeyboardInterrupt):
        comes_at(one_of_many, 6.0)
