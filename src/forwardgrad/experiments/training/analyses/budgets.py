"""How far a method comes at equal compute budget: so many steps, so many forward passes, so many seconds.

All methods of a cell get the same budget, the most that every one of them has spent by its last step. A method is
judged when it has spent all of it: between the evaluations before and after, its metrics are interpolated.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from forwardgrad.catalogue.estimators import ESTIMATORS
from forwardgrad.experiments.training.columns import METHOD
from forwardgrad.experiments.training.frames import CELL, load_frames
from forwardgrad.results import statistics
from forwardgrad.results.folder import Results

UNITS = ("steps", "passes", "seconds")
ROUNDING = 1e-9  # of a step that a budget ends with
METRICS = ("test_accuracy", "train_loss")

BUDGETS = {
    **METHOD,
    "learning_rate": "rate of the first step",
    "budget": "what is equal: steps; passes, equivalents of a forward pass by the estimator's arithmetic; "
    "seconds, steps times the processor time of one step",
    "amount": "how much of it, the same for every method of the cell",
    "step": "steps that the budget has room for",
    "runs": "number of runs, one per seed",
    "diverged": "runs that diverged by then",
    **statistics.meanings("test_accuracy", "mean test accuracy there, of the runs that had not diverged"),
    **statistics.meanings("train_loss", "mean training loss there, of the runs that had not diverged"),
}


def budgets(results: Results, experiment: str) -> pd.DataFrame:
    """One row per method of an experiment and budget; columns BUDGETS. Methods of unknown cost have no row."""
    frames = load_frames(results, experiment)
    cost, rows = step_costs(frames.costs), []
    metrics = dict(list(frames.metrics.groupby([*CELL, "method"])))
    for cell, runs in frames.runs.groupby(CELL, sort=False):
        _, *pair = cell
        methods = dict(list(runs.groupby(["method", "estimator", "learning_rate"], sort=False)))
        # A diverged run stopped early, which is no reason to give the others less.
        lasts = {key[0]: own["steps"].max() for key, own in methods.items()}
        for unit in UNITS:
            costs = {name: cost[unit].get((*pair, name), np.nan) for name in lasts}
            amount = min((lasts[name] * costs[name] for name in lasts if costs[name] == costs[name]), default=np.nan)
            for (name, estimator, rate), own in methods.items():
                if costs[name] != costs[name]:
                    continue
                step = amount / costs[name]
                sound = at_step(metrics[*cell, name], step, METRICS)
                row = dict(zip(METHOD, (*pair, name, estimator), strict=True))
                row |= {"learning_rate": rate, "budget": unit, "amount": amount, "step": step}
                row |= {"runs": len(own), "diverged": len(own) - len(sound)}
                for metric in METRICS:
                    row |= statistics.mean(sound[metric]).columns(metric)
                rows.append(row)
    return pd.DataFrame(rows, columns=list(BUDGETS))


def step_costs(costs: pd.DataFrame) -> pd.DataFrame:
    """Return what one step of every method costs, by dataset, model and method; columns UNITS, nan where unknown."""
    passes = [ESTIMATORS[estimator].passes for estimator in costs["estimator"]]
    units = costs.assign(steps=1.0, passes=np.array(passes, float), seconds=costs["seconds_per_step"])
    return units.set_index(["dataset", "model", "method"])[list(UNITS)]


def at_step(metrics: pd.DataFrame, step: float, names: Sequence[str]) -> pd.DataFrame:
    """Return metrics of one method's runs at a step, by seed: between two evaluations they are interpolated.

    A run that has ended by then keeps its last values. Runs that have diverged by the evaluation after it are left out.
    """
    rows = {}
    for seed, run in metrics.groupby("seed"):
        before = run[run["step"].shift(fill_value=-1) < step * (1 - ROUNDING)]
        if before["status"].iloc[-1] != "diverged":
            rows[seed] = [float(np.interp(step, before["step"], before[name])) for name in names]
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(names))
