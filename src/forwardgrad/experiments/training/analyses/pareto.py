"""How far every method comes in the time that backpropagation takes.

A method is judged when it has spent the time of backpropagation's whole run: between the evaluations before and after,
accuracy is interpolated. One that ends before is judged at its end. Time is steps times the processor time of one step
and of gathering its batch.
"""

import pandas as pd

from forwardgrad.experiments.training.analyses.budgets import at_step
from forwardgrad.experiments.training.columns import METHOD, PARETO
from forwardgrad.experiments.training.frames import CELL, load_frames, methods_of
from forwardgrad.experiments.training.tables import baseline_of
from forwardgrad.results import statistics
from forwardgrad.results.folder import Results


def pareto(results: Results, experiment: str) -> pd.DataFrame:
    """One row per method of a cell that has backpropagation; columns PARETO. Methods of unknown cost have no row."""
    frames, rows = load_frames(results, experiment), []
    for cell, runs in frames.runs.groupby(CELL, sort=False):
        methods = methods_of(runs)
        seconds = step_seconds(frames.costs[(frames.costs[CELL] == list(cell)).all(axis=1)])
        baseline = baseline_of(methods)
        if baseline not in seconds:
            continue
        sound = runs[runs["status"] != "diverged"]
        budget = sound.loc[sound["method"] == baseline, "steps"].max() * seconds[baseline]
        metrics = frames.metrics[(frames.metrics[CELL] == list(cell)).all(axis=1)]
        reached = {
            method: at_step(own, budget / seconds[method], ["test_accuracy"])["test_accuracy"]
            for method, own in metrics.groupby("method", sort=False)
            if method in seconds
        }
        for method, accuracies in reached.items():
            own = runs[runs["method"] == method]
            row = dict(zip(METHOD, (*cell[1:], method, methods[method]), strict=True))
            row |= {"learning_rate": own["learning_rate"].iloc[0], "budget": budget}
            row |= {"ratio": seconds[method] / seconds[baseline], "steps": budget / seconds[method]}
            row |= {"runs": len(accuracies), "diverged": len(own) - len(accuracies)}
            row |= statistics.mean(accuracies).columns("test_accuracy")
            against = statistics.paired_difference(accuracies, reached[baseline])
            rows.append(row | dict(zip(("difference", "low", "high", "pairs"), against, strict=True)))
    return pd.DataFrame(rows, columns=list(PARETO))


def step_seconds(costs: pd.DataFrame) -> pd.Series:
    """Return the seconds of a step and its batch by method, where they are known; `costs` are those of one cell."""
    own = costs.set_index("method")
    return (own["seconds_per_step"] + own["gathering"]).dropna()
