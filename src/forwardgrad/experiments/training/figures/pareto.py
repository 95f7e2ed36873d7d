"""Test accuracy against processor time, one panel per network: who reaches backpropagation in its time?"""

from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator

from forwardgrad.experiments.training.analyses.pareto import step_seconds
from forwardgrad.experiments.training.frames import CELL, load_frames
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import SMALLEST, beside, stacked, ticks, title
from forwardgrad.plotting.style import Drawn, look
from forwardgrad.results.folder import Results

ERRORS = (0.01, 0.015, 0.02, 0.03, 0.04, 0.06, 0.1, 0.2, 0.5)
LINE = 0.055  # height of a line of text, of the panel's height
GAP = 0.012  # above and below a text
CHARACTERS = 24  # of a line of text beside a panel


def pareto(results: Results, experiment: str) -> Drawn:
    """Draw an experiment, see `draw`."""
    frames = load_frames(results, experiment)
    return draw(frames.metrics, frames.costs, results.table(experiment, "pareto"))


def draw(metrics: pd.DataFrame, costs: pd.DataFrame, table: pd.DataFrame) -> Drawn:
    """Draw the methods that have all of backpropagation's seeds, each up to the time that backpropagation takes.

    Args:
        metrics: Rows of one experiment, columns METRICS and those that identify them.
        costs: Columns COSTS.
        table: Columns PARETO.

    Returns:
        The figure, and the mean accuracy of every method at every evaluation.
    """
    cells = list(table.groupby(["dataset", "model"], sort=False))
    figure, panels = stacked([5] * len(cells), 1.0, 0.5, 0.5)
    lines = []
    for ((dataset, model), rows), axes in zip(cells, panels, strict=True):
        own = metrics[(metrics["dataset"] == dataset) & (metrics["model"] == model)]
        seconds = step_seconds(costs[(costs["dataset"] == dataset) & (costs["model"] == model)])
        rows = rows[rows["pairs"] >= rows.loc[rows["estimator"] == "backprop", "pairs"].max()]
        _scale(axes, rows, labels.cell(dataset, model))
        for row in rows.itertuples():
            sound = own[(own["method"] == row.method) & (own["status"] != "diverged") & (own["step"] > 0)]
            mean = sound.groupby("step")["test_accuracy"].mean()
            curve = pd.DataFrame({"seconds": mean.index * seconds[row.method], "test_accuracy": mean.to_numpy()})
            lines.append(curve.assign(dataset=dataset, model=model, method=row.method, estimator=row.estimator))
            _draw(axes, curve, row)
        _name(axes, rows)
    panels[-1].set_xlabel("Processor seconds (steps \u00d7 time of a step)")
    note = (
        "Mean over the seeds, every method at its best learning rate; bars: 95 % interval. The right edge is the time "
        "that backpropagation takes. Beside it the difference from backpropagation there, in points. Errors on a "
        "logarithmic scale."
    )
    title(figure, "Which forward-only methods reach backpropagation in its own time?", note, [])
    return figure, pd.concat(lines, ignore_index=True) if lines else pd.DataFrame(columns=[*CELL[1:], "method"])


def _scale(axes: Axes, rows: pd.DataFrame, heading: str) -> None:
    errors = 1 - rows["test_accuracy"]
    axes.set_yscale("log")
    axes.set_ylim(min(0.95, 1.8 * errors.max()), 0.8 * errors.min())
    axes.yaxis.set_minor_locator(LogLocator(subs=()))
    shown = [error for error in ERRORS if axes.get_ylim()[0] >= error >= axes.get_ylim()[1]]
    axes.set_yticks(shown, [f"{100 * (1 - error):g}%" for error in shown])
    axes.set_xlim(0, rows["budget"].iloc[0])
    ticks(axes.xaxis, MaxNLocator(4))
    axes.set_title(heading)
    axes.set_ylabel("Test accuracy")


def _draw(axes: Axes, curve: pd.DataFrame, row: tuple) -> None:
    """Draw a method's line to the time of backpropagation, and its interval there."""
    drawing, first = look(row.method, row.estimator), row.estimator == "backprop"
    before = curve[curve["seconds"] < row.budget]
    axes.plot(
        [*before["seconds"], row.budget], [*(1 - before["test_accuracy"]), 1 - row.test_accuracy],
        color=drawing.color, linestyle=drawing.line, linewidth=3 if first else 1.7, zorder=3 if first else 4,
        solid_capstyle="butt",
    )  # fmt: skip
    spread = [[row.test_accuracy_high - row.test_accuracy], [row.test_accuracy - row.test_accuracy_low]]
    axes.errorbar(
        row.budget, 1 - row.test_accuracy, yerr=None if pd.isna(spread[0][0]) else spread, color=drawing.color,
        marker=drawing.marker, markersize=5, capsize=2, linewidth=1, zorder=5, clip_on=False,
    )  # fmt: skip


def _name(axes: Axes, rows: pd.DataFrame) -> None:
    """Write beside the panel what each line is, from the most accurate one down, none over another."""
    bottom, top = np.log(axes.get_ylim())
    entries = []
    for row in rows.sort_values("test_accuracy", ascending=False).itertuples():
        name = labels.method(row.method, row.estimator).removeprefix("Forward gradient, ")
        difference = "" if row.estimator == "backprop" else f" {100 * row.difference:+.1f}".replace("-", "\u2212")
        text = fill(f"{name[:1].upper()}{name[1:]}{difference}", CHARACTERS)
        height = (np.log(1 - row.test_accuracy) - bottom) / (top - bottom)
        weight = "bold" if row.estimator == "backprop" else "normal"
        entries.append((1, height, text, {"color": look(row.method, row.estimator).color, "weight": weight}))
    beside(axes, entries, 9, LINE, GAP, 1.02, xycoords="axes fraction", fontsize=SMALLEST)
