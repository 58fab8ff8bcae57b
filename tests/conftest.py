"""What holds for all tests."""

import pytest
from hypothesis import settings

# A first call compiles, disks and machines are shared: how long one example takes says nothing.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
def undrawn(monkeypatch):
    """Leave figures empty: to render them takes longer than all the rest."""
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", lambda *_, **_options: None)
