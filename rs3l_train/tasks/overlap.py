"""Whether what a network is tested on is what it has learned from, in whatever dataset."""

from __future__ import annotations

import logging
from typing import Any

from rs3l_data.store.reader import Dataset
from rs3l_data.store.sketch import Sketch, initiator_keys
from rs3l_data.store.tables import I8
from rs3l_train.loop.saved_network import LearnedFrom

logger = logging.getLogger(__name__)

PRETRAINING = "pretraining"
LABELS = "labels"
_WAYS = {PRETRAINING: "pretrained on", LABELS: "trained or validated on with labels"}


def hard_events(dataset: Dataset, rows: I8) -> Sketch:
    """Note the initiators of some rows, as a network's file keeps them."""
    return Sketch.of(initiator_keys({k: v[rows] for k, v in dataset.initiators.items()}))


def overlap(learned_from: LearnedFrom, dataset: Dataset, test: I8) -> dict[str, Any]:
    """Say, in the log as well, if test jets come of hard events that a network has learned from.

    Parameters
    ----------
    learned_from
        Of the network, or of the pretraining that it began with; empty without any.
    test
        Rows of the dataset.

    Returns
    -------
    dict
        `learned_from`: by the way of learning, how many test jets could be `compared`, and how
        many of them are `shared`; and `warnings`, in words.
    """
    keys = initiator_keys({k: v[test] for k, v in dataset.initiators.items()})
    counts, found = {}, []
    for way, sketch in learned_from.items():
        compared, shared = sketch.compared_with(keys)
        counts[way] = {"compared": compared, "shared": shared}
        if shared:
            found.append(
                f"{shared} of {compared} test jets that could be compared are of hard events that"
                f" the network was {_WAYS[way]}: what is measured of them is no test. Take events"
                f" that are in the test split of both datasets, or others than {dataset.source}'s"
            )
            logger.warning("%s", found[-1])
    return {"learned_from": counts, "warnings": found}
