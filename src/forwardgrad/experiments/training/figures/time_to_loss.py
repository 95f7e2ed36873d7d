"""When the forward gradient has caught up with backpropagation: T_f / T_b of every run, beside the paper's."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from forwardgrad.plotting import labels
from forwardgrad.plotting.style import INK, MUTED, WIDTH, look, rows, style, title, whole_numbers

SHOWN = ("engine", "stock")  # of the cost models; the others differ too little to be seen


def draw_times(times: pd.DataFrame, summary: pd.DataFrame) -> Figure:
    """Draw the ratios, one panel per cell, one row per method and cost model.

    Args:
        times: Ratios run by run; columns `times.TIMES`.
        summary: Their medians and the paper's numbers; columns `times.SUMMARY`.
    """
    shown = summary[summary["cost"].isin(SHOWN)]
    cells = list(shown.groupby(["dataset", "model"], sort=False))
    heights = [len(cell) for _, cell in cells]
    with style():
        figure, panels = plt.subplots(
            max(len(cells), 1),
            1,
            squeeze=False,
            sharex=True,
            figsize=(WIDTH, 1.8 + 0.45 * len(cells) + 0.64 * sum(heights)),
            height_ratios=heights or None,
        )
        for ((dataset, model), cell), axes in zip(cells, panels[:, 0], strict=False):
            own = times[(times["dataset"] == dataset) & (times["model"] == model)]
            _draw_cell(axes, cell, own)
            axes.set_title(labels.cell(dataset, model))
        values = pd.concat([times["ratio"], times["bound"], shown["ratio_quoted"], pd.Series([1.0])])
        values = values[np.isfinite(values) & (values > 0)]
        panels[-1, 0].set_xscale("log")
        panels[-1, 0].set_xlim(values.min() / 1.35, values.max() * 1.6)
        panels[-1, 0].xaxis.set_major_locator(plt.LogLocator(subs=(1, 2, 5)))
        panels[-1, 0].xaxis.set_minor_locator(plt.NullLocator())
        whole_numbers(panels[-1, 0].xaxis)
        panels[-1, 0].set_xlabel("T_f / T_b")
        title(figure, "When has the forward gradient caught up?", _note(times), _marks(times, shown), handle_length=1)
        return figure


def _draw_cell(axes: Axes, cell: pd.DataFrame, times: pd.DataFrame) -> None:
    axes.axvline(1, color=MUTED, linewidth=0.8)
    names = []
    for row, entry in enumerate(cell.itertuples()):
        own = times[(times["method"] == entry.method) & (times["cost"] == entry.cost)]
        drawing, reached = look(entry.method, entry.estimator), own["reached"].astype(bool)
        spread = np.linspace(-0.09, 0.09, len(own))
        for there, marker, value in ((True, "o", "ratio"), (False, ">", "bound")):
            if (reached == there).any():
                axes.plot(
                    own.loc[reached == there, value], row + spread[reached == there], marker, color=drawing.color,
                    markerfacecolor=drawing.face, markersize=4.5 if there else 6, clip_on=False, zorder=4,
                )  # fmt: skip
        if np.isfinite(entry.ratio):
            axes.plot([entry.ratio] * 2, [row - 0.22, row + 0.22], color=drawing.color, linewidth=2.4)
        if entry.ratio_quoted == entry.ratio_quoted:
            axes.add_line(_paper([entry.ratio_quoted], [row]))
        stock = ", stock forward mode" if entry.cost == "stock" else ""
        never = entry.runs - entry.reached
        names.append(
            labels.method(entry.method, entry.estimator) + stock + (f": {never} of {entry.runs} never" if never else "")
        )
    rows(axes, names)


def _paper(x: list[float], y: list[float], label: str | None = None) -> Line2D:
    return Line2D(
        x, y, color=INK, marker="*", markerfacecolor="#f0e442", markersize=11, mew=0.9, linestyle="", label=label,
        zorder=5,
    )  # fmt: skip


def _marks(times: pd.DataFrame, shown: pd.DataFrame) -> list[Line2D]:
    """Return what the legend shows: only marks that occur."""
    marks = [
        Line2D([], [], color=MUTED, marker="o", linestyle="", markersize=4.5, label="one run"),
        Line2D([], [], color=INK, marker="|", linestyle="", markersize=13, mew=2.2, label="median over the seeds"),
    ]
    if not times["reached"].astype(bool).all():
        never = "not reached by the end of the run: the ratio lies to the right"
        marks.insert(1, Line2D([], [], color=MUTED, marker=">", linestyle="", markersize=6, label=never))
    if shown["ratio_quoted"].notna().any():
        marks.append(_paper([], [], label=labels.PAPER))
    return marks


def _note(times: pd.DataFrame) -> str:
    seeds = times.groupby(["dataset", "model", "method", "cost"])["seed"].nunique()
    many = f"{seeds.min()} to " if len(seeds) and seeds.min() < seeds.max() else ""
    return (
        "T_b: when backpropagation ends its run. T_f: when the validation loss of the forward gradient is first at or "
        "below the one that backpropagation ended with at the same seed. To the left of 1 the forward gradient is "
        f"faster. {many}{labels.count(int(seeds.max()) if len(seeds) else 0, 'seed')} per method."
    )
