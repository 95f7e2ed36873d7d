"""When the forward gradient catches up with backpropagation: T_f / T_b of every run, beside the paper's."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator

from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import STAR, mark, rows, stacked, star, ticks, title
from forwardgrad.plotting.style import MUTED, Drawn, look
from forwardgrad.results.folder import Results

SHOWN = ("engine", "stock")  # of the cost models; the others differ too little to be seen


def times(results: Results, experiment: str) -> Drawn:
    """Draw the ratios, one panel per cell, one row per method and cost model; return them too, columns TIMES."""
    runs, medians = results.table(experiment, "times"), results.table(experiment, "times-summary")
    shown = medians[medians["cost"].isin(SHOWN)]
    cells = list(shown.groupby(["dataset", "model"], sort=False))
    figure, panels = stacked([len(cell) for _, cell in cells], 1.8, 0.45, 0.64, sharex=True)
    for ((dataset, model), cell), axes in zip(cells, panels, strict=False):
        _draw_cell(axes, cell, runs[(runs["dataset"] == dataset) & (runs["model"] == model)])
        axes.set_title(labels.cell(dataset, model))
    values = pd.concat([runs["ratio"], runs["bound"], shown["ratio_quoted"], pd.Series([1.0])]).astype(float)
    values = values[np.isfinite(values) & (values > 0)]
    axes = panels[-1]
    axes.set_xscale("log")
    axes.set_xlim(values.min() / 1.35, values.max() * 1.6)
    ticks(axes.xaxis, LogLocator(subs=(1, 2, 5)))
    axes.set_xlabel("$T_f/T_b$")
    marks = [mark("o", "one run", MUTED, markersize=4.5)]
    if not runs["reached"].astype(bool).all():
        marks.append(mark(">", "not reached by the end of the run: a lower bound", MUTED, markersize=6))
    marks.append(mark("|", "median over the seeds", markersize=13, mew=2.2))
    if shown["ratio_quoted"].notna().any():
        marks.append(star(labels.PAPER))
    seeds = runs.groupby(["dataset", "model", "method", "cost"])["seed"].nunique()
    title(
        figure,
        "When does the forward gradient catch up?",
        "$T_b$: when backpropagation ends its run. $T_f$: when the validation loss of the forward gradient is "
        "first at or below the one that backpropagation ended with at the same seed. To the left of 1 the forward "
        f"gradient is faster. {labels.plurals(seeds, 'seed')} per method.",
        marks,
        handle_length=1,
    )
    return figure, runs


def _draw_cell(axes: Axes, cell: pd.DataFrame, runs: pd.DataFrame) -> None:
    axes.axvline(1, color=MUTED, linewidth=0.8)
    names = []
    for row, entry in enumerate(cell.itertuples()):
        own = runs[(runs["method"] == entry.method) & (runs["cost"] == entry.cost)]
        drawing, reached = look(entry.method, entry.estimator), own["reached"].astype(bool)
        heights = row + np.linspace(-0.09, 0.09, len(own))
        for there, marker, value in ((True, "o", "ratio"), (False, ">", "bound")):
            if (reached == there).any():
                axes.plot(
                    own.loc[reached == there, value], heights[reached == there], marker, color=drawing.color,
                    markerfacecolor=drawing.face, markersize=4.5 if there else 6, clip_on=False, zorder=4,
                )  # fmt: skip
        if np.isfinite(entry.ratio):
            axes.plot([entry.ratio] * 2, [row - 0.22, row + 0.22], color=drawing.color, linewidth=2.4)
        if np.isfinite(entry.ratio_quoted):
            axes.plot(entry.ratio_quoted, row, **STAR)
        stock = ", stock forward mode" if entry.cost == "stock" else ""
        never = entry.runs - entry.reached
        names.append(
            labels.method(entry.method, entry.estimator) + stock + (f": {never} of {entry.runs} never" if never else "")
        )
    rows(axes, names)
