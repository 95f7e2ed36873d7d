"""Read what the runs wrote, refuse what contradicts itself, and join it into long tidy frames."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from forwardgrad.experiments.training.columns import ENDINGS, FRAMES, IDENTITY, METRICS, RUNS, TIMES
from forwardgrad.experiments.training.costs import read_costs
from forwardgrad.results.folder import Results
from forwardgrad.results.reading import ResultError, produced_by, read_record, read_table, write_made

CELL = ["experiment", "dataset", "model"]


class Frames(NamedTuple):
    """Everything known about one experiment.

    Attributes:
        metrics: One row per run and evaluation; columns IDENTITY and METRICS.
        runs: One row per run; columns RUNS.
        costs: One row per cell and method; columns COSTS.
    """

    metrics: pd.DataFrame
    runs: pd.DataFrame
    costs: pd.DataFrame


def read_experiment(folders: Sequence[Path], costs: Sequence[Path]) -> tuple[Frames, list[dict[str, Any]]]:
    """Read all runs of one experiment, and the measurements of its steps.

    Returns:
        The frames, and what produced them (`produced_by`).

    Raises:
        ResultError: See `read_run`.
    """
    parts, rows, records = map(list, zip(*map(read_run, folders), strict=True)) if folders else ([], [], [])
    runs = pd.DataFrame(rows, columns=list(RUNS))
    identity = runs.loc[runs.index.repeat(list(map(len, parts))), list(IDENTITY)]
    metrics = pd.concat(parts or [pd.DataFrame(columns=list(METRICS))])
    parts.clear()  # ten million rows: once in memory is enough
    joined = pd.concat([frame.reset_index(drop=True) for frame in (identity, metrics)], axis="columns")
    measured = read_costs((record["run"] for record in records), costs)
    return Frames(joined, runs, measured), produced_by(records)


def read_run(folder: Path) -> tuple[pd.DataFrame, dict[str, Any], dict[str, Any]]:
    """Read one run's folder `.../experiment/dataset/model/method/seed-N`.

    Returns:
        Its metrics (METRICS), its row of the runs frame, and its record (`run.json`).

    Raises:
        ResultError: A file is missing, empty or contradicts itself, its path or its record.
    """
    target = folder / "metrics.csv"
    metrics = read_table(target, METRICS)[list(METRICS)]
    times = read_table(folder / "times.csv", TIMES, target)
    record = read_record(folder / "run.json", ("run", "status", "parameters", "data"), target)

    def require(holds: bool, name: str, fault: str) -> None:
        if not holds:
            raise ResultError(folder / name, fault, target)

    steps, statuses = metrics["step"], metrics["status"].tolist()
    require(pd.api.types.is_integer_dtype(steps), "metrics.csv", "steps are not whole numbers")
    require(steps.is_monotonic_increasing and steps.is_unique, "metrics.csv", "steps do not increase")
    require(statuses[-1] in ENDINGS, "metrics.csv", f"last status is {statuses[-1]!r}, not one of {', '.join(ENDINGS)}")
    require(set(statuses[:-1]) <= {"running"}, "metrics.csv", "a row before the last says that the run has ended")
    sound = len(metrics) if statuses[-1] != "diverged" else -1
    losses = [metrics[name].to_numpy()[:sound] for name in ("train_loss", "test_loss")]
    require(not pd.isna(losses).any(), "metrics.csv", "a loss is missing")

    run = record["run"]
    identity = dict(zip(IDENTITY, [*folder.parts[-5:-1], folder.name.removeprefix("seed-")], strict=True))
    recorded = {key: str(run.get(key)) for key in IDENTITY}
    require(recorded == identity, "run.json", f"records {'/'.join(recorded.values())}")
    require(record["status"] == statuses[-1], "run.json", f"says {record['status']}, metrics.csv {statuses[-1]}")

    identity["seed"] = int(identity["seed"])
    last = {name: metrics[name].iat[-1] for name in METRICS if name not in ("step", "status")}
    row = identity | {
        "estimator": run["settings"]["estimator"],
        "learning_rate": run["settings"]["learning_rate"],
        "status": statuses[-1],
        "steps": int(steps.iloc[-1]),
        **last,
        "threshold": run["settings"]["stop"]["loss"],
        "seconds": times["seconds"].iloc[-1],
        "parameters": record["parameters"],
        "source": record["data"]["source"],
    }
    return metrics, row, record


def write_frames(frames: Frames, results: Results, experiment: str) -> None:
    """Write the three frames as CSV, numbers in full precision."""
    for suffix, frame, path in zip(FRAMES, frames, _paths(results, experiment), strict=True):
        write_made(path, frame, plain=not suffix)  # the metrics: names, and numbers by the million


def load_frames(results: Results, experiment: str) -> Frames:
    """Inverse of `write_frames`.

    Raises:
        ResultError: A frame is missing, empty or lacks a column.
    """
    paths = zip(_paths(results, experiment), FRAMES.values(), strict=True)
    return Frames(*(read_table(path, columns, rows=0) for path, columns in paths))


def _paths(results: Results, experiment: str) -> list[Path]:
    return [results.folder / "frames" / f"{experiment}{suffix}.csv" for suffix in FRAMES]


def select(frames: Frames, **identity: str) -> Frames:
    """Return the rows whose columns equal `identity`, such as `dataset="penguins"`."""
    names, values = list(identity), list(identity.values())
    return Frames(*(frame[(frame[names] == values).all(axis=1)] for frame in frames))


def methods_of(runs: pd.DataFrame) -> dict[str, str]:
    """Return {method: estimator} in the order of the rows, which is the order of the configuration."""
    return dict(runs.drop_duplicates("method")[["method", "estimator"]].itertuples(index=False, name=None))
