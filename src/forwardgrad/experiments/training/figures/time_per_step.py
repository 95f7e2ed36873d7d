"""What one step of every method costs, with its interval over processes."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from forwardgrad.experiments.training.frames import load_frames
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import choose_scale, mark, rows, stacked, title, write
from forwardgrad.plotting.style import MUTED, Drawn, look
from forwardgrad.results.folder import Results

GATHERED = {"markersize": 11, "mew": 1.4}


def time_per_step(results: Results, experiment: str) -> Drawn:
    """Draw the time of one step in every cell of an experiment; return the costs too, columns COSTS."""
    costs = load_frames(results, experiment).costs
    return draw_costs(costs), costs


def draw_costs(costs: pd.DataFrame) -> Figure:
    """Draw the time of one step, one panel per cell, one row per method that was measured; columns COSTS."""
    # One measurement serves methods that differ in their learning rate alone: it is shown once.
    same = ["dataset", "model", "estimator", "batch_size", "seconds_per_step"]
    measured = costs[costs["seconds_per_step"].notna()].drop_duplicates(same)
    cells = list(measured.groupby(["dataset", "model"], sort=False))
    figure, panels = stacked([len(cell) for _, cell in cells], 0.9, 0.5, 0.44)
    for ((dataset, model), cell), axes in zip(cells, panels, strict=True):
        _draw_cell(axes, cell)
        one = f", batch {cell['batch_size'].iloc[0]:,}" if cell["batch_size"].nunique() == 1 else ""
        axes.set_title(labels.cell(dataset, model) + one)
    axes.set_xlabel("Milliseconds per step")
    title(
        figure,
        "What does one step cost?",
        "Processor time of one thread, the batch in memory: lowest tenth of interleaved samples. Whiskers: 95 % "
        "interval over processes.",
        [mark("|", "step and gathering of its batch", MUTED, **GATHERED)],
        handle_length=1,
    )
    return figure


def _draw_cell(axes: Axes, cell: pd.DataFrame) -> None:
    middle, low, high = (1e3 * cell[name].to_numpy(float) for name in ("seconds_per_step", "low", "high"))
    scale = choose_scale(axes, middle.min(), middle.max())
    names = []
    for row, entry in enumerate(cell.itertuples()):
        drawing = look(entry.method, entry.estimator)
        if scale == "linear":
            axes.plot([0, middle[row]], [row, row], color=drawing.color, linewidth=1, alpha=0.5)
        axes.errorbar(
            middle[row], row, xerr=[[middle[row] - low[row]], [high[row] - middle[row]]], color=drawing.color,
            marker=drawing.marker, markerfacecolor=drawing.face, markersize=6, capsize=3,
        )  # fmt: skip
        axes.plot(1e3 * (entry.seconds_per_step + entry.gathering), row, "|", color=MUTED, zorder=5, **GATHERED)
        end = np.nanmax([high[row], middle[row]])
        write(axes, labels.seconds(middle[row] / 1e3), (end, row), (7, 0), va="center")
        batch = "" if cell["batch_size"].nunique() == 1 else f", batch {entry.batch_size:,}"
        names.append(labels.method(entry.method, entry.estimator) + batch)
    rows(axes, names)
    if scale == "log":
        axes.set_xlim(np.nanmin([low, middle]) / 1.6, np.nanmax([high, middle]) * 4)
    else:
        axes.set_xlim(0, 1.28 * np.nanmax([high, middle]))
