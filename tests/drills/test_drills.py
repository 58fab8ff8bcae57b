"""A few failures of some kinds; `make drills` makes many of all."""

import random

import pytest

from tests.drills import damaged, killed

pytestmark = pytest.mark.xdist_group("drills")


@pytest.mark.parametrize(
    ("drill", "times"),
    [
        (killed.jobs_while_writing, 5),
        (killed.snakemake, 1),
        (damaged.shard_before_manifest, 2),
    ],
)
def test_nothing_is_lost(undisturbed, run, drill, times):
    outcome = drill(undisturbed, run, times, random.Random(5))
    assert outcome.times == times
