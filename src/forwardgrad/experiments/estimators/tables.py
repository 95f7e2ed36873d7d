"""Estimates of one gradient as a frame and a table: every quantity with its interval beside its formula."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from scipy import stats

from forwardgrad.experiments.estimators.columns import CLOUD, CURVATURE, ESTIMATORS, SAMPLED, VARIANCE
from forwardgrad.experiments.estimators.plan import EXPERIMENT
from forwardgrad.results.folder import Results
from forwardgrad.results.reading import produced_by, read_record, read_table
from forwardgrad.results.statistics import LEVEL, proportion

QUANTITIES = ("along", "bias", "second_moment", "cosine", "cosine_squared")


def join(paths: Sequence[Path]) -> tuple[pd.DataFrame, pd.DataFrame, list[dict[str, Any]]]:
    """Return the frame of all networks (columns ESTIMATORS), all clouds, and what produced them."""
    frames, clouds, records = [], [], []
    for path in paths:
        sampled = read_table(path, SAMPLED, exact=True)
        cloud = read_table(path.with_name(f"{path.stem}-cloud.csv"), CLOUD, exact=True)
        record = read_record(path.with_name(f"{path.stem}-record.json"), ("model", "parameters"), path)
        rows = sampled.assign(network=record["model"], n=record["parameters"])
        reach = stats.t.ppf((1 + LEVEL) / 2, rows["freedom"]) * rows["error"]
        rows = rows.assign(low=rows["measured"] - reach, high=rows["measured"] + reach)
        for index, row in rows[rows["quantity"] == "uphill"].iterrows():
            found = proportion(round(row["measured"] * row["draws"]), row["draws"])
            rows.loc[index, ["low", "high"]] = found.low, found.high
        frames.append(rows[list(ESTIMATORS)])
        clouds.append(cloud.assign(network=record["model"]))
        records.append(record)
    joined = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(ESTIMATORS))
    cloud = pd.concat(clouds, ignore_index=True) if clouds else pd.DataFrame(columns=["network", *CLOUD])
    return joined, cloud[["network", *CLOUD]], produced_by(records)


def write_frames(paths: Sequence[Path], curvature: Path, variance: Path, results: Path) -> None:
    """Join the estimates of all networks, and the measured curvature and variance, into the frames below `results`."""
    frame, clouds, made = join(paths)
    frames = {"": frame, "-clouds": clouds}
    for path, columns in ((curvature, CURVATURE), (variance, VARIANCE)):
        frames[f"-{path.stem}"] = read_table(path, columns, exact=True)
        read_record(path.with_name(f"{path.stem}-record.json"), ("draws",), path)
    Results(results).write_frames(EXPERIMENT, frames, made)


def relative(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that have a formula other than zero, and what is measured over it as `ratio`, `low`, `high`."""
    rows = frame[frame["formula"].gt(0) & frame["low"].notna()]
    parts = rows[["measured", "low", "high"]].div(rows["formula"], axis=0)
    return rows.assign(ratio=parts["measured"], low=parts["low"], high=parts["high"])


def summary(results: Results) -> pd.DataFrame:
    """Return one row per network and estimator: each quantity, its interval and its formula, and whether they agree."""
    rows = []
    for (network, n, estimator), own in results.frame("estimators").groupby(["network", "n", "estimator"], sort=False):
        row: dict[str, Any] = {"network": network, "n": n, "estimator": estimator}
        quantities = own.set_index("quantity")
        row["draws"] = int(quantities.loc["along", "draws"])
        for quantity in QUANTITIES:
            found = quantities.loc[quantity]
            row[quantity] = found["measured"]
            row |= {f"{quantity}_{name}": found[name] for name in ("low", "high", "formula")}
        rows.append(row)
    return pd.DataFrame(rows)


def networks_of(frame: pd.DataFrame) -> dict[str, int]:
    """Return {network: number of parameters}, the smallest first."""
    return dict(frame[["network", "n"]].drop_duplicates().sort_values("n").itertuples(index=False, name=None))


def inside(frame: pd.DataFrame) -> tuple[int, int]:
    """Return how many intervals hold their formula, of how many that have a formula and a positive width."""
    judged = frame[frame["formula"].notna() & (frame["high"] - frame["low"] > 1e-6 * frame["formula"].abs())]
    return int(((judged["low"] <= judged["formula"]) & (judged["formula"] <= judged["high"])).sum()), len(judged)
