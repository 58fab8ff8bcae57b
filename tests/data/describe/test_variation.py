"""The catalogue of variations: complete entries, and a page that is theirs."""

import pytest

from rs3l_data.describe.cards import load_card
from rs3l_data.describe.catalogue import catalogue
from rs3l_data.describe.config import Config
from rs3l_data.describe.strict import validate
from rs3l_data.describe.variation import (
    KnownVariation,
    Variation,
    known_variation,
    points,
)
from rs3l_data.errors import ConfigError
from tests.pages.variations import variations_markdown

KNOWN = {name: known_variation(name) for name in catalogue("variations")}
OPPOSITE = {"up": "down", "down": "up", "same": "same"}


def config_with(view):
    blocks = {"name": "a", "seed": 1, "processes": {"qcd": {"events": 1}}}
    return validate(Config, {**blocks, "views": {"nominal": {}, "mine": view}}, "test")


def test_the_reference_page_has_all_of_the_catalogue():
    text = variations_markdown()
    for kind in ("variations", "tunes"):
        assert all(f"| `{name}` |" in text for name in catalogue(kind))


@pytest.mark.parametrize("name", [name for name, known in KNOWN.items() if known.detector])
def test_every_variation_of_the_detector_makes_another_detector(name):
    changed = load_card("cms", KNOWN[name].detector)
    assert changed != load_card("cms")


@pytest.mark.parametrize("name", KNOWN)
def test_an_entry_can_be_used_where_its_page_says(name):
    usable = points(KNOWN[name])
    for point in ("shower", "hadronization", "detector"):
        view = {"variation": name, "redo": point}
        if point != "shower":
            view["of"] = "nominal"
        if point in usable:
            config = config_with(view)
            assert config.views["mine"].changes.detector == KNOWN[name].detector
        else:
            with pytest.raises(ConfigError, match="shares its parent's"):
                config_with(view)


def test_up_and_down_are_expected_to_be_opposite():
    for name, known in KNOWN.items():
        if name.endswith("_up") and known.expect.n_constituents:
            other = name.removesuffix("_up") + "_down"
            assert other in KNOWN, f"{name} has no {other} beside it: add it, or choose other names"
            down = KNOWN[other].expect
            for quantity, direction in known.expect.model_dump(exclude_none=True).items():
                opposite = getattr(down, quantity)
                assert opposite in (OPPOSITE[direction], None), name


def test_a_step_away_from_a_tune_is_compared_with_that_tune():
    for name, known in KNOWN.items():
        if known.tune and known.settings and known.reference:
            assert known.reference == known.tune, name


@pytest.mark.parametrize(
    ("entry", "match"),
    [
        ({"source": "a"}, "changes nothing"),
        ({"source": "", "tune": "a14"}, "source"),
        ({"source": "a", "tune": "a15"}, "'a15' is not in the catalogue of tunes.*a14"),
        ({"source": "a", "tune": "a14", "reference": "cp6"}, "'cp6' is not"),
        ({"source": "a", "tune": "a14", "expect": {"mass": "more"}}, "expect.mass.*'more'"),
        ({"source": "a", "tune": "a14", "expect": {"mas": "up"}}, "did you mean 'mass'"),
        ({"source": "a", "setting": []}, "did you mean 'settings'"),
    ],
)
def test_a_wrong_entry_is_refused(entry, match):
    with pytest.raises(ConfigError, match=match):
        validate(KnownVariation, entry, "entry")


def test_points_follow_from_what_changes():
    late, early = ("StringZ:bLund = 1.",), ("TimeShower:renormMultFac = 4",)
    assert points(Variation(detector={"hcal_scale": 1.1}))[-1] == "detector"
    assert points(Variation(settings=late, detector={"hcal_scale": 1.1}))[-1] == "hadronization"
    assert points(Variation(settings=(*late, *early))) == ("shower",)
    assert points(Variation(tune="a14", detector={"hcal_scale": 1.1})) == ("shower",)
