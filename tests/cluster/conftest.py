"""One cluster for all tests; without one there is nothing to test, and a line says why."""

import os

import pytest

from tests.cluster.daemons import CannotRunError, loopback
from tests.cluster.runs import DATASET, clone, run


@pytest.fixture(scope="session")
def slurm(tmp_path_factory):
    """The daemons, on loopback."""
    try:
        with loopback(tmp_path_factory.mktemp("slurm") / "state") as cluster:
            yield cluster
    except CannotRunError as error:
        pytest.exit(f"no cluster to test on: {error}", returncode=1)


@pytest.fixture(scope="session")
def expected(tmp_path_factory):
    """The folder of a local run."""
    folder = clone(tmp_path_factory.mktemp("local") / "clone")
    code, said = run(folder, os.environ, "--cores=2", DATASET, profile="default")
    assert code == 0, said
    return folder
