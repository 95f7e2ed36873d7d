"""Does the noise of the forward gradient make the weights grow, and with them the speed at which the loss falls?"""

import pandas as pd

from forwardgrad.experiments.training.columns import METHOD
from forwardgrad.experiments.training.frames import CELL, load_frames, methods_of
from forwardgrad.results import statistics
from forwardgrad.results.folder import Results

NORMS = {
    **METHOD,
    "learning_rate": "rate of the first step",
    "runs": "number of runs, one per seed",
    "diverged": "runs whose loss exceeded 1e4 or was not finite: they have no part in the means",
    "steps": "most steps that one of them did",
    **statistics.meanings("train_loss", "mean training loss at the end"),
    **statistics.meanings("growth", "mean of the norm of all weights at the end over that at the start"),
}


def norms(results: Results, experiment: str) -> pd.DataFrame:
    """The growth of the weights in an experiment: one row per cell and method; columns NORMS."""
    frames, run = load_frames(results, experiment), [*CELL, "method", "seed"]
    start = frames.metrics[frames.metrics["step"] == 0].set_index(run)["weight_norm"].rename("start")
    rows = []
    for cell, runs in frames.runs.join(start, on=run).groupby(CELL, sort=False):
        for method, estimator in methods_of(runs).items():
            own = runs[runs["method"] == method]
            sound = own[own["status"] != "diverged"]
            row = dict(zip(METHOD, (*cell[1:], method, estimator), strict=True))
            row |= {"learning_rate": own["learning_rate"].iloc[0], "runs": len(own)}
            row |= {"diverged": len(own) - len(sound), "steps": own["steps"].max()}
            growth = sound["weight_norm"] / sound["start"]
            row |= statistics.mean(sound["train_loss"]).columns("train_loss")
            rows.append(row | statistics.mean(growth).columns("growth"))
    return pd.DataFrame(rows, columns=list(NORMS))
