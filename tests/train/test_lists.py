"""That the tests of all networks and of all objectives are of all that there are."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from rs3l_train.config import BackboneConfig, ObjectiveConfig
from tests.train.backbones.test_backbones import NETWORKS
from tests.train.conftest import BACKBONES, OBJECTIVES


@pytest.mark.parametrize(
    ("tested", "union"),
    [(BACKBONES, BackboneConfig), (NETWORKS, BackboneConfig), (OBJECTIVES, ObjectiveConfig)],
)
def test_what_there_is_to_choose_from_is_tested(tested: dict[str, Any], union: object) -> None:
    members, *_ = get_args(union)
    assert tested.keys() == {one.model_fields["name"].default for one in get_args(members)}
