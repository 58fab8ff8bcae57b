from rs3l_data.describe.branch import branch_settings, has_pileup, pileup_of, tune_of
from tests.data.describe.test_pileup import config


def test_pileup_is_off_by_default():
    assert pileup_of(config(), "nominal").mean == 0
    assert not has_pileup(config(views={"nominal": {}}), "nominal")


def test_a_branch_keeps_what_its_parents_changed():
    run = config(pileup={"vertex_z_sigma": 35})
    found = pileup_of(run, "cleaned")
    assert (found.mean, found.mitigation, found.vertex_z_sigma) == (60, "chs", 35)
    assert pileup_of(run, "crowded").mitigation == "puppi"
    assert has_pileup(run, "nominal")
    assert not has_pileup(run, "other")
    assert has_pileup(config(pileup={"mean": 20}), "other")


def test_a_branch_has_the_tune_and_the_settings_of_its_root():
    views = {
        "nominal": {},
        "a14": {"variation": "a14"},
        "a14_again": {
            "redo": "hadronization",
            "of": "a14",
            "variation": ["StringZ:aLund = 0.6"],
        },
    }
    run = config(views=views, generator={"tune": "cp5"})
    assert [tune_of(run, name) for name in views] == ["cp5", "a14", "a14"]
    assert branch_settings(run, "nominal") == []
    own, root = branch_settings(run, "a14_again"), branch_settings(run, "a14")
    assert own == [*root, "StringZ:aLund = 0.6"]
