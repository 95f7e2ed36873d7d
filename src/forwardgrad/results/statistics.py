"""What can be said over seeds: never a point without an interval, never an interval from fewer than three runs.

A run that reached its threshold has stopped: its last value stands from then on, because that is the
model one would keep. A diverged run counts as worse than every other from its end on (infinite loss),
so that bands and medians do not speak for the survivors alone.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from forwardgrad.seeds import derive_seed

LEVEL = 0.95
RESAMPLES = 10_000
FEWEST = 3


class Estimate(NamedTuple):
    """A value with its interval from `n` runs; `low` and `high` are nan where n is too small."""

    value: float
    low: float
    high: float
    n: int


def bootstrap(
    statistic: Callable[..., np.ndarray], samples: Sequence[ArrayLike], identity: Sequence[str | int]
) -> Estimate:
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
        return Estimate(value, np.nan, np.nan, n)
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
    return Estimate(value, float(interval.low), float(interval.high), n)


def mean(values: ArrayLike, *identity: str | int) -> Estimate:
    """Mean of `values`, one per seed, with its interval."""
    return bootstrap(np.mean, [values], ("mean", *identity))


def median(values: ArrayLike, *identity: str | int) -> Estimate:
    """Median of `values`, one per seed, with its interval; inf stands for never.

    The ends of the interval are medians of resamples, rounded outwards, never between two: one of them may be inf.
    """
    values = np.asarray(values, float)
    n = len(values)
    if n < FEWEST:
        return Estimate(float(np.median(values)) if n else np.nan, np.nan, np.nan, n)
    resampled = np.random.default_rng(derive_seed("bootstrap", "median", *identity)).integers(n, size=(RESAMPLES, n))
    medians = np.sort(np.median(values[resampled], axis=1))
    outside = (1 - LEVEL) / 2
    low = np.quantile(medians, outside, method="lower")
    high = np.quantile(medians, 1 - outside, method="higher")
    return Estimate(float(np.median(values)), float(low), float(high), n)


def paired_difference(ours: pd.Series, other: pd.Series, *identity: str | int) -> Estimate:
    """Mean of `ours - other` over the seeds (the indices) that both have."""
    pairs = pd.concat([ours, other], axis=1, join="inner")
    return bootstrap(np.mean, [pairs.iloc[:, 0] - pairs.iloc[:, 1]], ("difference", *identity))


def paired_ratio(ours: pd.Series, other: pd.Series, *identity: str | int) -> Estimate:
    """Mean of `ours` over mean of `other`, of the seeds (the indices) that both have, resampled in pairs."""
    pairs = pd.concat([ours, other], axis=1, join="inner")

    def ratio(a: np.ndarray, b: np.ndarray, axis: int) -> np.ndarray:
        return np.mean(a, axis=axis) / np.mean(b, axis=axis)

    return bootstrap(ratio, [pairs.iloc[:, 0], pairs.iloc[:, 1]], ("ratio", *identity))


def geometric_ratio(ours: pd.Series, other: pd.Series, *identity: str | int) -> Estimate:
    """Geometric mean of `ours` / `other` over the seeds (the indices) that both have.

    Every seed counts the same, however large its values, and the ratio of the other to ours is the inverse.
    """
    pairs = pd.concat([ours, other], axis=1, join="inner")
    logarithms = np.log(pairs.iloc[:, 0]) - np.log(pairs.iloc[:, 1])
    value, low, high, n = bootstrap(np.mean, [logarithms], ("geometric ratio", *identity))
    return Estimate(*np.exp([value, low, high]).tolist(), n)


def repeated_ratio(values: ArrayLike) -> Estimate:
    """Geometric mean of ratios, one per independent repetition, with Student's interval of the mean logarithm.

    For repetitions too few to resample: the 95 % percentile bootstrap of five normal numbers holds their mean in 83 %
    of cases, Student's interval in 95 %. So repeated starts of a program are compared (Kalibera and Jones, 2013,
    Rigorous benchmarking in reasonable time). Ratios stay consistent: the mean of a/b is that of a/c over that of b/c.
    """
    logarithms = np.log(np.asarray(values, float))
    n = len(logarithms)
    middle = float(np.mean(logarithms)) if n else np.nan
    if n < FEWEST:
        return Estimate(float(np.exp(middle)), np.nan, np.nan, n)
    reach = stats.t.ppf((1 + LEVEL) / 2, n - 1) * np.std(logarithms, ddof=1) / n**0.5
    return Estimate(*np.exp([middle, middle - reach, middle + reach]).tolist(), n)


def share(successes: int, n: int) -> Estimate:
    """Share of successes with Wilson's score interval; no interval for n < 3."""
    if n < FEWEST:
        return Estimate(successes / n if n else np.nan, np.nan, np.nan, n)
    interval = stats.binomtest(successes, n).proportion_ci(LEVEL, method="wilson")
    return Estimate(successes / n, float(interval.low), float(interval.high), n)


def middle(values: ArrayLike) -> Estimate:
    """Median of `values` with their whole range as `low` and `high`, inf standing for never."""
    ordered = np.sort(np.asarray(values, float))
    if not len(ordered):
        return Estimate(np.nan, np.nan, np.nan, 0)
    return Estimate(float(np.median(ordered)), float(ordered[0]), float(ordered[-1]), len(ordered))
