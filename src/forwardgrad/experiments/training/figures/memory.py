"""Test accuracy at the end of training against the memory of a step."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator

from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import mark, stacked, ticks, title
from forwardgrad.plotting.style import MUTED, Drawn, look
from forwardgrad.results.folder import Results

MIB = 2**20


def memory(results: Results, experiment: str) -> Drawn:
    """Draw every method of an experiment, one panel per cell; return the table too, columns MEMORY."""
    table = results.table(experiment, "memory")
    cells = list(table.groupby(["dataset", "model"], sort=False))
    figure, panels = stacked([5] * len(cells), 1.2, 0.5, 0.5)
    handles: dict[str, Line2D] = {}
    for ((dataset, model), cell), axes in zip(cells, panels, strict=True):
        for line in _draw_cell(axes, cell):
            handles.setdefault(line.get_label(), line)
        axes.set_title(f"{labels.cell(dataset, model)}, batch {cell['batch_size'].iloc[0]:,.0f}")
        axes.set(xlabel="Peak memory of a step beyond the parameters (MiB)", ylabel="Test accuracy")
    note = (
        "Further up and further left is better. Accuracy: mean over the seeds at the end of training; whiskers: "
        "95 % interval. Backpropagation by hand and with checkpoints takes the same steps as backpropagation. "
        "Line: the highest accuracy within a given memory. Peaks below 1 MiB vary between runs, and "
        "so does their order."
    )
    title(figure, "How far does a method come with little memory?", note, handles.values())
    return figure, table


def _draw_cell(axes: Axes, cell: pd.DataFrame) -> list[Line2D]:
    handles, memory = [], cell["peak_bytes"] / MIB
    axes.step(memory, cell["test_accuracy"].cummax(), where="post", color=MUTED, linewidth=1)
    for entry in cell.itertuples():
        drawing = look(entry.method, entry.estimator)
        spread = [[entry.test_accuracy - entry.test_accuracy_low], [entry.test_accuracy_high - entry.test_accuracy]]
        axes.errorbar(
            entry.peak_bytes / MIB, entry.test_accuracy, yerr=np.nan_to_num(spread), color=drawing.color,
            marker=drawing.marker, markerfacecolor=drawing.face, markersize=7, capsize=3, linewidth=1,
        )  # fmt: skip
        name = labels.method(entry.method, entry.estimator)
        handles.append(mark(drawing.marker, name, drawing.color, markerfacecolor=drawing.face))
    axes.set_xscale("log")
    lowest, highest = cell["test_accuracy"].min(), cell["test_accuracy"].max()
    axes.set_ylim(lowest - 0.1 * (highest - lowest) - 0.02, highest + 0.1 * (highest - lowest) + 0.02)
    ticks(axes.xaxis, LogLocator(subs=(1, 2, 5)))
    return handles
