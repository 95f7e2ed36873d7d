"""How noisy estimates of one gradient are, against what decides it."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, LogLocator, NullLocator

from forwardgrad.experiments.estimators.plan import CURVED
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import mark, ticks, title, write
from forwardgrad.plotting.style import INK, MUTED, WIDTH, Drawn, look
from forwardgrad.results.folder import Results

PANELS = {
    "tangents": "Tangents K",
    "depth": "Hidden layers",
    "batch_size": "Examples in the batch",
    "steps": "Steps of backpropagation before",
}
ORTHOGONAL, SHOWN = "activity_orthogonal_16", 1e-3  # less variance is none on this axis
NAMES = {
    "": "K orthogonal tangents of activities",
    "activity_orthogonal_16": "16 orthogonal tangents of activities",
    "activity": "one tangent of activities",
    "forward_rank_one": "one tangent of weights, rank one or Gaussian",
}


def variance(results: Results) -> Drawn:
    """Draw a panel for everything that is varied, marks beside lines of the formulae; return it too, as VARIANCE."""
    frame = results.frame("estimators-variance")
    figure, grid = plt.subplots(2, 2, sharey=True, figsize=(1.3 * WIDTH, 6))
    for (sweep, label), axes in zip(PANELS.items(), grid.flat, strict=True):
        own = frame[frame["sweep"] == sweep]
        axes.axhline(1, color=MUTED, linewidth=0.8)
        lines = [("", own)] if sweep == "tangents" else own.groupby("estimator", sort=False)
        for estimator, rows in lines:
            _draw(axes, rows, sweep, estimator or ORTHOGONAL, NAMES.get(estimator, ""))
        axes.set_yscale("log")
        axes.set_xscale("symlog" if sweep == "steps" else "log", **({"linthresh": 3} if sweep == "steps" else {}))
        values = sorted(set(own[sweep]))
        axes.set_xlim(0.8 * values[0] - (values[0] == 0), 1.25 * values[-1])
        ticks(axes.xaxis, FixedLocator(values))
        axes.set_ylim(5e-3, 2e7)
        axes.yaxis.set_major_locator(LogLocator(numticks=8))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.set_xlabel(label)
    for axes in grid[:, 0]:
        axes.set_ylabel("Variance / squared gradient")
    size, steps = int(frame["batch_size"].median()), int(frame["steps"].median())
    network = labels.model(frame.loc[frame["sweep"] == "tangents", "network"].iloc[0])
    title(
        figure,
        "How noisy is the estimate?",
        f"Mean squared distance from the gradient, in units of its square; at 1 the noise is as large as the gradient. "
        f"{labels.dataset(CURVED)}; {network}, {size} examples, {steps} steps, but for what a "
        "panel varies. With as many tangents as units, 256, nothing is left. Marks: measured, 95 % interval.",
        [mark("o", "measured"), Line2D([], [], color=INK, label="by formula")],
        handle_length=1.4,
    )
    return figure, frame


def _draw(axes: Axes, rows: pd.DataFrame, sweep: str, estimator: str, name: str) -> None:
    drawing, shown = look(estimator, estimator), rows[rows["formula"] > SHOWN]
    form = {"color": drawing.color, "fontsize": 7.5}
    axes.plot(shown[sweep], shown["formula"], color=drawing.color, linestyle="-", linewidth=1.5)
    whiskers = [shown["measured"] - shown["low"], shown["high"] - shown["measured"]]
    axes.errorbar(
        shown[sweep], shown["measured"], yerr=whiskers, color=drawing.color, marker=drawing.marker, linestyle="",
        markersize=5, capsize=2, linewidth=1,
    )  # fmt: skip
    below = estimator == ORTHOGONAL and sweep in ("depth", "steps")  # where nothing is there
    place = (0.03, shown["formula"].iloc[0]), (0, -9 if below else 6)
    write(axes, name, *place, xycoords=("axes fraction", "data"), va="top" if below else "bottom", **form)
