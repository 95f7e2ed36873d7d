"""Runs on test functions: checked, joined, summarised, and set beside theory and published numbers."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from forwardgrad.experiments.functions.columns import CONTRACTED, DESCENT_COSTS, FRAMES, OUTCOMES, STEPS, TIMED
from forwardgrad.experiments.functions.plan import ADDED, EXPERIMENT, GRADIENT_DESCENT
from forwardgrad.results import statistics
from forwardgrad.results.curves import percentile_band
from forwardgrad.results.folder import Results
from forwardgrad.results.quoted import published
from forwardgrad.results.reading import produced_by, read_record, read_table

CASE = ["source", "function"]


def write_frames(results: Path, records: Iterable[Path], *parts: Sequence[Path]) -> None:
    """Join the files of all cases, `parts` in the order of FRAMES, into the frames below `results`.

    Raises:
        ResultError: A file is missing, broken or lacks a column; one line with the command that makes it again.
    """
    made = [read_record(path, ["descents"]) for path in records]
    runs = (record for record in made for _ in range(record["descents"]))
    *cases, costs = zip(FRAMES.items(), parts, strict=True)
    frames = {suffix: joined(paths, columns) for (suffix, columns), paths in cases}
    (suffix, _), paths = costs
    Results(results).write_frames(EXPERIMENT, frames | {suffix: pool_costs(paths)}, produced_by(runs))


def joined(paths: Sequence[Path], columns: Iterable[str]) -> pd.DataFrame:
    """Return the rows of all files, each of which must have the columns."""
    return pd.concat(
        [read_table(path, columns) for path in paths] or [pd.DataFrame(columns=list(columns))], ignore_index=True
    )


def pool_costs(paths: Sequence[Path]) -> pd.DataFrame:
    """Join what single processes measured of the steps; columns DESCENT_COSTS."""
    rows = pd.concat([read_table(path, STEPS).assign(process=path.stem) for path in paths], ignore_index=True)
    rows["form"] = rows["method"].str.endswith(ADDED)
    within = [*CASE, "process", "form"]
    base = rows[rows["method"].str.startswith(GRADIENT_DESCENT)].set_index(within)["seconds_per_step"].rename("base")
    rows["ratio"] = rows["seconds_per_step"] / rows.join(base, on=within)["base"]
    pooled = []
    for key, own in rows.groupby([*CASE, "method"], sort=False):
        seconds, ratio = (statistics.repeated_ratio(own[name]) for name in ("seconds_per_step", "ratio"))
        pooled.append((*key, *seconds[:3], *ratio[:3], len(own)))
    return pd.DataFrame(pooled, columns=list(DESCENT_COSTS))


def outcomes(results: Results) -> pd.DataFrame:
    """The final values, one row per case and method; columns OUTCOMES."""
    finals = published(results.quoted(), EXPERIMENT, "final")
    rows = []
    for key, own in results.frame("functions-runs").groupby([*CASE, "method"], sort=False):
        lost = own["status"] == "diverged"
        final = own["final"].where(~lost, np.inf)
        _, low, high, _ = statistics.proportion(int(lost.sum()), len(own))
        value, certainty = finals.get(key, (np.nan, ""))
        rows.append(
            dict(zip([*CASE, "method"], key, strict=True))
            | {"runs": len(own), "diverged": int(lost.sum()), "diverged_low": low, "diverged_high": high}
            | {"minimum": own["minimum"].iloc[0], "start": own["initial"].iloc[0]}
            | {"peak": own["peak"].where(~lost).max()}
            | statistics.median(final).columns("median")
            | {"lowest": final.min(), "highest": final.max()}
            | {name: own[name].where(~lost, np.inf).median() for name in ("distance", "trace")}
            | {"quoted": value, "certainty": certainty}
        )
    return pd.DataFrame(rows, columns=list(OUTCOMES))


def costs(results: Results) -> pd.DataFrame:
    """Measured steps beside the published ratio of their times; columns TIMED."""
    measured, ratios = results.frame("functions-costs"), published(results.quoted(), EXPERIMENT, "time_ratio")
    theirs = [ratios.get(key, (np.nan, "")) for key in measured[[*CASE, "method"]].itertuples(index=False, name=None)]
    values, marks = zip(*theirs, strict=True)
    return measured.assign(published=values, certainty=marks)[list(TIMED)]


def contraction(results: Results) -> pd.DataFrame:
    """One row per sphere, method and rate: the measured mean with its interval over seeds, and theory's."""
    rows = []
    keys = ["source", "function", "method", "dimensions", "learning_rate", "limit"]
    for key, own in results.frame("functions-contraction").groupby(keys, sort=False):
        row = dict(zip(keys, key, strict=True))
        factor, low, high, _ = statistics.mean(own["factor"])
        expected = expected_factor(row["method"], row["learning_rate"], row["dimensions"])
        rows.append(row | {"factor": factor, "low": low, "high": high, "expected": expected})
    return pd.DataFrame(rows, columns=list(CONTRACTED))


def expected_factor(method: str, rate: float, dimensions: int) -> float:
    """Return the mean of ||x'||^2 / ||x||^2 after one step on the sphere ||x||^2.

    The gradient is 2x. Gradient descent: (1 - 2 lr)^2. With v Gaussian, E (x.v)^2 |v|^2 = (n + 2) ||x||^2, so the mean
    is 1 - 4 lr + 4 lr^2 (n + 2): above 1 from lr = 1 / (n + 2) on. With Rademacher v, |v|^2 = n: n replaces n + 2.
    """
    if method == GRADIENT_DESCENT:
        return (1 - 2 * rate) ** 2
    return 1 - 4 * rate + 4 * rate**2 * (dimensions + 2 * (method == "forward_gaussian"))


def bands(curves: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Return median and 10th to 90th percentile of the value above the minimum, by method and step, of one case.

    A descent counts as inf from where it has diverged.
    """
    lost = set(runs.loc[runs["status"] == "diverged", ["method", "seed"]].itertuples(index=False, name=None))
    minimum, parts = runs["minimum"].iloc[0], []
    for method, own in curves.groupby("method", sort=False):
        longest = own.loc[own["step"].idxmax(), "seed"]
        steps = own.loc[own["seed"] == longest, "step"].to_numpy()
        rows = [_values(run, steps, (method, seed) in lost) - minimum for seed, run in own.groupby("seed")]
        parts.append(percentile_band(np.array(rows)).assign(method=method, step=steps))
    return pd.concat(parts, ignore_index=True)[["method", "step", "median", "low", "high", "seeds"]]


def _values(run: pd.DataFrame, steps: np.ndarray, lost: bool) -> np.ndarray:
    """Values of one descent at `steps`, of which it has its own up to its end."""
    last = np.searchsorted(run["step"].to_numpy(), steps, side="right") - 1
    values = run["value"].to_numpy(float)[last]
    return np.where(steps >= run["step"].max(), np.inf, values) if lost else values


def rows_of_case(frame: pd.DataFrame, case: Sequence[str]) -> pd.DataFrame:
    """Return the rows of a frame that belong to one case, (source, function)."""
    return frame[(frame["source"] == case[0]) & (frame["function"] == case[1])]
