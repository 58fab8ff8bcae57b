import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from rs3l_data.report import numbers


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval(counts):
    k, n = counts
    low, high = numbers.wilson(np.array([float(k)]), np.array([float(n)]))
    expected = binomtest(k, n).proportion_ci(0.682689492, "wilson")
    np.testing.assert_allclose([low[0], high[0]], [expected.low, expected.high], atol=1e-9)


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (12.3456, 0.5, "12.35 ± 0.50"),
        (2036.2, 73.8, "2036 ± 74"),
        (2.9167e-4, 1.12e-5, "(2.92 ± 0.11) × 10⁻⁴"),
        (2.5e8, 1e7, "(2.50 ± 0.10) × 10⁸"),
        (5.0, 0.0, "5"),
        (None, 0.0, "–"),
    ],
)
def test_measured(value, error, text):
    assert numbers.measured(value, error) == text


def test_none_missing_still_has_an_error():
    assert numbers.percent(0, 100) == "0.0 +1.0 −0.0 %"
    assert numbers.percent(0, 0) == "–"
