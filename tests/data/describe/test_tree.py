import pytest

from rs3l_data.describe.config import Config
from rs3l_data.describe.settings import hadronization_settings, view_settings
from rs3l_data.describe.strict import validate
from rs3l_data.describe.tree import family, particles_of, path_to, roots, shower_of
from rs3l_data.errors import ConfigError
from rs3l_data.simulate.pythia import prepared

VIEWS = {
    "nominal": {},
    "lund": {"redo": "hadronization", "of": "nominal", "variation": ["StringZ:aLund = 0.5"]},
    "noise": {"redo": "detector", "of": "lund"},
    "scale": {"redo": "detector", "of": "noise", "detector": {"ecal_scale": 1.02}},
    "a14": {"variation": "a14", "detector": {"hcal_scale": 0.95}},
    "a14_again": {"redo": "hadronization", "of": "a14"},
}


def config(views):
    run = {"name": "a", "seed": 1, "processes": {"qcd": {"events": 1}}, "views": views}
    return validate(Config, run, "test")


def test_what_a_view_shares():
    views = config(VIEWS).views
    assert path_to(views, "scale") == ["nominal", "lund", "noise", "scale"]
    assert shower_of(views, "scale") == "nominal"
    assert particles_of(views, "scale") == "lund"
    assert roots(views) == ["nominal", "a14"]
    assert family(views, "nominal") == ["nominal", "lund", "noise", "scale"]
    assert family(views, "a14") == ["a14", "a14_again"]


def test_a_branch_keeps_what_its_parents_changed():
    run = config(VIEWS)
    assert "StringZ:aLund = 0.5" in view_settings(run, "qcd", "noise")
    assert "Tune:pp = 21" in view_settings(run, "qcd", "a14_again")
    assert run.card("nominal").ecal_scale == 1.0
    assert run.card("scale").ecal_scale == 1.02
    assert run.card("a14_again").hcal_scale == 0.95
    prepared(hadronization_settings(run, "qcd", "lund"))


def test_copies():
    run = config({"nominal": {}, "again": {"redo": "detector", "of": "nominal", "copies": 3}})
    assert [*run.views] == ["nominal", "again_1", "again_2", "again_3"]
    assert run.views["again_1"] == run.views["again_3"]
    # A copy knows nothing of the others, so a resolved config is one that says the same.
    assert "copies" not in run.model_dump()["views"]["again_1"]
    assert config(run.model_dump()["views"]) == run
    alone = config({"nominal": {"copies": 1}})
    assert alone == config({"nominal": {}})


@pytest.mark.parametrize("order", [1, -1])
def test_copies_do_not_take_the_name_of_another_view(order):
    views = [("a", {"copies": 2}), ("a_1", {"variation": "fsr_up"})]
    with pytest.raises(ConfigError, match="two views would be called 'a_1'"):
        config(dict(views[::order]))


@pytest.mark.parametrize(
    ("view", "message"),
    [
        ({"redo": "detector", "of": "nominl"}, "did you mean 'nominal'?"),
        ({"redo": "detector"}, "needs the view that it starts from"),
        ({"of": "nominal"}, "starts from the hard event and has no parent"),
        ({"redo": "detector", "of": "new"}, "the views form a cycle: new of new"),
        ({"redo": "detector", "of": "nominal", "variation": "fsr_up"}, "detector card only"),
        ({"redo": "hadronization", "of": "nominal", "variation": "a14"}, "the tune a14"),
        ({"redo": "hadronization", "of": "nominal", "variation": "fsr_up"}, "TimeShower"),
        ({"redo": "hadronization", "of": "noise"}, "give 'nominal'"),
        ({"copies": 0}, "new.copies: expected a whole number from 1 to 1000, found 0"),
        ({"copies": True}, "new.copies: expected a whole number from 1 to 1000, found true"),
        ({"copies": 10**9}, "new.copies: expected a whole number from 1 to 1000, found 1000000000"),
        ({"copies": "2"}, "new.copies: expected a whole number from 1 to 1000, found '2'"),
        ({"copies": None}, "new.copies: expected a whole number from 1 to 1000, found nothing"),
        ({"detector": {"ecal_scal": 1}}, "ecal_scal: unknown key"),
    ],
)
def test_impossible_views_are_named(view, message):
    with pytest.raises(ConfigError) as caught:
        config({"nominal": {}, "noise": {"redo": "detector", "of": "nominal"}, "new": view})
    assert "new" in str(caught.value)
    assert message in str(caught.value)


def test_a_parent_that_comes_later_and_lacks_its_own():
    """It was a traceback."""
    views = {
        "nominal": {},
        "again": {"redo": "hadronization", "of": "noise"},
        "noise": {"redo": "detector"},
    }
    with pytest.raises(ConfigError, match=r"noise\.of: .* needs the view that it starts from"):
        config(views)


def test_a_longer_cycle():
    views = {
        "nominal": {},
        "one": {"redo": "detector", "of": "two"},
        "two": {"redo": "detector", "of": "one"},
    }
    with pytest.raises(ConfigError, match="the views form a cycle: one of two of one"):
        config(views)
