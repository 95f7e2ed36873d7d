import numpy as np
import pandas as pd
import pytest

from forwardgrad.results import statistics

INF = np.inf


def test_the_mean_has_a_percentile_bootstrap_interval_over_seeds():
    values = np.arange(20.0)
    estimate = statistics.mean(values)
    assert estimate.value == 9.5
    assert estimate.n == 20
    # The bootstrap's standard error is sigma / sqrt(n), its distribution close to normal.
    half = 1.96 * values.std() / np.sqrt(20)
    assert estimate.low == pytest.approx(9.5 - half, abs=0.15)
    assert estimate.high == pytest.approx(9.5 + half, abs=0.15)


def test_the_same_data_give_the_same_interval_in_any_order():
    values = np.random.default_rng(0).normal(size=20)
    assert statistics.mean(values) == statistics.mean(values[::-1])
    assert statistics.median(values) == statistics.median(values[::-1])


def test_the_mean_of_few_has_students_interval():
    # Standard deviation 1, t 4.3027 for two degrees of freedom.
    assert statistics.mean([1.0, 2.0, 3.0]) == pytest.approx((2, 2 - 4.302653 / 3**0.5, 2 + 4.302653 / 3**0.5, 3))
    nine, ten = (statistics.mean(np.arange(n)) for n in (9, 10))
    assert (nine.high - nine.low) / 2 == pytest.approx(2.306004 * np.std(np.arange(9), ddof=1) / 3)
    assert (ten.high - ten.low) / 2 < 2.262157 * np.std(np.arange(10), ddof=1) / 10**0.5


@pytest.mark.parametrize(("values", "mean"), [([], np.nan), ([1.0], 1.0), ([1.0, 2.0], 1.5)])
def test_fewer_than_three_runs_have_no_interval(values, mean):
    estimate = statistics.mean(values)
    np.testing.assert_equal(estimate, (mean, np.nan, np.nan, len(values)))


def test_differences_and_ratios_are_paired_by_seed():
    ours = pd.Series([10.0, 20.0, 30.0, 99.0], index=[0, 1, 2, 7])
    other = pd.Series([15.0, 5.0, 10.0, 50.0], index=[2, 0, 1, 8])
    difference = statistics.paired_difference(ours, other)
    assert difference.value == pytest.approx((5 + 10 + 15) / 3)
    assert difference == statistics.mean([5, 15, 10])
    assert statistics.geometric_ratio(ours, other) == pytest.approx((2, 2, 2, 3))


def test_repeated_ratios_have_students_interval_of_the_logarithm():
    value, low, high, n = statistics.repeated_ratio([0.5, 0.5, 1.0, 1.0])
    # Logarithms around their mean: -a, -a, a, a with a = log(2) / 2; t is 3.1824 for three degrees of freedom.
    reach = 3.182446 * np.sqrt(4 / 3) * (np.log(2) / 2) / 2
    assert value == pytest.approx(np.sqrt(0.5))
    assert (low, high) == pytest.approx((np.sqrt(0.5) * np.exp(-reach), np.sqrt(0.5) * np.exp(reach)))
    assert n == 4
    np.testing.assert_equal(statistics.repeated_ratio([1.0, 1.0]), (1, np.nan, np.nan, 2))
    np.testing.assert_equal(statistics.repeated_ratio([]), (np.nan, np.nan, np.nan, 0))


def test_the_widths_of_a_product_add_in_squares_of_the_logarithm():
    three, four = (statistics.Interval(2.0, 2 / np.exp(width), 2 * np.exp(width), n) for width, n in ((3, 9), (4, 5)))
    product = statistics.product(three, four)
    assert product[:3] == pytest.approx((4, 4 / np.exp(5), 4 * np.exp(5)))
    assert product.n == 5
    assert statistics.product(four, three) == product
    certain = statistics.Interval(0.5, 0.5, 0.5, 7)
    assert statistics.product(three, certain)[:3] == pytest.approx((1, 1 / np.exp(3), np.exp(3)))
    lopsided = statistics.Interval(1.0, 1.0, np.exp(2), 3)
    assert statistics.product(lopsided, certain)[:3] == pytest.approx((0.5, 0.5, 0.5 * np.exp(2)))


def test_the_interval_of_a_product_covers_it_in_95_of_100_cases():
    draws = np.exp(np.random.default_rng(0).normal(scale=(0.1, 0.2), size=(1000, 8, 2)))
    products = [statistics.product(*map(statistics.repeated_ratio, draw.T)) for draw in draws]
    assert np.mean([low < 1 < high for _, low, high, _ in products]) == pytest.approx(0.95, abs=0.03)


@pytest.mark.parametrize(
    ("ours", "product"),
    [
        ((2.0, 1.0, INF, 5), (6, 6 / np.exp(np.hypot(np.log(2), np.log(1.5))), INF, 4)),
        ((INF, 2.0, INF, 5), (INF, 4, INF, 4)),
        ((INF, INF, INF, 5), (INF, INF, INF, 4)),
        ((0.0, 0.0, 2.0, 5), (0, 0, 9, 4)),
        ((2.0, 0.0, 2.0, 5), (6, 0, 9, 4)),
        ((2.0, np.nan, np.nan, 2), (6, np.nan, np.nan, 2)),
        ((np.nan, np.nan, np.nan, 0), (np.nan, np.nan, np.nan, 0)),
    ],
)
def test_a_product_of_what_has_no_logarithm(ours, product):
    other = statistics.Interval(3.0, 2.0, 4.5, 4)
    found = statistics.product(statistics.Interval(*ours), other)
    np.testing.assert_allclose(found, product)


def test_without_an_interval_of_one_factor_the_product_has_none():
    unknown = statistics.Interval(3.0, np.nan, np.nan, 2)
    found = statistics.product(statistics.Interval(2.0, 1.0, INF, 5), unknown)
    np.testing.assert_equal(found, (6, np.nan, np.nan, 2))


def test_the_interval_of_five_repetitions_covers_their_mean_in_95_of_100_cases():
    draws = np.exp(np.random.default_rng(0).normal(size=(2000, 5)))
    covered = [low < 1 < high for _, low, high, _ in map(statistics.repeated_ratio, draws)]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.015)


def test_geometric_ratios_are_paired_by_seed():
    ours = pd.Series([8.0, 1.0, 2.0, 99.0], index=[0, 1, 2, 7])
    other = pd.Series([2.0, 2.0, 2.0, 50.0], index=[2, 0, 1, 8])
    # Ratios 4, 1/2 and 1: their product is 2, whatever the size of the values.
    estimate = statistics.geometric_ratio(ours, other)
    assert estimate.value == pytest.approx(2 ** (1 / 3))
    assert estimate == pytest.approx(statistics.repeated_ratio([4, 0.5, 1]))


def test_shares_have_wilson_intervals():
    # Wilson's interval for 18 of 20 by its formula, z = 1.959964.
    estimate = statistics.proportion(18, 20)
    assert estimate.value == 0.9
    assert (estimate.low, estimate.high) == pytest.approx((0.69897, 0.97213), abs=1e-5)
    np.testing.assert_equal(statistics.proportion(2, 2), (1.0, np.nan, np.nan, 2))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([3, 1, 2], (2, 1, 3, 3)),
        ([1, 2, 3, INF], (2.5, 1, INF, 4)),
        ([1, INF], (INF, 1, INF, 2)),
        ([INF, INF], (INF, INF, INF, 2)),
    ],
)
def test_the_median_counts_never_as_longest(values, expected):
    assert statistics.median_range(values) == expected


def test_no_run_has_no_median():
    np.testing.assert_equal(statistics.median_range([]), (np.nan, np.nan, np.nan, 0))


def test_a_median_has_an_interval_that_may_be_unbounded():
    assert statistics.median([1, 2, np.inf]) == (2, 1, np.inf, 3)
    assert statistics.median([3.0] * 4) == (3, 3, 3, 4)
    value, low, high, n = statistics.median([1, np.inf])
    assert (value, n) == (np.inf, 2)
    assert np.isnan([low, high]).all()
    assert np.isnan(statistics.median([]).value)
    many = np.random.default_rng(0).normal(size=400)
    estimate = statistics.median(many)
    # The standard error of a median of n normal values is sqrt(pi / (2 n)).
    half = 1.96 * np.sqrt(np.pi / 800)
    assert estimate.high - estimate.low == pytest.approx(2 * half, rel=0.3)
