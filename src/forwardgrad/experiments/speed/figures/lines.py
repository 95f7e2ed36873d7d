"""One line per method against depth or batch size."""

from collections.abc import Iterable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator

from forwardgrad.experiments.speed.figures.rows import ordered
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import ticks
from forwardgrad.plotting.style import look

HERE = "Measured on this machine without other jobs, steps of all methods interleaved, in several processes."


def draw_lines(
    axes: Axes, shown: pd.DataFrame, x: str, y: str, floors: bool = False, also: tuple[str, ...] = ()
) -> list[Line2D]:
    """Draw one line per method, with its interval where it is a ratio; return the lines for the legend.

    Args:
        axes: Panel.
        shown: What is drawn; columns SPEED and `y`.
        x: Column against which it is drawn, each of its values a tick of a logarithmic axis.
        y: Column that is drawn.
        floors: Draw the ratios of multiply-adds too.
        also: Methods that are otherwise what ratios are taken to.
    """
    handles = []
    for method in [*also, *ordered(shown["method"])]:
        own, drawing = shown[shown["method"] == method].sort_values(x), look(method, method)
        handles += axes.plot(
            own[x], own[y], color=drawing.color, linestyle=drawing.line, marker=drawing.marker,
            markerfacecolor=drawing.face, label=labels.estimator(method),
        )  # fmt: skip
        if y == "ratio_to_backprop":
            axes.vlines(own[x], own["low"], own["high"], color=drawing.color, linewidth=1)
        if floors:
            axes.plot(own[x], own["flop_floor"], color=drawing.color, linestyle=(0, (1, 1)), linewidth=1, alpha=0.8)
    return handles


def ticks_at(axes: Axes, values: Iterable[float]) -> None:
    """Give the x axis a logarithmic scale with ticks at the measured values alone."""
    axes.set_xscale("log")
    ticks(axes.xaxis, FixedLocator(sorted(set(values))))
