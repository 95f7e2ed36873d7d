"""Test accuracy against processor time, one panel per network: who reaches backpropagation in its time?"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator

from forwardgrad.experiments.training.analyses.pareto import step_seconds
from forwardgrad.experiments.training.frames import CELL, load_frames
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import stacked, ticks, title, write
from forwardgrad.plotting.style import MUTED, Drawn, look
from forwardgrad.results.folder import Results

ERRORS = (0.03, 0.05, 0.1, 0.2, 0.5, 0.9)


def pareto(results: Results, experiment: str) -> Drawn:
    """Draw every method of an experiment; return the lines too: the mean accuracy at every evaluation."""
    frames = load_frames(results, experiment)
    table = results.table(experiment, "pareto")
    cells = list(table.groupby(["dataset", "model"], sort=False))
    figure, panels = stacked([5] * len(cells), 1.6, 0.6, 0.5)
    handles: dict[str, Line2D] = {}
    lines = []
    for ((dataset, model), rows), axes in zip(cells, panels, strict=True):
        own = frames.metrics[(frames.metrics["dataset"] == dataset) & (frames.metrics["model"] == model)]
        seconds = step_seconds(frames.costs, (experiment, dataset, model))
        for row in rows.itertuples():
            sound = own[(own["method"] == row.method) & (own["status"] != "diverged") & (own["step"] > 0)]
            mean = sound.groupby("step")["test_accuracy"].mean()
            curve = pd.DataFrame({"seconds": mean.index * seconds[row.method], "test_accuracy": mean.to_numpy()})
            lines.append(curve.assign(dataset=dataset, model=model, method=row.method, estimator=row.estimator))
            line = _draw(axes, curve, row)
            handles.setdefault(line.get_label(), line)
        _finish(axes, rows, labels.cell(dataset, model))
    note = (
        "Further up and further left is better. Lines: mean over the seeds, every method at its best learning rate. "
        "Points: where a method stands in the time that all have (dotted), 95 % interval. Errors on a logarithmic "
        "scale."
    )
    title(figure, "Which forward-only methods reach backpropagation in its own time?", note, handles.values())
    return figure, pd.concat(lines, ignore_index=True) if lines else pd.DataFrame(columns=[*CELL[1:], "method"])


def _draw(axes: Axes, curve: pd.DataFrame, row: tuple) -> Line2D:
    drawing = look(row.method, row.estimator)
    first = row.estimator == "backprop"
    (line,) = axes.plot(
        curve["seconds"], 1 - curve["test_accuracy"], color=drawing.color, linestyle=drawing.line,
        marker=drawing.marker, markevery=[], label=labels.method(row.method, row.estimator),
        linewidth=2.6 if first else 1.5, zorder=4 if first else 3,
    )  # fmt: skip
    spread = [[row.test_accuracy_high - row.test_accuracy], [row.test_accuracy - row.test_accuracy_low]]
    axes.errorbar(
        row.budget, 1 - row.test_accuracy, yerr=None if pd.isna(spread[0][0]) else spread, color=drawing.color,
        marker=drawing.marker, markersize=6, capsize=3, linewidth=1, zorder=5,
    )  # fmt: skip
    return line


def _finish(axes: Axes, rows: pd.DataFrame, heading: str) -> None:
    axes.axvline(rows["budget"].iloc[0], color=MUTED, linestyle=":", linewidth=1)
    axes.set_xscale("log")
    axes.set_yscale("log")
    ticks(axes.xaxis, LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_minor_locator(LogLocator(subs=()))
    axes.set_yticks(ERRORS, [f"{1 - error:.0%}" for error in ERRORS])
    axes.set_ylim(0.95, min(ERRORS[0], 1 - rows["test_accuracy"].max()) * 0.9)
    axes.set_title(heading)
    axes.set(xlabel="Processor seconds (steps \u00d7 time of a step)", ylabel="Test accuracy")
    other = rows[rows["estimator"] != "backprop"]
    if len(other):
        best = other.loc[other["difference"].idxmax()]
        text = f"best forward-only: {100 * best['difference']:+.1f} points"
        write(axes, text, (0.02, 0.06), (0, 0), xycoords="axes fraction")
