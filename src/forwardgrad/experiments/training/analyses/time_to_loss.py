"""When the forward gradient has caught up: T_f and T_b, as the paper defines them (Baydin et al., 2022, section 5).

T_b is the time at which backpropagation ends its run, T_f the first time at which the validation loss of the
forward gradient is at or below the one that backpropagation ended with at the same seed. A run that never gets
there is censored: its T_f is inf, and all that is known is that it lies beyond the end of the run.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from forwardgrad.experiments.training.columns import COST_MODELS, TIMES_TO_LOSS
from forwardgrad.experiments.training.frames import CELL, load_frames, methods_of
from forwardgrad.experiments.training.tables import WHOLE_STEPS, counterpart
from forwardgrad.results import statistics
from forwardgrad.results.folder import Results

EVALUATIONS = 10  # below this a run does not tell when a loss is reached
STOCK_METHOD, STOCK_ESTIMATOR = "jvp", "forward_gaussian"

COMPARED = ["dataset", "model", "method", "estimator", "against", "cost"]

TIMES_SUMMARY = {
    **{name: TIMES_TO_LOSS[name] for name in COMPARED},
    "runs": "number of seeds at which backpropagation did not diverge",
    "reached": "number of them at which the loss was reached",
    "T_f": "median over these seeds; inf if half of them never got there",
    "T_b": "median over these seeds",
    "ratio": "median of T_f over T_b; inf if half of them never got there",
    "low": "lower end of its 95 % bootstrap interval over seeds; empty for fewer than three",
    "high": "upper end; inf if it cannot be bounded",
    "bound": "lowest of the bounds of runs that never got there; empty if all did",
    "T_f_quoted": "the paper's, in seconds on its GPU",
    "T_b_quoted": "the paper's",
    "ratio_quoted": "the paper's",
    "certainty": "of the paper's numbers: FIG, read off a figure; UNV, unverified",
}


def times(results: Results, experiment: str, stock: bool) -> pd.DataFrame:
    """One row per run of a forward gradient and cost model; columns TIMES_TO_LOSS.

    Cells without validation loss have none, nor have seeds at which backpropagation diverged, nor runs with fewer than
    ten evaluations: those lie too far apart to tell when a loss is reached. What the stock framework takes is known,
    `stock`, if the experiment `speed` was run too.
    """
    frames = load_frames(results, experiment)
    step = step_times(frames.costs, results.frame("speed") if stock else None)
    runs = dict(list(frames.metrics.groupby([*CELL, "method", "seed"])))
    rows = []
    for cell, own in frames.runs.groupby(CELL, sort=False):
        _, *pair = cell
        methods = methods_of(own)
        for method, estimator in methods.items():
            against = counterpart(method, methods)
            if estimator == "backprop" or against is None:
                continue
            ends = own[(own["method"] == against) & (own["status"] != "diverged") & own["validation_loss"].notna()]
            for end in ends.itertuples():
                run = runs.get((*cell, method, end.seed))
                if run is None or len(run) <= EVALUATIONS:  # the first is that of the untrained network
                    continue
                steps, last = first_step(run, end.validation_loss), run["step"].max()
                for cost in COST_MODELS:
                    ours, other = (step.get((*pair, name, cost), np.nan) for name in (method, against))
                    if ours == ours and other == other:  # both are known
                        reached, total = steps * ours, end.steps * other
                        ends = (reached, total, reached / total, last * ours / total, bool(np.isfinite(steps)))
                        rows.append((*pair, method, estimator, against, end.seed, cost, *ends))
    return pd.DataFrame(rows, columns=list(TIMES_TO_LOSS))


def times_summary(results: Results, experiment: str, paper_settings: bool) -> pd.DataFrame:
    """Medians of `times` over the seeds with their intervals; columns TIMES_SUMMARY.

    An experiment with the settings of the paper has the paper's times beside its own.
    """
    quoted, rows = results.quoted(), []
    for key, own in results.table(experiment, "times").groupby(COMPARED, sort=False):
        ratio = statistics.median(own["ratio"], "times", *key)
        row = dict(zip(COMPARED, key, strict=True))
        row |= {"runs": len(own), "reached": int(own["reached"].sum())}
        row |= {name: statistics.median_range(own[name]).value for name in ("T_f", "T_b")}
        row |= {"ratio": ratio.value, "low": ratio.low, "high": ratio.high}
        row |= {"bound": own.loc[~own["reached"].astype(bool), "bound"].min()}
        rows.append(row | (_quoted(quoted, row) if paper_settings else {}))
    return pd.DataFrame(rows, columns=list(TIMES_SUMMARY))


def step_times(costs: pd.DataFrame, measured: pd.DataFrame | None) -> dict[tuple[str, str, str, str], float]:
    """Return the seconds of a step by (data set, model, method, cost model), nan where they are not known.

    Args:
        costs: Measurements of one experiment; columns COSTS.
        measured: Measurements of the experiment `speed` (columns SPEED), for what the stock framework takes.
    """
    seconds = {}
    for cell, methods in costs.groupby(["dataset", "model"], sort=False):
        estimators = methods_of(methods)
        for row in methods.itertuples():
            whole = row.whole_seconds / row.whole_steps if row.whole_steps >= WHOLE_STEPS else np.nan
            times = {"engine": row.seconds_per_step, "engine_in_memory": row.seconds_in_memory}
            times |= {"engine_whole_run": whole, "stock": np.nan}
            if row.estimator == "backprop":
                times["stock"] = row.seconds_per_step
            elif row.estimator == STOCK_ESTIMATOR and measured is not None:
                other = counterpart(row.method, estimators)
                ours = methods.loc[methods["method"] == other, "seconds_per_step"]
                times["stock"] = ours.iloc[0] * _stock_ratio(measured, row) if len(ours) else np.nan
            seconds |= {(*cell, row.method, cost): time for cost, time in times.items()}
    return seconds


def first_step(run: pd.DataFrame, loss: float) -> float:
    """Return the first step at which the validation loss of `run` (its metrics) is at or below `loss`; inf if never."""
    there = run.loc[(run["validation_loss"] <= loss) & (run["status"] != "diverged"), "step"]
    return float(there.min()) if len(there) else np.inf


def _stock_ratio(measured: pd.DataFrame, row: Any) -> float:
    """Return the cost of a step by stock forward mode over backpropagation's on the same network; nan if unknown."""
    network = (measured["model"] == row.model) & (measured["batch_size"] == row.batch_size)
    network &= (measured["device"] == "cpu") & (measured["method"] == STOCK_METHOD)
    network &= (measured["model"] != "mlp") | (measured["depth"] == 2)  # the paper's has two hidden layers
    found = measured.loc[network, "ratio_to_backprop"].dropna()
    return float(found.median()) if len(found) else np.nan


def _quoted(quoted: pd.DataFrame, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the paper's T_f, T_b and their ratio for the method of `row`; it has them for dense Gaussian tangents."""
    paper = quoted[(quoted["source"] == "paper") & (quoted["model"] == row["model"])]
    values = {(entry.method, entry.quantity): entry for entry in paper.itertuples()}
    wanted = {
        "T_f_quoted": (row["method"], "T_f"),
        "T_b_quoted": (row["against"], "T_b"),
        "ratio_quoted": (row["method"], "T_f/T_b"),
    }
    if wanted["ratio_quoted"] not in values:
        return {}
    found = {name: float(values[key].value) for name, key in wanted.items() if key in values}
    return found | {"certainty": values[wanted["ratio_quoted"]].certainty}
