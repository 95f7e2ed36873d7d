"""How far a method comes with the memory that its step needs.

Of the settings of one estimator the most accurate one counts. Backpropagation written by hand and with checkpoints
ends where backpropagation does: they are the same steps with less memory, so that both are in the comparison.
"""

import pandas as pd

from forwardgrad.experiments.training.columns import METHOD
from forwardgrad.experiments.training.frames import CELL, load_frames
from forwardgrad.experiments.training.tables import baseline_of
from forwardgrad.results import statistics
from forwardgrad.results.folder import Results

MEMORY = {
    **METHOD,
    "learning_rate": "learning rate of the first step",
    "batch_size": "examples in one step",
    "peak_bytes": "peak bytes of a step beyond parameters and data",
    "runs": "number of runs that did not diverge",
    **statistics.meanings("test_accuracy", "mean test accuracy at the end of these runs"),
    "best": "method of the highest accuracy among those of the cell that need at most as much memory",
}


def memory(results: Results, experiment: str) -> pd.DataFrame:
    """One row per estimator of every cell, by memory; columns MEMORY. Methods of unknown memory have no row."""
    frames, rows = load_frames(results, experiment), []
    sound = frames.runs[frames.runs["status"] != "diverged"]
    for cell, costs in frames.costs[frames.costs["peak_bytes"].notna()].groupby(CELL, sort=False):
        runs = dict(list(sound[(sound[CELL] == list(cell)).all(axis=1)].groupby("method", sort=False)))
        backprop = baseline_of({method: own["estimator"].iloc[0] for method, own in runs.items()})
        own_rows = []
        for cost in costs.itertuples():
            own = runs.get(cost.method, runs.get(backprop) if cost.estimator == "backprop" else None)
            if own is None:
                continue
            row = dict(zip(METHOD, (*cell[1:], cost.method, cost.estimator), strict=True))
            row |= {"learning_rate": own["learning_rate"].iloc[0], "batch_size": cost.batch_size, "runs": len(own)}
            row |= statistics.mean(own["test_accuracy"]).columns("test_accuracy")
            own_rows.append(row | {"peak_bytes": cost.peak_bytes})
        rows += ranked(own_rows)
    return pd.DataFrame(rows, columns=list(MEMORY))


def ranked(rows: list[dict]) -> list[dict]:
    """Return the most accurate row of each kind of step by memory, each with the best method within its memory."""
    chosen: dict[tuple, dict] = {}
    for row in rows:
        kind = (row["estimator"], row["peak_bytes"])
        if kind not in chosen or row["test_accuracy"] > chosen[kind]["test_accuracy"]:
            chosen[kind] = row
    ordered = sorted(chosen.values(), key=lambda row: row["peak_bytes"])
    for row in ordered:
        within = [other for other in ordered if other["peak_bytes"] <= row["peak_bytes"]]
        row["best"] = max(within, key=lambda other: other["test_accuracy"])["method"]
    return ordered
