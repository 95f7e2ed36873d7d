"""Evidence for a claim: a query on a frame of results, answered with a value and its interval.

A query is plain data (report/claims.yaml): which rows of which frame, which column, which statistic,
and against which other rows. Repetitions are seeds, unless the query names another `unit`; whatever is
compared is paired by them.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from forwardgrad.claims.ledger import columns_asked, intervals_of
from forwardgrad.experiments.training.columns import IDENTITY
from forwardgrad.results import statistics
from forwardgrad.results.curves import align
from forwardgrad.results.reading import read_csv
from forwardgrad.results.statistics import Interval

NEVER = 1e100  # stands for infinity while ratios of medians are resampled: differences of infinities are not numbers


class EvidenceError(Exception):
    """There is nothing to judge a claim by; the message says why."""


def read_frame(path: Path) -> pd.DataFrame:
    """Read a frame, each name kept once: ten million rows of text would not fit into memory."""
    names = {*IDENTITY, "status"} - {"seed"}
    return read_csv(path, dtype=dict.fromkeys(names, "category"))


class Evidence(NamedTuple):
    """A value with its interval, and how many of the runs behind it have diverged and are left out."""

    interval: Interval
    left_out: int = 0


def evaluate(query: Mapping[str, Any], frame: pd.DataFrame) -> Evidence:
    """Answer a query.

    Args:
        query: The claim's `evidence`.
        frame: The frame that it asks.

    Raises:
        EvidenceError: No row fits, or more rows than the query can tell apart.
    """
    missing = {column for _, column in columns_asked(query)} - set(frame.columns)
    if missing:
        raise EvidenceError(f"{query['frame']} has no column {', '.join(sorted(missing))}")
    samples = [fitting(frame, query["where"], query["frame"])]
    if "against" in query:
        samples.append(fitting(frame, query["where"] | query["against"], query["frame"]))
    match query["statistic"]:
        case "given":
            return Evidence(reported(query, samples))
        case "range":
            return Evidence(over_range(query, samples))
        case "share":
            return Evidence(proportion(query, *samples))
        case "largest_gap":
            return largest_gap(query, samples)
    return compared(query, samples)


def compared(query: Mapping[str, Any], samples: list[pd.DataFrame]) -> Evidence:
    """Return a statistic of one sample, or of two paired by the query's unit."""
    statistic, ranks = STATISTICS[query["statistic"]], query["statistic"] in BY_RANK
    series = [by_unit(query, one_row(query, rows), ranks) for rows in samples]
    if query.get("deterministic"):  # the other method draws nothing: its one run is that of every seed
        if len(series[1]) != 1:
            raise EvidenceError(f"the method that should be deterministic has {len(series[1])} runs")
        series[1] = pd.Series(float(series[1].iloc[0]), index=series[0].index)
    both = pd.concat(series, axis=1, join="inner")
    sound = both.dropna()
    if "trained_below" in query and (reached := sound.iloc[:, 1].mean()) > query["trained_below"]:
        untrained = f"{query['value']} {reached:.4g} is above {query['trained_below']:g}"
        raise EvidenceError(f"the runs compared with have not trained: {untrained}")
    interval = statistic(*(sound.iloc[:, column] for column in range(len(series))))
    return Evidence(interval, len(both) - len(sound))


def proportion(query: Mapping[str, Any], rows: pd.DataFrame) -> Interval:
    """Return the proportion of runs whose value equals `equals` or, for a number `up_to`, is at most that."""
    ended = one_row(query, rows)
    if "equals" in query:
        hits = ended[query["value"]] == query["equals"]
    else:
        hits = by_unit(query, ended, ranks=True) <= query["up_to"]
    return statistics.proportion(int(hits.sum()), len(hits))


def over_range(query: Mapping[str, Any], samples: list[pd.DataFrame]) -> Interval:
    """Return the geometric mean over the query's units, such as depths, with the lowest and the highest as its ends.

    Units are no sample of anything, so nothing is inferred beyond them.
    """
    ours, *others = (by_unit(query, rows, ranks=False) for rows in samples)
    values = (ours / others[0] if others else ours).dropna()
    if values.empty:
        raise EvidenceError(f"{query['frame']} has the rows, but their {query['value']} is empty")
    return Interval(statistics.geometric_mean(values), values.min(), values.max(), len(values))


def reported(query: Mapping[str, Any], samples: list[pd.DataFrame]) -> Interval:
    """Return a row's value with the interval that the row itself has, `over` another of its columns if asked.

    With `pick`, the row that has the lowest or the highest value is taken. Against another row the interval
    is the widest that the two allow.
    """
    ours, *others = (own_interval(query, rows) for rows in samples)
    if not others:
        return ours
    (other,) = others
    return Interval(ours.value / other.value, ours.low / other.high, ours.high / other.low, min(ours.n, other.n))


def own_interval(query: Mapping[str, Any], rows: pd.DataFrame) -> Interval:
    """Return the value of the one row, or of the one that is picked, with its interval."""
    rows = rows[rows[query["value"]].notna()]
    if rows.empty:
        raise EvidenceError(f"{query['frame']} has the row, but its {query['value']} is empty")
    if "pick" in query:
        rows = rows.sort_values(query["value"], ascending=query["pick"] == "lowest").head(1)
    if len(rows) > 1:
        raise EvidenceError("the query fits more than one row")
    row, (low, high, count) = rows.iloc[0], intervals_of(query["frame"])[query["value"]]
    if missing := [name for name in (low, high, count) if name not in row]:
        raise EvidenceError(f"{query['frame']} has no column {', '.join(missing)}")
    scale = float(row[query["over"]]) if "over" in query else 1.0
    value, low, high = (float(row[name]) / scale for name in (query["value"], low, high))
    return Interval(value, low, high, int(row[count]))


def largest_gap(query: Mapping[str, Any], samples: list[pd.DataFrame]) -> Evidence:
    """Return the largest relative distance between two mean curves over the evaluations that both have.

    The curves are means over the seeds that both methods have and at which neither diverged.
    """
    diverged = {seed for rows in samples for seed in rows.loc[rows["status"] == "diverged", "seed"]}
    common = sorted(set.intersection(*(set(rows["seed"]) for rows in samples)))
    sound = [seed for seed in common if seed not in diverged]
    steps = sorted(set.intersection(*(set(rows["step"]) for rows in samples)))
    if not steps:
        raise EvidenceError("the two methods have no evaluation in common")
    matrices = [align(rows[rows["seed"].isin(sound)].sort_values("step"), query["value"], steps) for rows in samples]

    def gap_of(places: np.ndarray) -> float:
        ours, other = (matrix[places].mean(axis=0) for matrix in matrices)
        return np.abs(ours / other - 1).max()

    def gap(places: np.ndarray, axis: int) -> np.ndarray:
        # One resample after another: the curves of all at once would fill the memory.
        return np.apply_along_axis(gap_of, axis, places.astype(int))

    return Evidence(statistics.bootstrap(gap, [np.arange(len(sound))]), len(common) - len(sound))


def fitting(frame: pd.DataFrame, where: Mapping[str, Any], name: str) -> pd.DataFrame:
    """Return the rows whose columns have the values of `where`: one, any of a list, or null for an empty cell."""
    rows = frame
    for column, value in where.items():
        rows = rows[matching(rows[column], value)]
    if rows.empty:
        values = ", ".join(f"{column} {value}" for column, value in where.items())
        raise EvidenceError(f"{name} has no row with {values}")
    return rows


def matching(values: pd.Series, wanted: Any) -> np.ndarray:
    """Return where `values` are what is wanted; numbers to rounding, as they come from text."""
    if wanted is None:
        return values.isna().to_numpy()
    if isinstance(wanted, list):
        return np.logical_or.reduce([matching(values, one) for one in wanted])
    if isinstance(wanted, str):
        return (values == wanted).to_numpy()
    return np.isclose(values.astype(float), wanted, rtol=1e-9, atol=0)


def one_row(query: Mapping[str, Any], rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row of every run: its last evaluation, or with `average` the mean of all that have a value."""
    if "step" not in rows:
        return rows
    ended = rows.sort_values("step").groupby(unit_of(query), sort=True).tail(1)
    if query.get("average"):
        value = query["value"]
        ended = ended.assign(**{value: ended[unit_of(query)].map(rows.groupby(unit_of(query))[value].mean())})
    return ended


def by_unit(query: Mapping[str, Any], rows: pd.DataFrame, ranks: bool) -> pd.Series:
    """Return the values by seed or other unit; nan, or inf for ranks, where a run diverged or never arrived."""
    unit, value = unit_of(query), query["value"]
    if rows[unit].duplicated().any():
        raise EvidenceError(f"the query fits more than one row of a {unit}")
    rows = rows.set_index(unit)
    worst = (-np.inf if value.endswith("accuracy") else np.inf) if ranks else np.nan
    failed = rows["status"] == "diverged" if "status" in rows else pd.Series(False, index=rows.index)
    if value == "steps" and "threshold" in rows and rows["threshold"].notna().any():
        failed = rows["status"] != "threshold"
    return rows[value].astype(float).mask(failed, worst)


def unit_of(query: Mapping[str, Any]) -> str:
    """Return the column that tells repetitions apart."""
    return query.get("unit", "seed")


def ratio_of_medians(ours: pd.Series, other: pd.Series) -> Interval:
    """Ratio of the medians of two samples, resampled in pairs; inf stands for never."""

    def statistic(first: np.ndarray, second: np.ndarray, axis: int) -> np.ndarray:
        return np.median(first, axis=axis) / np.median(second, axis=axis)

    finite = [series.clip(-NEVER, NEVER) for series in (ours, other)]
    if all(abs(series.median()) >= NEVER for series in finite):
        raise EvidenceError("in the median run neither method arrives")
    value, low, high, n = statistics.bootstrap(statistic, finite)
    return Interval(*(unbounded(number) for number in (value, low, high)), n)


def unbounded(value: float) -> float:
    """Return infinity for what NEVER, or a mean with it, has become."""
    return float(np.copysign(np.inf, value)) if abs(value) > NEVER**0.5 else value


STATISTICS: dict[str, Callable[..., Interval]] = {
    "mean": statistics.mean,
    "median": statistics.median,
    "difference": statistics.paired_difference,
    "geometric_ratio": statistics.geometric_ratio,
    "ratio_of_medians": ratio_of_medians,
}

BOOTSTRAPPED = ("median", "ratio_of_medians", "largest_gap")  # however few the seeds

# Statistics for which a run that diverged or never arrived is the worst of all; the others leave it out.
BY_RANK = ("median", "ratio_of_medians")
