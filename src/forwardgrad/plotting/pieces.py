"""What figures are put together from: title and legend, panels, lists of rows, axes, bands, marks and numbers."""

import math
from collections.abc import Iterable, Mapping, Sequence
from textwrap import fill
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, Locator, LogLocator, NullLocator

from forwardgrad.plotting.style import BACKING, INK, MUTED, WIDTH, Look

SMALLEST = 8  # points: on a phone, where a figure is as wide as the screen, nine pixels

# A number that others published.
STAR = {
    "color": INK, "marker": "*", "markerfacecolor": "#f0e442", "markersize": 11, "mew": 0.9, "linestyle": "",
    "zorder": 5,
}  # fmt: skip


class NothingToDraw(Exception):  # noqa: N818 (a state of affairs more than an error)
    """No value that a figure would show is finite, or there is none: it says so instead (`blank`)."""


def blank(reason: str) -> Figure:
    """Return a figure that says why nothing is drawn."""
    figure, axes = plt.subplots(figsize=(WIDTH, 1.6))
    axes.set_axis_off()
    axes.text(0, 0.5, fill(f"Nothing to draw: {reason}.", int(WIDTH * 12)), va="center", color=MUTED)
    return figure


def title(figure: Figure, heading: str, note: str, handles: Iterable[Artist], handle_length: float = 3.2) -> None:
    """Set the figure's title and legend (top left) and its note (below: how to read it), wrapped to its width."""
    width = figure.get_figwidth()
    figure.legend(
        handles=list(handles),
        loc="outside upper left",
        title=fill(heading, int(width * 10.5)),
        title_fontproperties={"size": 11, "weight": "bold"},
        alignment="left",
        borderpad=0.2,
        handlelength=handle_length,
    )
    write_below(figure, note)


def write_below(figure: Figure, text: str) -> None:
    """Write `text` below the panels, wrapped to the figure's width."""
    width = figure.get_figwidth()
    figure.supxlabel(fill(text, int(width * 15.5)), x=0.06 / width, ha="left", fontsize=SMALLEST, color=MUTED)


def add_caption(figure: Figure, caption: str) -> None:
    """Put the caption, what the figure shows, before its note, how to read it."""
    note = figure.get_supxlabel().replace("\n", " ")
    write_below(figure, f"{caption} {note}".strip())


def stacked(sizes: Sequence[int], above: float, gap: float, row: float, sharex: bool = False) -> tuple[Figure, Any]:
    """Return a figure and its panels, one below the other, for lists of so many rows; all lengths in inches.

    Raises:
        NothingToDraw: There is no list.
    """
    if not sizes:
        raise NothingToDraw("no method has a value")
    figure, panels = plt.subplots(
        len(sizes), 1, squeeze=False, sharex=sharex, height_ratios=sizes,
        figsize=(WIDTH, above + gap * len(sizes) + row * sum(sizes)),
    )  # fmt: skip
    return figure, panels[:, 0]


def rows(axes: Axes, names: Sequence[str]) -> None:
    """Make the y axis a list of `names`, each written above its row, so that the panel keeps its whole width."""
    for row, name in enumerate(names):
        where = {"transform": axes.get_yaxis_transform(), "va": "top", "zorder": 6}
        axes.text(0, row - 0.48, name, fontsize=8.5, bbox=BACKING if name else None, **where)
    no_y_axis(axes)
    axes.set_ylim(len(names) - 0.45, -0.6)


def no_y_axis(axes: Axes) -> None:
    """Take the y axis away: ticks, grid and spine."""
    axes.set_yticks([])
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)


def whole_numbers(axis: Axis) -> None:
    """Write an axis's ticks in full, thousands separated, instead of as powers of ten."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


def ticks(axis: Axis, locator: Locator) -> None:
    """Set ticks where `locator` says and nowhere else, written in full."""
    axis.set_major_locator(locator)
    axis.set_minor_locator(NullLocator())
    whole_numbers(axis)


def choose_scale(axes: Axes, low: float, high: float) -> str:
    """Give the x axis a logarithmic scale if `high` is more than twenty times `low`; return the scale's name."""
    scale = "log" if low > 0 and high > 20 * low else "linear"
    axes.set_xscale(scale)
    if scale == "log":
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 300 * low else (1,)))
        axes.xaxis.set_minor_locator(NullLocator())
    whole_numbers(axes.xaxis)
    return scale


def band(axes: Axes, x: pd.Series, values: pd.DataFrame, look: Look, **form: Any) -> Line2D:
    """Draw `low` to `high` as a band and `median` as a line, each where it is finite; return the line.

    Args:
        axes: Panel.
        x: Steps or seconds.
        values: Columns `median`, `low` and `high`, rows as in `x`.
        look: How the method is drawn.
        form: Further properties of the line.
    """
    sound = np.isfinite(values["low"]) & np.isfinite(values["high"])
    low, high = values.loc[sound, "low"], values.loc[sound, "high"]
    axes.fill_between(x[sound], low, high, color=look.color, alpha=0.1, linewidth=0)
    axes.plot(x[sound], values.loc[sound, ["low", "high"]], color=look.color, alpha=0.45, linewidth=0.5)
    shown = np.isfinite(values["median"])
    (line,) = axes.plot(x[shown], values.loc[shown, "median"], color=look.color, linestyle=look.line, **form)
    return line


def cross_at_divergence(axes: Axes, x: pd.Series, median: pd.Series, look: Look) -> None:
    """Put a cross where the median ends because half of the runs have diverged, inside the panel's range."""
    shown = np.isfinite(median)
    if 0 < shown.sum() < len(median):
        height = np.clip(median[shown].iloc[-1], *axes.get_ylim())
        axes.plot(x[shown].iloc[-1], height, "x", color=look.color, markersize=7, mew=2, clip_on=False, zorder=4)


def mark(marker: str, label: str, color: str = INK, **form: Any) -> Line2D:
    """Return a mark of the legend."""
    return Line2D([], [], color=color, marker=marker, linestyle="", label=label, **form)


def star(label: str) -> Line2D:
    """Return the mark of published numbers for the legend."""
    return Line2D([], [], **STAR, label=label)


def write(axes: Axes, text: str, point: tuple[float, float], offset: tuple[float, float], **form: Any) -> None:
    """Write `text` beside a point, `offset` in points away from it."""
    axes.annotate(text, point, offset, textcoords="offset points", **{"fontsize": 8.5} | form)


def beside(
    axes: Axes,
    entries: Iterable[tuple[float, float, str, Mapping[str, Any]]],
    offset: float,
    line: float,
    gap: float = 0.0,
    top: float = math.inf,
    **form: Any,
) -> None:
    """Write what lines are beside their ends, from the highest one down, none over another.

    Args:
        axes: Where to write.
        entries: Of each its place along the x axis, its height as a part of the axes', its text and own form.
        offset: Points between the place and the text.
        line: Height of a line of text, as a part of the axes'.
        gap: Least height above and below a text.
        top: Height that no text is above.
        **form: As of `write`, of all of them.
    """
    lowest = top
    for place, height, text, own in sorted(entries, key=lambda entry: -entry[1]):
        half = line * (text.count("\n") + 1) / 2 + gap
        middle = min(height, lowest - half)
        lowest = middle - half
        write(axes, text, (place, middle), (offset, 0), va="center", linespacing=1.0, **form, **own)
