"""How a change fits what is expected."""

import pytest
from scipy.stats import norm
from scipy.stats import t as student

from rs3l_data.validation.variations import Change


def change(expected, shift, error=0.1, reference=40.0):
    return Change(
        "v", "nominal", "qcd", "n_constituents", reference, shift, error, 100, 99, expected, 0.02
    )


@pytest.mark.parametrize(
    ("expected", "shift", "finding", "fails"),
    [
        ("up", 2.0, "seen", False),
        ("up", 0.1, "too few events to tell", False),
        ("up", -2.0, "contradicted", True),
        ("down", -2.0, "seen", False),
        ("down", 2.0, "contradicted", True),
        ("same", 0.7, "compatible", False),
        ("same", 2.0, "shifted", True),
        ("same", -2.0, "shifted", True),
        ("nothing", 0.2, "compatible", False),
        ("nothing", 0.7, "shifted", True),
        (None, 5.0, "no expectation", False),
    ],
)
def test_findings(expected, shift, finding, fails):
    found = change(expected, shift)
    assert found.finding == finding
    if expected is not None:
        assert (found.p < 1e-6) == fails


def test_the_tails_are_those_of_an_error_that_is_an_estimate():
    """Of 25 groups: five of such errors are no rarity of one in a million."""
    found = Change("v", "n", "hbb", "softdrop_mass", 125.0, 5.0, 1.0, 99, 24, "nothing", 0.02)
    assert found.p == pytest.approx(2 * student.sf(5, 24))
    assert found.p > 50 * 2 * norm.sf(5)
