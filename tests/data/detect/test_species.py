from __future__ import annotations

import numpy as np
import pytest

from rs3l_data.describe.schema import Category
from rs3l_data.detect.species import INVISIBLE, classify
from rs3l_data.errors import GeneratorError


@pytest.mark.parametrize(
    ("code", "category", "charge"),
    [
        (211, Category.CHARGED_HADRON, 1),
        (-321, Category.CHARGED_HADRON, -1),
        (-2212, Category.CHARGED_HADRON, -1),
        (3112, Category.CHARGED_HADRON, -1),
        (-3222, Category.CHARGED_HADRON, -1),
        (3312, Category.CHARGED_HADRON, -1),
        (3334, Category.CHARGED_HADRON, -1),
        (1000010020, Category.CHARGED_HADRON, 1),
        (130, Category.NEUTRAL_HADRON, 0),
        (310, Category.NEUTRAL_HADRON, 0),
        (-2112, Category.NEUTRAL_HADRON, 0),
        (3122, Category.NEUTRAL_HADRON, 0),
        (22, Category.PHOTON, 0),
        (111, Category.PHOTON, 0),
        (11, Category.ELECTRON, -1),
        (-13, Category.MUON, 1),
        (12, INVISIBLE, 0),
        (-14, INVISIBLE, 0),
        (16, INVISIBLE, 0),
        (1000022, INVISIBLE, 0),
    ],
)
def test_category_and_charge(code: int, category: int, charge: int) -> None:
    species = classify(np.array([code, 22], np.int32))
    assert species.category[0] == category
    assert species.charge[0] == charge
    assert species.is_v0[0] == (abs(code) in (310, 3122))


@pytest.mark.parametrize("code", [1, -5, 21, 2101])
def test_partons_are_refused(code: int) -> None:
    with pytest.raises(GeneratorError, match=f"PDG code {code}, a parton.*HadronLevel:all on"):
        classify(np.array([22, code], np.int32))
