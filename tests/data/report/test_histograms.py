import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rs3l_data.report.histograms import Histogram, Paired, bin_index

EDGES = np.array([0.0, 1.0, 2.5, 3.0])
# Whole and half numbers lie on the edges again and again.
VALUES = arrays(np.float64, 20, elements=st.integers(-2, 8).map(lambda i: i / 2))
# Multiples of a power of two add up without rounding.
WEIGHTS = arrays(np.float64, 20, elements=st.integers(0, 80).map(lambda i: i / 8))


EACH = np.arange(20)


@given(VALUES, WEIGHTS)
def test_sums_are_those_of_numpy(values, weights):
    histogram = Histogram.empty(EDGES)
    for part in (slice(0, 7), slice(7, None)):
        histogram.fill(values[part], weights[part], EACH[part])
    for found, w in ((histogram.sum_w, weights), (histogram.sum_w2, weights**2)):
        np.testing.assert_allclose(found[:-1], np.histogram(values, EDGES, weights=w)[0])
        np.testing.assert_allclose(found.sum(), w.sum())


def test_not_a_number_and_infinity_lie_outside():
    np.testing.assert_array_equal(bin_index(EDGES, [np.nan, np.inf, -np.inf, 3.0]), [3, 3, 3, 2])


def test_density_is_normalised_to_all_and_has_poisson_errors():
    histogram = Histogram.empty(EDGES)
    histogram.fill(np.array([0.5, 0.5, 2.0, 9.0]), np.full(4, 2.0), np.arange(4))
    density, error = histogram.density()
    np.testing.assert_allclose(density, [0.5, 0.25 / 1.5, 0])
    np.testing.assert_allclose(error, [np.sqrt(2) / 4, 0.25 / 1.5, 0])


def test_values_of_one_event_count_together_in_the_error():
    """Two in one bin are no two independent entries; in two bins they are."""
    histogram = Histogram.empty(EDGES)
    values, events = np.array([0.1, 0.2, 0.3, 0.4, 1.5]), np.array([70, 70, 2, 3, 3])
    histogram.fill(values, np.array([1.0, 1.0, 3.0, 2.0, 2.0]), events)
    assert histogram.sum_w[:2].tolist() == [7, 2]
    assert histogram.sum_w2[:2].tolist() == [4 + 9 + 4, 4]


def paired(reference, view, there, here, weights) -> Paired:
    n = len(EDGES) - 1
    i = np.where(there, bin_index(EDGES, reference), n + 1)
    j = np.where(here, bin_index(EDGES, view), n + 1)
    made = Paired(EDGES, *np.zeros((2, n + 2, n + 2)), np.zeros(n + 2))
    np.add.at(made.sum_w, (i, j), weights)
    np.add.at(made.sum_w2, (i, j), weights**2)
    return made


@settings(max_examples=50)
@given(VALUES, VALUES, WEIGHTS, st.integers(0, 2**40))
def test_ratio_is_that_of_the_densities(reference, view, weights, bits):
    flags = np.array([bits >> i & 1 for i in range(40)], bool)
    there, here = flags[:20], flags[20:]
    made = paired(reference, view, there, here, weights)
    of_view, of_reference = Histogram.empty(EDGES), Histogram.empty(EDGES)
    of_view.fill(view[here], weights[here], EACH[here])
    of_reference.fill(reference[there], weights[there], EACH[there])
    np.testing.assert_allclose(made.view().sum_w, of_view.sum_w)
    ratio, error = made.ratio()
    both = (of_view.sum_w[:-1] > 0) & (of_reference.sum_w[:-1] > 0)
    np.testing.assert_array_equal(np.isfinite(ratio), both)
    expected = of_view.density()[0][both] / of_reference.density()[0][both]
    np.testing.assert_allclose(ratio[both], expected)
    assert np.all(error[both] >= 0)


def test_a_view_against_itself_is_one_without_error():
    values = np.array([0.5, 0.7, 2.0, 9.0])
    everywhere = np.ones(4, bool)
    ratio, error = paired(values, values, everywhere, everywhere, np.arange(1.0, 5)).ratio()
    np.testing.assert_allclose(ratio[:2], 1)
    np.testing.assert_allclose(error[:2], 0, atol=1e-12)


@pytest.mark.parametrize("correlation", [0.0, 0.9])
def test_error_of_the_ratio_is_the_spread_of_pseudo_experiments(correlation):
    rng = np.random.default_rng(1)
    ratios, errors, naive = [], [], []
    for _ in range(400):
        common, a, b = rng.normal(size=(3, 800))
        own = np.sqrt(1 - correlation**2)
        reference, view = (1.7 + correlation * common + own * x for x in (a, b))
        present = rng.random((2, 800)) < 0.9
        weights = rng.choice([0.5, 3.0], 800)
        one = paired(reference, view, *present, weights)
        ratio, error = one.ratio()
        ratios.append(ratio)
        errors.append(error)
        parts = [one.sum_w2.sum(i)[:-2] / one.sum_w.sum(i)[:-2] ** 2 for i in (0, 1)]
        naive.append(ratio * np.sqrt(sum(parts)))
    spread = np.std(ratios, axis=0)
    np.testing.assert_allclose(np.mean(errors, axis=0), spread, rtol=0.12)
    if correlation:
        # Errors that took the views for independent would miss by much.
        assert np.all(np.mean(naive, axis=0) > 1.1 * spread)
