"""Final training losses as ratios to those of one method, with intervals, against the band of no difference."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from forwardgrad.experiments.training.analyses.loss_ratios import EQUIVALENCE
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import rows, stacked, ticks, title, write
from forwardgrad.plotting.style import MUTED, Drawn, look
from forwardgrad.results.folder import Results


def loss_ratios(results: Results, experiment: str) -> Drawn:
    """Draw every ratio, one panel per cell, one row per method; return the ratios too, columns LOSS_RATIOS."""
    ratios = results.table(experiment, "loss-ratios")
    cells = list(ratios.groupby(["dataset", "model"], sort=False))
    figure, panels = stacked([len(cell) for _, cell in cells], 1.3, 0.5, 0.5, sharex=True)
    against = labels.method(*ratios[["against", "against"]].iloc[0])
    for ((dataset, model), cell), axes in zip(cells, panels, strict=True):
        _draw_cell(axes, cell)
        axes.set_title(labels.cell(dataset, model))
    values = [*EQUIVALENCE, *ratios[["ratio", "low", "high"]].to_numpy(float).ravel()]
    finite = [value for value in values if np.isfinite(value)]
    low, high = min(finite), max(finite)
    margin = 0.08 * np.log(high / low)
    axes.set_xscale("log")
    axes.set_xlim(low * np.exp(-margin), high * np.exp(margin))
    ticks(axes.xaxis, MaxNLocator(6))
    axes.set_xlabel("Ratio of final training losses")
    title(
        figure,
        f"Final training loss, relative to: {against}",
        "Each method at its own learning rate. Geometric mean of the ratios at "
        f"{labels.plurals(ratios['pairs'], 'seed')}; whiskers: 95 % interval over the seeds. "
        "Below 1: a lower loss.",
        [Patch(color=MUTED, alpha=0.18, linewidth=0, label="{} to {}".format(*EQUIVALENCE))],
        handle_length=1,
    )
    return figure, ratios


def _draw_cell(axes: Axes, cell: pd.DataFrame) -> None:
    axes.axvspan(*EQUIVALENCE, color=MUTED, alpha=0.18, linewidth=0)
    axes.axvline(1, color=MUTED, linewidth=0.8)
    names = []
    for row, entry in enumerate(cell.itertuples()):
        drawing = look(entry.method, entry.estimator)
        whiskers = np.nan_to_num([[entry.ratio - entry.low], [entry.high - entry.ratio]])
        axes.errorbar(
            entry.ratio, row, xerr=whiskers, color=drawing.color, marker=drawing.marker,
            markerfacecolor=drawing.face, markersize=6, capsize=3,
        )  # fmt: skip
        write(axes, labels.ratio(entry.ratio), (entry.ratio, row), (0, -7), ha="center", va="top", fontsize=8)
        seeds = entry.pairs + entry.diverged
        lost = f": {entry.diverged} of {seeds} diverged" if entry.diverged else ""  # seeds without a ratio
        names.append(labels.method(entry.method, entry.estimator) + lost)
    rows(axes, names)
