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
    low = "lower end of its 95 % bootstrap interval over seeds; empty for fewer than three"
    return {name: meaning, f"{name}_low": low, f"{name}_high": "upper end"}


def mean(values: ArrayLike, *identity: str | int) -> Interval:
    """Mean of `values`, one per seed, with its interval."""
    return bootstrap(np.mean, [values], ("mean", *identity))


def median(values: ArrayLike, *identity: str | int) -> Interval:
    """Median of `values`, one per seed, with its interval; inf stands for never.

    The ends of the interval are medians of resamples, rounded outwards, never between two: one of them may be inf.
    """
    values = np.asarray(values, float)
    n = len(values)
    if n < FEWEST:
        return Interval(float(np.median(values)) if n else np.nan, np.nan, np.nan, n)
    resampled = np.random.default_rng(derive_seed("bootstrap", "median", *identity)).integers(n, size=(RESAMPLES, n))
    medians = np.sort(np.median(values[resampled], axis=1))
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


def paired_difference(ours: pd.Series, other: pd.Series, *identity: str | int) -> Interval:
    """Mean of `ours - other` over the seeds (the indices) that both have."""
    ours, other = paired(ours, other)
    return bootstrap(np.mean, [ours - other], ("difference", *identity))


def geometric_mean(values: ArrayLike) -> float:
    """Geometric mean of positive `values`."""
    return float(np.exp(np.mean(np.log(np.asarray(values, float)))))


def paired_ratio(ours: pd.Series, other: pd.Series, *identity: str | int) -> Interval:
    """Mean of `ours` over mean of `other`, of the seeds (the indices) that both have, resampled in pairs."""
    return bootstrap(lambda a, b, axis: a.mean(axis) / b.mean(axis), paired(ours, other), ("ratio", *identity))


def geometric_ratio(ours: pd.Series, other: pd.Series, *identity: str | int) -> Interval:
    """Geometric mean of `ours` / `other` over the seeds (the indices) that both have.

    Every seed counts the same, however large its values, and the ratio of the other to ours is the inverse.
    """
    ours, other = paired(ours, other)
    logarithms = np.log(ours) - np.log(other)
    value, low, high, n = bootstrap(np.mean, [logarithms], ("geometric ratio", *identity))
    return Interval(*np.exp([value, low, high]).tolist(), n)


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

    For repetitions too few to resample: the 95 % percentile bootstrap of five normal numbers holds their mean in 83 %
    of cases, Student's interval in 95 %. So repeated starts of a program are compared (Kalibera and Jones, 2013,
    Rigorous benchmarking in reasonable time). Ratios stay consistent: the mean of a/b is that of a/c over that of b/c.
    """
    logarithms = np.log(np.asarray(values, float))
    n = len(logarithms)
    centre = float(np.mean(logarithms)) if n else np.nan
    if n < FEWEST:
        return Interval(float(np.exp(centre)), np.nan, np.nan, n)
    reach = stats.t.ppf((1 + LEVEL) / 2, n - 1) * np.std(logarithms, ddof=1) / n**0.5
    return Interval(*np.exp([centre, centre - reach, centre + reach]).tolist(), n)


def proportion(successes: int, n: int) -> Interval:
    """Proportion of successes with Wilson's score interval; no interval for n < 3."""
    if n < FEWEST:
        return Interval(successes / n if n else np.nan, np.nan, np.nan, n)
    interval = stats.binomtest(successes, n).proportion_ci(LEVEL, method="wilson")
    return Interval(successes / n, float(interval.low), float(interval.high), n)


def bootstrap(
    statistic: Callable[..., np.ndarray], samples: Sequence[ArrayLike], identity: Sequence[str | int]
) -> Interval:
    """Percentile bootstrap interval of `statistic(*samples, axis=...)`, the samples resampled together.

    Args:
        statistic: Vectorised function of the samples.
        samples: Arrays of shape (n,), paired by position.
        identity: What the interval is for; seeds the generator, so that the same data give the same interval.

    Returns:
        The statistic with its 95 % interval; no interval for n < 3.
    """
    arrays = [np.asarray(sample, float) for sample in samples]
    n = len(arrays[0])
    value = float(statistic(*arrays, axis=-1)) if n else np.nan
    if n < FEWEST:
        return Interval(value, np.nan, np.nan, n)
    interval = stats.bootstrap(
        arrays,
        statistic,
        n_resamples=RESAMPLES,
        confidence_level=LEVEL,
        method="percentile",
        paired=True,
        vectorized=True,
        rng=np.random.default_rng(derive_seed("bootstrap", *identity)),
    ).confidence_interval
    return Interval(value, float(interval.low), float(interval.high), n)


def paired(ours: pd.Series, other: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return the values of both at the seeds (the indices) that both have, in the order of ours."""
    pairs = pd.concat([ours, other], axis=1, join="inner")
    return pairs.iloc[:, 0], pairs.iloc[:, 1]
