"""What one step costs, measured alone on the machine, with the interval of the median."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from forwardgrad.plotting import labels
from forwardgrad.plotting.style import INK, MUTED, WIDTH, look, rows, spread, style, title, whole_numbers


def draw_costs(costs: pd.DataFrame) -> Figure:
    """Draw the time of one step, one panel per cell, one row per method; columns COSTS."""
    # One measurement serves methods that differ in their rate alone: it is shown once.
    same = ["dataset", "model", "estimator", "batch_size", "seconds_per_step"]
    cells = list(costs.drop_duplicates(same).groupby(["dataset", "model"], sort=False))
    heights = [len(cell) for _, cell in cells]
    with style():
        figure, panels = plt.subplots(
            len(cells),
            1,
            squeeze=False,
            figsize=(WIDTH, 0.9 + 0.5 * len(cells) + 0.44 * sum(heights)),
            height_ratios=heights,
        )
        for ((dataset, model), cell), axes in zip(cells, panels[:, 0], strict=True):
            _draw_cell(axes, cell)
            one = cell["batch_size"].nunique() == 1
            axes.set_title(labels.cell(dataset, model) + (f", {_batch(cell['batch_size'].iloc[0])}" if one else ""))
        panels[-1, 0].set_xlabel("Milliseconds per step")
        threads = " or ".join(f"{count}" for count in sorted(set(costs["threads"])))
        title(
            figure,
            "What does one step cost?",
            "Median of interleaved repetitions, alone on the machine; whiskers: 95 % interval of the median. "
            f"Threads: {threads}.",
            [_in_memory([], [], "step whose batch is in memory already, not gathered")],
            handle_length=1,
        )
        return figure


def _draw_cell(axes: Axes, cell: pd.DataFrame) -> None:
    middle, low, high = (1e3 * cell[name].to_numpy(float) for name in ("seconds_per_step", "low", "high"))
    scale = spread(axes, middle.min(), middle.max())
    names = []
    for row, (method, estimator) in enumerate(zip(cell["method"], cell["estimator"], strict=True)):
        drawing = look(method, estimator)
        if scale == "linear":
            axes.plot([0, middle[row]], [row, row], color=drawing.color, linewidth=1, alpha=0.5)
        axes.errorbar(
            middle[row], row, xerr=[[middle[row] - low[row]], [high[row] - middle[row]]], color=drawing.color,
            marker=drawing.marker, markerfacecolor=drawing.face, markersize=6, capsize=3,
        )  # fmt: skip
        axes.add_line(_in_memory([1e3 * cell["seconds_in_memory"].iloc[row]], [row]))
        axes.annotate(
            labels.seconds(middle[row] / 1e3), (np.nanmax([high[row], middle[row]]), row), (7, 0),
            textcoords="offset points", va="center", fontsize=8.5, color=INK,
        )  # fmt: skip
        batch = "" if cell["batch_size"].nunique() == 1 else f", {_batch(cell['batch_size'].iloc[row])}"
        names.append(labels.method(method, estimator) + batch)
    rows(axes, names)
    if scale == "log":
        axes.set_xlim(np.nanmin([low, middle]) / 1.6, np.nanmax([high, middle]) * 4)
    else:
        axes.set_xlim(0, 1.28 * np.nanmax([high, middle]))
    whole_numbers(axes.xaxis)


def _in_memory(x: list[float], y: list[float], label: str | None = None) -> Line2D:
    return Line2D(x, y, color=MUTED, marker="|", markersize=11, mew=1.4, linestyle="", label=label, zorder=5)


def _batch(size: int) -> str:
    return f"batch {size:,}"
