from __future__ import annotations

import pytest

from tests.data.cluster.events import F8, pythia_events


@pytest.fixture(scope="session")
def qcd() -> list[F8]:
    return pythia_events(20)
