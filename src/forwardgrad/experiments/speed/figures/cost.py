"""The headline of the experiment `speed`: the paper's ratio, and what a step costs here by every means."""

from collections.abc import Iterable

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator

from forwardgrad.experiments.speed.figures.lines import HERE
from forwardgrad.experiments.speed.figures.rows import grouped, named, ordered, timed, usual
from forwardgrad.experiments.speed.tables import paper_rows
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import STAR, mark, no_y_axis, star, ticks, title, write
from forwardgrad.plotting.style import BACKING, INK, MUTED, RULE, WIDTH, Drawn, look
from forwardgrad.results.folder import Results

BY_HAND = {"color": INK, "linestyle": (0, (1, 1.5)), "linewidth": 1.2}
FLOOR = {"color": MUTED, "markersize": 12, "mew": 2}
TICKS = (0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64)
NAMES = {"lr": "LR", "mlp": "MLP", "cnn": "CNN"}


def cost(results: Results, device: str) -> Drawn:
    """Draw the cost of every method over backpropagation, one column per model; return it too, columns SPEED."""
    shown = usual(named(timed(results, device)))
    models = list(dict.fromkeys(shown["model"]))
    # Of what is measured on some networks alone, for another experiment, most of its row would be empty.
    everywhere = shown.groupby("method")["model"].transform("nunique") == len(models)
    methods = ordered(shown.loc[everywhere, "method"])
    shown = shown[shown["method"].isin(methods)]
    theirs = [row for row in paper_rows(results.quoted()) if row["model"] in models and row["depth"] not in (1, 100)]
    values = [*shown["ratio_to_backprop"], *shown["low"].dropna(), *shown["high"].dropna(), *shown["flop_floor"]]
    values += [row["ratio"] for row in theirs]
    headings, places, bottom = _places(methods)
    figure, panels = plt.subplots(1, len(models), squeeze=False, sharey=True, figsize=(WIDTH, 2.3 + 0.4 * bottom))
    for model, axes in zip(models, panels[0], strict=True):
        _ratio_axis(axes, min(0.4, *values) / 1.1, max(1.6, *values) * 2)
        _draw_paper(axes, sorted(row["ratio"] for row in theirs if row["model"] == model))
        own = shown[shown["model"] == model].set_index("method")
        for method in own.index:
            _draw_ratio(axes, places[method], method, own.loc[method])
        if "backprop_by_hand" in own.index:
            axes.axvline(own.loc["backprop_by_hand", "ratio_to_backprop"], **BY_HAND)
        no_y_axis(axes)
        axes.set_ylim(bottom, -0.65)
        axes.set_title(NAMES.get(model, labels.model(model)))
    first = panels[0, 0]
    for heading, place in {labels.PAPER: -0.48, **headings}.items():
        _write_above(first, heading, place, "bold")
    for method, place in places.items():
        name = labels.variant(labels.estimator(method)).removeprefix("Backpropagation").lstrip(", ")
        _write_above(first, name, place - 0.48, "normal")
    first.set_zorder(1)
    first.patch.set_visible(False)
    handles = [
        Line2D([], [], color=INK, linewidth=1.2, label="1: backpropagation by torch.autograd"),
        Line2D([], [], **BY_HAND, label="backpropagation by hand"),
        mark("|", "ratio of multiply-adds: the cost by arithmetic", **FLOOR),
        star("published, read off a figure or unverified"),
    ]
    size = labels.plural(int(shown["batch_size"].iloc[0]), "example")
    title(
        figure,
        "What does a step cost beside backpropagation?",
        "Cost of a step over that of a backpropagation step, $R_f/R_b$; left of the line is cheaper. "
        f"{HERE[device]} {size} per step, {labels.plural(int(shown['threads'].iloc[0]), 'thread')}. "
        "Whiskers: 95 % interval. Bold: all of it below 1. Multiply-adds leave out sampling and updates.",
        handles,
        handle_length=1.2,
    )
    return figure, shown


def _places(methods: Iterable[str]) -> tuple[dict[str, float], dict[str, float], float]:
    """Return the height of every heading and of every method, counted in rows down from the paper's, and the end."""
    headings, places, height = {}, {}, 0.0
    for heading, own in grouped(methods).items():
        headings[heading] = height + 0.55
        for method in own:
            height += 1
            places[method] = height + 0.55
        height += 0.55
    return headings, places, height + 0.6


def _write_above(axes: Axes, text: str, place: float, weight: str) -> None:
    """Write a name above its row; it reaches over all columns."""
    axes.text(
        0, place, text, transform=axes.get_yaxis_transform(), va="top", fontsize=8.5, fontweight=weight, zorder=2.5,
        in_layout=False, bbox=BACKING,
    )  # fmt: skip


def _ratio_axis(axes: Axes, low: float, high: float) -> None:
    """A logarithmic axis with 1 in ink, and the side that is cheaper shaded."""
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.axvspan(low, 1, color=RULE, alpha=0.35, linewidth=0, zorder=0)
    axes.axvline(1, color=INK, linewidth=1.2)
    ticks(axes.xaxis, FixedLocator([ratio for ratio in TICKS if low <= ratio <= high]))


def _number(axes: Axes, text: str, x: float, place: float, weight: str = "normal") -> None:
    write(axes, text, (x, place), (7, 0), va="center", color=INK, fontweight=weight, bbox=BACKING, zorder=3)


def _draw_paper(axes: Axes, ratios: list[float]) -> None:
    for ratio in ratios:
        axes.plot(ratio, 0, **STAR)
    if ratios:
        _number(axes, ", ".join(f"{ratio:g}" for ratio in ratios), ratios[-1], 0)


def _draw_ratio(axes: Axes, place: float, method: str, row: pd.Series) -> None:
    drawing, middle = look(method, method), row["ratio_to_backprop"]
    axes.plot(row["flop_floor"], place, "|", zorder=2, **FLOOR)
    axes.errorbar(
        middle, place, xerr=[[middle - row["low"]], [row["high"] - middle]], color=drawing.color,
        marker=drawing.marker, markerfacecolor=drawing.face, markersize=6, capsize=2.5, linewidth=1.2, zorder=4,
    )  # fmt: skip
    weight = "bold" if row["high"] < 1 else "normal"
    _number(axes, f"{middle:.2f}", np.nanmax([row["high"], row["flop_floor"], middle]), place, weight)
