"""Final training losses as ratios to those of one method, with intervals, against the band of no difference."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from forwardgrad.experiments.training.analyses.loss_ratios import EQUIVALENCE
from forwardgrad.plotting import labels
from forwardgrad.plotting.style import INK, MUTED, WIDTH, look, rows, style, title, whole_numbers


def draw_loss_ratios(ratios: pd.DataFrame) -> Figure:
    """Draw every ratio with its interval, one panel per cell, one row per method; columns LOSS_RATIOS."""
    cells = list(ratios.groupby(["dataset", "model"], sort=False))
    heights = [len(cell) for _, cell in cells]
    against = labels.method(*ratios[["against", "against"]].iloc[0])
    with style():
        figure, panels = plt.subplots(
            len(cells),
            1,
            squeeze=False,
            sharex=True,
            figsize=(WIDTH, 1.3 + 0.5 * len(cells) + 0.5 * sum(heights)),
            height_ratios=heights,
        )
        for ((dataset, model), cell), axes in zip(cells, panels[:, 0], strict=True):
            _draw_cell(axes, cell)
            axes.set_title(labels.cell(dataset, model))
        values = [*EQUIVALENCE, *ratios[["ratio", "low", "high"]].to_numpy(float).ravel()]
        low, high = np.nanmin(values), np.nanmax(values)
        margin = 0.08 * np.log(high / low)
        panels[-1, 0].set_xscale("log")
        panels[-1, 0].set_xlim(low * np.exp(-margin), high * np.exp(margin))
        panels[-1, 0].xaxis.set_major_locator(plt.MaxNLocator(6))
        panels[-1, 0].xaxis.set_minor_locator(plt.NullLocator())
        whole_numbers(panels[-1, 0].xaxis)
        panels[-1, 0].set_xlabel("Ratio of final training losses")
        pairs = sorted(set(ratios["pairs"]))
        many = labels.count(pairs[0], "seed") if len(pairs) == 1 else f"{pairs[0]} to {pairs[-1]} seeds"
        title(
            figure,
            f"Final training loss, relative to: {against}",
            f"Each method at its own rate. Geometric mean of the ratios at {many}; whiskers: 95 % interval, "
            "percentile bootstrap over the seeds. To the left of 1 is a lower loss.",
            [Patch(color=MUTED, alpha=0.18, linewidth=0, label="{} to {}".format(*EQUIVALENCE))],
            handle_length=1,
        )
        return figure


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
        axes.annotate(
            labels.ratio(entry.ratio), (entry.ratio, row), (0, -7), textcoords="offset points", ha="center", va="top",
            fontsize=8, color=INK,
        )  # fmt: skip
        names.append(labels.method(entry.method, entry.estimator) + _diverged(entry))
    rows(axes, names)


def _diverged(entry) -> str:
    """End of a method's label: seeds without a ratio."""
    return f": {entry.diverged} of {entry.pairs + entry.diverged} diverged" if entry.diverged else ""
