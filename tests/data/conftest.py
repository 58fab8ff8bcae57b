"""Hard events of every process, made once for all physics tests; and an archive to ask."""

from functools import cache

import numpy as np
import pytest

from rs3l_data.chain import hard_chunk
from rs3l_data.describe.catalogue import catalogue
from rs3l_data.describe.config import Config
from rs3l_data.describe.strict import validate
from tests.archive_server import running

PROCESSES = tuple(catalogue("processes"))


def make_config(events=100, **blocks):
    everything = {
        "name": "test",
        "seed": 11,
        "processes": {name: {"events": events} for name in PROCESSES},
        "views": {
            "nominal": {},
            "seed": {},
            **{name: {"variation": name} for name in catalogue("variations")},
        },
        "hard": {"chunk_events": events},
    }
    return validate(Config, {**everything, **blocks}, "test config")


@pytest.fixture(scope="session")
def config():
    return make_config()


@pytest.fixture(scope="session")
def hard_of(config):
    """Give the first hundred hard events of a process."""

    @cache
    def make(process):
        events, _ = hard_chunk(config, process, 0, lambda _: None)
        return events

    return make


def momenta_of(table, index=slice(None)):
    names = ("px", "py", "pz", "energy")
    return np.stack([np.asarray(table[name])[index] for name in names], axis=-1)


@pytest.fixture
def archive():
    with running() as archive:
        yield archive
