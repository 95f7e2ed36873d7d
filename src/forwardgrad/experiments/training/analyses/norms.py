"""Does the noise of the forward gradient make the weights grow, and with them the speed at which the loss falls?"""

import pandas as pd

from forwardgrad.experiments.training.frames import CELL, Frames, load_frames, methods_of
from forwardgrad.results import statistics
from forwardgrad.results.folder import Results

NORMS = {
    "dataset": "data set key",
    "model": "model key",
    "method": "method key",
    "estimator": "estimator key",
    "learning_rate": "rate of the first step",
    "runs": "number of runs, one per seed",
    "diverged": "runs whose loss exceeded 1e4 or was not finite: they have no part in the means",
    "steps": "most steps that one of them did",
    "train_loss": "mean training loss at the end",
    "train_loss_low": "lower end of its 95 % bootstrap interval over seeds; empty for fewer than three",
    "train_loss_high": "upper end",
    "growth": "mean of the norm of all weights at the end over that at the start",
    "growth_low": "lower end of its 95 % bootstrap interval over seeds; empty for fewer than three",
    "growth_high": "upper end",
}


def norms(results: Results, experiment: str) -> pd.DataFrame:
    """The growth of the weights in an experiment."""
    return norm_table(load_frames(*results.training(experiment)))


def norm_table(frames: Frames) -> pd.DataFrame:
    """One row per cell and method; columns NORMS."""
    run = [*CELL, "method", "seed"]
    start = frames.metrics[frames.metrics["step"] == 0].set_index(run)["weight_norm"].rename("start")
    rows = []
    for cell, runs in frames.runs.join(start, on=run).groupby(CELL, sort=False):
        for method, estimator in methods_of(runs).items():
            own = runs[runs["method"] == method]
            sound = own[own["status"] != "diverged"]
            row = dict(zip(("dataset", "model", "method", "estimator"), (*cell[1:], method, estimator), strict=True))
            row |= {"learning_rate": own["learning_rate"].iloc[0], "runs": len(own)}
            row |= {"diverged": len(own) - len(sound), "steps": own["steps"].max()}
            for name, values in (
                ("train_loss", sound["train_loss"]),
                ("growth", sound["weight_norm"] / sound["start"]),
            ):
                row |= statistics.mean(values, name, *cell, method).columns(name)
            rows.append(row)
    return pd.DataFrame(rows, columns=list(NORMS))
