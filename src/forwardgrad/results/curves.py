"""Runs over steps: the median of the seeds, and the band from their 10th to their 90th percentile.

A run that reached its threshold has stopped: its last value stands from then on, because that is the
model one would keep. A diverged run counts as worse than every other from its end on (infinite loss),
so that bands and medians do not speak for the survivors alone.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from forwardgrad.results.statistics import FEWEST

CURVES = {
    "method": "method key: a named configuration entry",
    "estimator": "estimator key",
    "metric": "column of the metrics that is drawn",
    "step": "number of updates done",
    "seconds": "step times the processor time of one step; empty where that was not measured",
    "median": "median over the seeds; inf (accuracy: -inf) where half of them have diverged",
    "low": "10th percentile of the seeds, rounded outwards; empty for fewer than three seeds",
    "high": "90th percentile of the seeds, rounded outwards; empty for fewer than three seeds",
    "seeds": "number of runs behind the row",
}

PERCENTILES = (0.1, 0.9)


def curve_table(metrics: pd.DataFrame, runs: pd.DataFrame, costs: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return the bands of the metrics `names` for every method of one cell; columns CURVES.

    A method's curve ends where nine tenths of its own runs have ended. The frames are those of one cell, with the
    columns IDENTITY and METRICS, RUNS and COSTS of `experiments.training.columns`.
    """
    step_time = costs.set_index("method")["seconds_per_step"]
    parts = []
    for (method, estimator), group in runs.groupby(["method", "estimator"], sort=False):
        own = metrics[metrics["method"] == method]
        steps = thinned(own.loc[own["step"] <= horizon(group), "step"])
        for name in names:
            part = percentile_band(align(own, name, steps))
            parts.append(part.assign(method=method, estimator=estimator, metric=name, step=steps))
    joined = pd.concat(parts, ignore_index=True)
    joined["seconds"] = joined["step"] * joined["method"].map(step_time).astype(float)
    return joined[list(CURVES)]


def align(metrics: pd.DataFrame, metric: str, steps: ArrayLike) -> np.ndarray:
    """Return `metric` of one method's runs as a (seeds, steps) matrix.

    Between evaluations and after its end a run keeps its last value. From the step at which a run is
    found diverged its value is inf (-inf for an accuracy). A run not yet evaluated is nan.
    """
    worst = -np.inf if metric.endswith("accuracy") else np.inf
    rows = []
    for _, run in metrics.groupby("seed", sort=True):
        values = run[metric].to_numpy(float).copy()
        values[run["status"].to_numpy() == "diverged"] = worst
        last = np.searchsorted(run["step"].to_numpy(), steps, side="right") - 1
        rows.append(np.where(last >= 0, values[np.maximum(last, 0)], np.nan))
    return np.array(rows)


def percentile_band(matrix: np.ndarray) -> pd.DataFrame:
    """Summarise a (seeds, steps) matrix by step.

    Returns:
        `median`, `low`, `high` (PERCENTILES, rounded outwards to a run that exists) and `seeds`.
    """
    low, high, seeds = np.nan, np.nan, len(matrix)
    if seeds >= FEWEST:
        low = np.quantile(matrix, PERCENTILES[0], axis=0, method="lower")
        high = np.quantile(matrix, PERCENTILES[1], axis=0, method="higher")
    return pd.DataFrame({"median": np.median(matrix, axis=0), "low": low, "high": high, "seeds": seeds})


def horizon(runs: pd.DataFrame) -> int:
    """Return the step by which nine tenths of a method's runs have ended: as far as curves are worth drawing."""
    return int(runs["steps"].quantile(PERCENTILES[1], interpolation="higher"))


def thinned(steps: ArrayLike, points: int = 240) -> np.ndarray:
    """Return at most `points` of `steps`, first and last among them: half spaced evenly, half in the logarithm."""
    steps = np.unique(steps)
    if len(steps) <= points:
        return steps
    even = np.linspace(steps[0], steps[-1], points // 2)
    logarithmic = np.geomspace(max(steps[0], 1), steps[-1], points - points // 2)
    wanted = np.unique(np.concatenate([even, logarithmic]))
    return np.unique(steps[np.searchsorted(steps, np.floor(wanted))])
