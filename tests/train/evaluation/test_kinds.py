"""Background counted by kind, and what of each a cut lets pass that another view has chosen."""

from __future__ import annotations

import numpy as np
import pytest

from rs3l_train.evaluation.kinds import kinds_of, passing_by_kind
from rs3l_train.evaluation.scores import Scores


def test_kinds_are_labels_and_what_a_gluon_splits_to():
    labels = np.array(["g", "q", "g", "q", "g"])
    splitting = np.array([5, 4, 0, 0, 4], np.uint8)
    assert kinds_of(labels, splitting).tolist() == ["g+bb", "q+cc", "g", "q", "g+cc"]


def test_each_kind_is_counted_at_the_cut_of_the_reference():
    reference = Scores(np.arange(1.0, 11), np.array([9.0]))
    # Half of the reference's signal is above 5.5; here the signal scores twice as high.
    scores = Scores(2 * np.arange(1.0, 11), np.array([5.0, 7, 20, 1, 6.5]))
    kinds = np.array(["g", "g", "g+bb", "q", "g"])
    assert passing_by_kind(scores, kinds, reference, [0.5, 1]) == {
        "g": {"n": 3, "passing": {"0.5": 2, "1": 3}},
        "g+bb": {"n": 1, "passing": {"0.5": 1, "1": 1}},
        "q": {"n": 1, "passing": {"0.5": 0, "1": 1}},
    }


def test_of_the_jets_at_the_threshold_as_large_a_part_passes_as_of_the_signal():
    """Trees have many jets of one score."""
    reference = Scores(np.array([1.0, 1, 1, 1, 0]), np.zeros(3))
    scores = Scores(np.zeros(5), np.array([1.0, 1, 1, 2, 0]))
    kinds = np.array(["g", "q", "q", "q", "q"])
    found = passing_by_kind(scores, kinds, reference, [0.2])
    # One of the four jets of signal at the threshold.
    assert found["g"]["passing"]["0.2"] == pytest.approx(1 / 4)
    assert found["q"]["passing"]["0.2"] == pytest.approx(1 + 2 / 4)
