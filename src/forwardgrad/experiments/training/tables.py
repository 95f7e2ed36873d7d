"""Tables of an experiment: the outcome of every method, and every method against backpropagation.

Tables hold numbers, not words, so that they can be read by a program; `report` renders them.
"""

import numpy as np
import pandas as pd

from forwardgrad.experiments.training.columns import ENDINGS, METHOD
from forwardgrad.experiments.training.frames import CELL, load_frames, methods_of
from forwardgrad.results import statistics
from forwardgrad.results.folder import Results

WHOLE_STEPS = 50  # below this a run's set-up shows in its time per step

METHOD_COLUMNS = {
    **METHOD,
    "runs": "number of runs, one per seed",
    "threshold": "runs that reached their loss threshold",
    "completed": "runs that did all their steps",
    "diverged": "runs whose loss exceeded 1e4 or was not finite",
    "steps_median": "median steps to the threshold, inf for runs that never reached it; empty without a threshold",
    "steps_min": "fewest steps to the threshold",
    "steps_max": "most steps to the threshold; inf if a run never reached it",
    **statistics.meanings("test_accuracy", "mean test accuracy at the end of the runs that did not diverge"),
    **statistics.meanings("test_loss", "mean test loss at the end of the runs that did not diverge"),
    "seconds_per_step": "processor seconds of one step, the batch in memory; empty where not measured",
    "seconds_per_step_low": "lower end of its 95 % interval over processes",
    "seconds_per_step_high": "upper end",
    "gathering": "processor seconds to gather a batch",
    "whole_run": "processor seconds of training, median over the runs, over steps times those of a step and a batch; "
    "empty for fewer than 50 steps",
}

PAIRED_COLUMNS = {
    **METHOD,
    "against": "method key of the backpropagation it is compared with",
    "quantity": "steps (to the threshold), test_accuracy or test_loss (at the end)",
    "difference": "mean over seeds of the method's value minus backpropagation's at the same seed",
    "low": "lower end of its 95 % interval over seeds; empty for fewer than three pairs",
    "high": "upper end",
    "pairs": "seeds at which both have a value: both reached the threshold, or neither diverged",
}


def methods(results: Results, experiment: str) -> pd.DataFrame:
    """The outcome of every method of an experiment: one row per cell and method; columns METHOD_COLUMNS."""
    frames = load_frames(results, experiment)
    costs = frames.costs.set_index([*CELL, "method"])
    rows = []
    for cell, runs in frames.runs.groupby(CELL, sort=False):
        for method, estimator in methods_of(runs).items():
            own, key = runs[runs["method"] == method], (*cell, method)
            row = dict(zip(METHOD, (*cell[1:], method, estimator), strict=True)) | {"runs": len(own)}
            row |= {status: int((own["status"] == status).sum()) for status in ENDINGS}
            if own["threshold"].notna().any():
                steps = statistics.median_range(steps_to_threshold(own))
                row |= {"steps_median": steps.value, "steps_min": steps.low, "steps_max": steps.high}
            sound = own[own["status"] != "diverged"]
            for name in ("test_accuracy", "test_loss"):
                row |= statistics.mean(sound[name]).columns(name)
            if key in costs.index:
                cost = costs.loc[key]
                row |= {"seconds_per_step_low": cost["low"], "seconds_per_step_high": cost["high"]}
                row |= cost[["seconds_per_step", "gathering"]].to_dict()
                row |= {"whole_run": whole_run_ratio(own, cost)}
            rows.append(row)
    return pd.DataFrame(rows, columns=list(METHOD_COLUMNS))


def paired(results: Results, experiment: str) -> pd.DataFrame:
    """Every method of a cell against the cell's backpropagation, seed by seed; columns PAIRED_COLUMNS."""
    rows = []
    for cell, runs in load_frames(results, experiment).runs.groupby(CELL, sort=False):
        estimators = methods_of(runs)
        for method, estimator in estimators.items():
            baseline = counterpart(method, estimators)
            if baseline is None:
                continue
            for quantity in ("steps", "test_accuracy", "test_loss"):
                ours, other = (_by_seed(runs[runs["method"] == name], quantity) for name in (method, baseline))
                if len(ours) and len(other):
                    difference = statistics.paired_difference(ours, other)
                    rows.append((*cell[1:], method, estimator, baseline, quantity, *difference))
    return pd.DataFrame(rows, columns=list(PAIRED_COLUMNS))


def whole_run_ratio(runs: pd.DataFrame, cost: pd.Series) -> float:
    """Return what training took over what its steps and batches cost by measurement; nan if all runs are short."""
    long = runs[runs["steps"] >= WHOLE_STEPS]
    return (long["seconds"] / long["steps"]).median() / (cost["seconds_per_step"] + cost["gathering"])


def baseline_of(methods: dict[str, str]) -> str | None:
    """Method that stands for backpropagation in {method: estimator}: `backprop`, else the first that uses it."""
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


def steps_to_threshold(runs: pd.DataFrame) -> pd.Series:
    """Steps at which each run (a row of the runs frame) reached its threshold, by seed; inf if it never did."""
    steps = runs["steps"].astype(float).where(runs["status"] == "threshold", np.inf)
    return steps.set_axis(runs["seed"].to_numpy())


def quoted_steps(quoted: pd.DataFrame) -> dict[tuple[str, str, str], float]:
    """The students' steps to the threshold by (dataset, model, method)."""
    steps = quoted[(quoted["quantity"] == "steps") & (quoted["source"] == "students")]
    return {(row.dataset, row.model, row.method): float(row.value) for row in steps.itertuples()}


def _by_seed(own: pd.DataFrame, quantity: str) -> pd.Series:
    """Values of `quantity` that can be compared, by seed: steps of runs at their threshold, the rest of sound runs."""
    sound = own[own["status"] == "threshold"] if quantity == "steps" else own[own["status"] != "diverged"]
    return sound.set_index("seed")[quantity].astype(float)
