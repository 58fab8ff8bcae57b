import pytest

from tests.drills.workflow import Run


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    """A small run that nothing has happened to."""
    return Run.finished(tmp_path_factory.mktemp("drills") / "undisturbed")


@pytest.fixture
def run(tmp_path):
    """The same before its first job."""
    return Run.laid_out(tmp_path / "run")
