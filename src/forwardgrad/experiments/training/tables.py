"""Tables: what the runs of each method came to, beside others' numbers, and each method against backpropagation.

Tables hold numbers, not words, so that they can be read by a program; `report` renders them.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from forwardgrad.experiments.training.frames import CELL, Frames, methods_of
from forwardgrad.results import statistics

WHOLE_STEPS = 50  # below this a run's set-up shows in its time per step
BUSY = 1.5  # time of a whole run over that of its steps, or the inverse, from which on neither is believed

METHODS = {
    "dataset": "data set key",
    "model": "model key",
    "method": "method key",
    "estimator": "estimator key",
    "runs": "number of runs, one per seed",
    "threshold": "runs that reached their loss threshold",
    "completed": "runs that did all their steps",
    "diverged": "runs whose loss exceeded 1e4 or was not finite",
    "steps_median": "median steps to the threshold, inf for runs that never reached it; empty without a threshold",
    "steps_min": "fewest steps to the threshold",
    "steps_max": "most steps to the threshold; inf if a run never reached it",
    "test_accuracy": "mean test accuracy at the end of the runs that did not diverge",
    "test_accuracy_low": "lower end of its 95 % bootstrap interval over seeds; empty for fewer than three runs",
    "test_accuracy_high": "upper end",
    "test_loss": "mean test loss at the end of the runs that did not diverge",
    "test_loss_low": "lower end of its 95 % bootstrap interval over seeds; empty for fewer than three runs",
    "test_loss_high": "upper end",
    "seconds_per_step": "median time of one step, measured alone; empty where not measured",
    "seconds_per_step_low": "lower end of its 95 % interval",
    "seconds_per_step_high": "upper end",
    "seconds_in_memory": "the same with the batch in memory already, not gathered",
    "whole_run": "time of one whole timed run over its steps times seconds_per_step; empty for fewer than 50 steps",
}

PAIRED = {
    "dataset": "data set key",
    "model": "model key",
    "method": "method key",
    "estimator": "estimator key",
    "against": "method key of the backpropagation it is compared with",
    "quantity": "steps (to the threshold), test_accuracy or test_loss (at the end)",
    "difference": "mean over seeds of the method's value minus backpropagation's at the same seed",
    "low": "lower end of its 95 % bootstrap interval over seeds; empty for fewer than three pairs",
    "high": "upper end",
    "pairs": "seeds at which both have a value: both reached the threshold, or neither diverged",
}


def method_table(frames: Frames) -> pd.DataFrame:
    """One row per cell and method; columns METHODS."""
    costs = frames.costs.set_index([*CELL, "method"])
    rows = []
    for identity, cell in _cells(frames.runs):
        for method, estimator in methods_of(cell).items():
            own = cell[cell["method"] == method]
            key = (*identity.values(), method)
            row = {"method": method, "estimator": estimator, "runs": len(own)}
            row |= {status: int((own["status"] == status).sum()) for status in ("threshold", "completed", "diverged")}
            if own["threshold"].notna().any():
                row |= _columns("steps_median steps_min steps_max", statistics.middle(steps_to_threshold(own)))
            sound = own[own["status"] != "diverged"]
            for name in ("test_accuracy", "test_loss"):
                row |= _columns(f"{name} {name}_low {name}_high", statistics.mean(sound[name], name, *key))
            if key in costs.index:
                cost = costs.loc[key]
                times = cost[["seconds_per_step", "low", "high"]]
                row |= _columns("seconds_per_step seconds_per_step_low seconds_per_step_high", times)
                row["seconds_in_memory"] = cost["seconds_in_memory"]
                if cost["whole_steps"] >= WHOLE_STEPS:
                    row["whole_run"] = cost["whole_seconds"] / (cost["whole_steps"] * cost["seconds_per_step"])
            rows.append(identity | row)
    return pd.DataFrame(rows, columns=list(METHODS))


def paired_table(frames: Frames) -> pd.DataFrame:
    """Every method of a cell against the cell's backpropagation, seed by seed; columns PAIRED."""
    rows = []
    for identity, cell in _cells(frames.runs):
        methods = methods_of(cell)
        for method, estimator in methods.items():
            baseline = counterpart(method, methods)
            if baseline is None:
                continue
            for quantity in ("steps", "test_accuracy", "test_loss"):
                ours, other = (_by_seed(cell[cell["method"] == name], quantity) for name in (method, baseline))
                if not len(ours) or not len(other):
                    continue
                difference = statistics.paired_difference(ours, other, quantity, *identity.values(), method, baseline)
                row = {"method": method, "estimator": estimator, "against": baseline, "quantity": quantity}
                rows.append(identity | row | _columns("difference low high", difference) | {"pairs": difference.n})
    return pd.DataFrame(rows, columns=list(PAIRED))


def baseline_of(methods: dict[str, str]) -> str | None:
    """Method that stands for backpropagation in {method: estimator}: `backprop`, else the first of its kind."""
    if "backprop" in methods:
        return "backprop"
    return next((method for method, estimator in methods.items() if estimator == "backprop"), None)


def counterpart(method: str, methods: dict[str, str]) -> str | None:
    """Method that `method` is to be compared with: the backpropagation of {method: estimator} that it is paired with.

    `forward_gaussian_low_rate` belongs to `backprop_low_rate`, if there is one; whatever has no backpropagation
    of its own, to `baseline_of`. That one has none.
    """
    own = "backprop" + method.removeprefix(methods[method])
    found = own if own in methods and own != method else baseline_of(methods)
    return None if found == method else found


def quoted_steps(quoted: pd.DataFrame) -> dict[tuple[str, str, str], float]:
    """Others' steps to the threshold by (dataset, model, method)."""
    steps = quoted[quoted["quantity"] == "steps"]
    return {(row.dataset, row.model, row.method): float(row.value) for row in steps.itertuples()}


def _cells(runs: pd.DataFrame) -> Iterator[tuple[dict[str, str], pd.DataFrame]]:
    """Yield (experiment, dataset and model; the runs) of every cell, in the order of the rows."""
    for key, cell in runs.groupby(CELL, sort=False):
        yield dict(zip(CELL, key, strict=True)), cell


def _by_seed(own: pd.DataFrame, quantity: str) -> pd.Series:
    """Values of `quantity` that can be compared, by seed: steps of runs at their threshold, the rest of sound runs."""
    sound = own[own["status"] == "threshold"] if quantity == "steps" else own[own["status"] != "diverged"]
    return sound.set_index("seed")[quantity].astype(float)


def _columns(names: str, values: Any) -> dict[str, float]:
    """Name the leading `values`."""
    return dict(zip(names.split(), np.array(values, float), strict=False))


def steps_to_threshold(runs: pd.DataFrame) -> pd.Series:
    """Steps at which each run (a row of the runs frame) reached its threshold, by seed; inf if it never did."""
    steps = runs["steps"].astype(float).where(runs["status"] == "threshold", np.inf)
    return steps.set_axis(runs["seed"].to_numpy())
