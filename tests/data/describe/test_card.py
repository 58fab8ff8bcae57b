from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rs3l_data.describe.card import DetectorCard
from rs3l_data.describe.cards import CARDS, load_card
from rs3l_data.errors import ConfigError, InputFileError


def test_the_catalogues_card_is_nominal() -> None:
    card = load_card("cms")
    assert card.name == "cms"
    factors = [name for name in type(card).model_fields if name.endswith(("_scale", "_factor"))]
    assert len(factors) == 8
    assert all(getattr(card, name) == 1.0 for name in factors)
    sources = (card.solenoid, card.tracking, card.ecal, card.hcal, card.tracking.displacement)
    assert all(part.source for part in (*sources, card.tracking.d0, card.tracking.dz))


def test_a_factor_is_no_number_of_per_cent() -> None:
    names = [one for one in DetectorCard.model_fields if one.endswith(("_scale", "_factor"))]
    for name in names:
        with pytest.raises(ConfigError, match=f"{name}: expected at most 10; found 102"):
            load_card("cms", {name: 102})
        assert getattr(load_card("cms", {name: 10}), name) == 10


def test_overrides_are_merged_into_the_card() -> None:
    card = load_card("cms", {"ecal_scale": 1.03, "ecal": {"energy_min": 0.7}})
    assert card.ecal_scale == 1.03
    assert card.ecal.energy_min == 0.7
    assert card.ecal.cells == load_card("cms").ecal.cells


def test_a_card_is_read_from_a_path(tmp_path: Path) -> None:
    data = yaml.safe_load((CARDS / "cms.yaml").read_text(encoding="utf-8"))
    mine = tmp_path / "mine.yaml"
    mine.write_text(yaml.safe_dump(data | {"name": "mine", "candidate_pt_min": 0.5}))
    card = load_card(str(mine))
    assert (card.name, card.candidate_pt_min) == ("mine", 0.5)


def test_an_unknown_card_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"'cmss': no such card; did you mean 'cms'\?"):
        load_card("cmss")
    with pytest.raises(InputFileError, match="no such file"):
        load_card("nowhere/mine.yaml")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"ecal_scal": 1.0}, "ecal_scal: unknown key; did you mean 'ecal_scale'"),
        ({"ecal.energy_min": 1.0}, "one block in another: ecal: { energy_min: … }"),
        ({"solenoid": {"field": 0.0}}, "solenoid.field: .*more than 0; found 0.0"),
        (
            {"tracking": {"muon": {"efficiency": {"values": [[0.5, 1.2], [0.5, 0.5]]}}}},
            "tracking.muon.efficiency.values.0.1: .*at most 1; found 1.2",
        ),
        (
            {"tracking": {"muon": {"efficiency": {"pt_min": [0.1]}}}},
            "each row of values has 2 entries, pt_min has 1",
        ),
        (
            {"tracking": {"electron": {"momentum": {"constant": [0.1]}}}},
            "constant has 1 entries, eta_max has 3",
        ),
        (
            {"tracking": {"electron": {"momentum": {"eta_max": [0.5, 1.0, 1.5]}}}},
            "the momentum resolution ends at .eta. = 1.5, inside",
        ),
        ({"tracking": {"d0": {"eta_max": [0.9, 0.8, 2.5]}}}, "eta_max must rise strictly"),
        (
            {"tracking": {"dz": {"eta_max": [0.9, 1.4, 2.0]}}},
            r"the resolution of dz must reach .eta. = 2.5",
        ),
        (
            {"hcal": {"cells": [{"eta_edges": [0.1, 3.0], "n_phi": 72}]}},
            "a region of cells starts at .eta. = 0.1, expected 0.0",
        ),
        (
            {"ecal": {"resolution": [{"eta_max": 3, "constant": 0, "stochastic": 0, "noise": 0}]}},
            "the resolution ends at .eta. = 3.0, inside the cells, which end at 5.0",
        ),
        (
            {"ecal": {"fractions": {"charged_hadron": 0.5}}},
            "ecal.fractions.charged_hadron .* = 1.5, expected at most 1",
        ),
        ({"candidate_eta_max": 1000}, "candidate_eta_max: expected at most 100; found 1000"),
    ],
)
def test_a_bad_card_says_what_is_wrong(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_card("cms", overrides)
