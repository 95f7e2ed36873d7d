"""What can be said over seeds: never a value without an interval, never an interval from fewer than three runs."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from forwardgrad.seeds import derive_seed

LEVEL = 0.95  # of every interval
RESAMPLES = 10_000  # of the bootstrap
FEWEST = 3  # runs that an interval needs
RESAMPLED = 10  # runs from which on a mean is resampled; below, its interval is Student's


class Interval(NamedTuple):
    """A value with its 95 % interval from `n` runs; `low` and `high` are nan where n is too small."""

    value: float
    low: float
    high: float
    n: int

    def columns(self, name: str) -> dict[str, float]:
        """Return the value and its ends as the columns `name`, `name`_low and `name`_high of a table."""
        return {name: self.value, f"{name}_low": self.low, f"{name}_high": self.high}


def meanings(name: str, meaning: str) -> dict[str, str]:
    """Return what the columns of a `mean` mean, by the names that `Interval.columns` gives them."""
    low = "lower end of its 95 % interval over seeds; empty for fewer than three"
    return {name: meaning, f"{name}_low": low, f"{name}_high": "upper end"}


def mean(values: ArrayLike) -> Interval:
    """Mean of `values`, one per seed, with its interval.

    Student's for fewer than RESAMPLED values, as the percentile bootstrap of few is too narrow: of five normal numbers
    it holds their mean in 83 % of cases. From there on the percentile bootstrap.
    """
    values = np.asarray(values, float)
    return bootstrap(np.mean, [values]) if len(values) >= RESAMPLED else student(values)


def student(values: ArrayLike) -> Interval:
    """Mean of `values` with Student's interval; no interval for n < 3."""
    values = np.asarray(values, float)
    n = len(values)
    centre = float(np.mean(values)) if n else np.nan
    if n < FEWEST:
        return Interval(centre, np.nan, np.nan, n)
    reach = stats.t.ppf((1 + LEVEL) / 2, n - 1) * np.std(values, ddof=1) / n**0.5
    return Interval(centre, float(centre - reach), float(centre + reach), n)


def median(values: ArrayLike) -> Interval:
    """Median of `values`, one per seed, with its percentile bootstrap interval; inf stands for never.

    The ends of the interval are medians of resamples, rounded outwards, never between two: one of them may be inf.
    """
    values = np.sort(np.asarray(values, float))
    n = len(values)
    if n < FEWEST:
        return Interval(float(np.median(values)) if n else np.nan, np.nan, np.nan, n)
    medians = np.sort(np.median(values[generator().integers(n, size=(RESAMPLES, n))], axis=1))
    outside = (1 - LEVEL) / 2
    low = np.quantile(medians, outside, method="lower")
    high = np.quantile(medians, 1 - outside, method="higher")
    return Interval(float(np.median(values)), float(low), float(high), n)


def median_range(values: ArrayLike) -> Interval:
    """Median of `values` with their whole range as `low` and `high`; inf stands for never."""
    ordered = np.sort(np.asarray(values, float))
    if not len(ordered):
        return Interval(np.nan, np.nan, np.nan, 0)
    return Interval(float(np.median(ordered)), float(ordered[0]), float(ordered[-1]), len(ordered))


def paired_difference(ours: pd.Series, other: pd.Series) -> Interval:
    """Mean of `ours - other` over the seeds (the indices) that both have, with the interval of a `mean`."""
    ours, other = paired(ours, other)
    return mean(ours - other)


def geometric_mean(values: ArrayLike) -> float:
    """Geometric mean of positive `values`."""
    return float(np.exp(np.mean(np.log(np.asarray(values, float)))))


def geometric_ratio(ours: pd.Series, other: pd.Series) -> Interval:
    """Geometric mean of `ours` / `other` over the seeds (the indices) that both have: a `mean` of logarithms.

    Every seed counts the same, however large its values, and the ratio of the other to ours is the inverse.
    """
    ours, other = paired(ours, other)
    return exponential(mean(np.log(ours) - np.log(other)))


def product(ours: Interval, other: Interval) -> Interval:
    """Product of two independent quantities: in the logarithm the widths of their intervals add in squares.

    A product that is 0 or inf has no logarithm: its ends are the products of the ends.
    """
    value, n = ours.value * other.value, min(ours.n, other.n)
    if value in (0, np.inf):
        return Interval(value, ours.low * other.low, ours.high * other.high, n)
    with np.errstate(divide="ignore"):  # an end may be 0
        below, above = (
            np.sqrt(np.log(getattr(ours, end) / ours.value) ** 2 + np.log(getattr(other, end) / other.value) ** 2)
            for end in ("low", "high")
        )
    return Interval(value, float(value * np.exp(-below)), float(value * np.exp(above)), n)


def repeated_ratio(values: ArrayLike) -> Interval:
    """Geometric mean of ratios, one per independent repetition, with Student's interval of the mean logarithm.

    So repeated starts of a program are compared (Kalibera and Jones, 2013, Rigorous benchmarking in reasonable time).
    Ratios stay consistent: the mean of a/b is that of a/c over that of b/c.
    """
    return exponential(student(np.log(np.asarray(values, float))))


def exponential(logarithm: Interval) -> Interval:
    """Return the interval of a quantity from that of its logarithm."""
    return Interval(*np.exp(logarithm[:3]).tolist(), logarithm.n)


def proportion(successes: int, n: int) -> Interval:
    """Proportion of successes with Wilson's score interval; no interval for n < 3."""
    if n < FEWEST:
        return Interval(successes / n if n else np.nan, np.nan, np.nan, n)
    interval = stats.binomtest(successes, n).proportion_ci(LEVEL, method="wilson")
    return Interval(successes / n, float(interval.low), float(interval.high), n)


def bootstrap(statistic: Callable[..., np.ndarray], samples: Sequence[ArrayLike]) -> Interval:
    """Percentile bootstrap interval of `statistic(*samples, axis=...)`, the samples resampled together.

    The same data have the same interval wherever it is computed, in whatever order they come.

    Args:
        statistic: Vectorised function of the samples.
        samples: Arrays of shape (n,), paired by position.

    Returns:
        The statistic with its 95 % interval; no interval for n < 3.
    """
    arrays = np.array([np.asarray(sample, float) for sample in samples])
    arrays = arrays[:, np.lexsort(arrays[::-1])]
    n = arrays.shape[1]
    value = float(statistic(*arrays, axis=-1)) if n else np.nan
    if n < FEWEST:
        return Interval(value, np.nan, np.nan, n)
    interval = stats.bootstrap(
        list(arrays),
        statistic,
        n_resamples=RESAMPLES,
        confidence_level=LEVEL,
        method="percentile",
        paired=True,
        vectorized=True,
        rng=generator(),
    ).confidence_interval
    return Interval(value, float(interval.low), float(interval.high), n)


def generator() -> np.random.Generator:
    """Return the random numbers of a bootstrap: every interval draws the same."""
    return np.random.default_rng(derive_seed("bootstrap"))


def paired(ours: pd.Series, other: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return the values of both at the seeds (the indices) that both have, in the order of ours."""
    pairs = pd.concat([ours, other], axis=1, join="inner")
    return pairs.iloc[:, 0], pairs.iloc[:, 1]
