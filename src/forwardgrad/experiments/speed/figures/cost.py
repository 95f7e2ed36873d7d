"""The headline of the experiment `speed`: the paper's ratio, and what a step costs here by every means."""

from collections.abc import Iterable

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator

from forwardgrad.experiments.speed.figures.lines import HERE
from forwardgrad.experiments.speed.figures.rows import (
    ENGINE,
    FRAMEWORK,
    OTHERWISE,
    SHORT,
    grouped,
    named,
    ordered,
    timed,
    usual,
)  # fmt: skip
from forwardgrad.experiments.speed.tables import paper_rows
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import STAR, no_y_axis, ticks, title
from forwardgrad.plotting.style import BACKING, INK, RULE, WIDTH, Drawn, look
from forwardgrad.results.folder import Results

TICKS = (0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64)
PAPER = "Baydin et al. (2022)"
HEADINGS = {FRAMEWORK: "PyTorch", ENGINE: "This project", OTHERWISE: "Backpropagation"}  # of narrow labels


def cost(results: Results, device: str) -> Drawn:
    """Draw the cost of every method over backpropagation, one column per model; return it too, columns SPEED."""
    shown = usual(named(timed(results, device)))
    models = list(dict.fromkeys(shown["model"]))
    # Of what is measured on some networks alone, for another experiment, most of its row would be empty.
    everywhere = shown.groupby("method")["model"].transform("nunique") == len(models)
    methods = ordered(shown.loc[everywhere, "method"])
    shown = shown[shown["method"].isin(methods)]
    theirs = [row for row in paper_rows(results.quoted()) if row["model"] in models and row["depth"] not in (1, 100)]
    values = [*shown["ratio_to_backprop"], *shown["low"].dropna(), *shown["high"].dropna()]
    values += [row["ratio"] for row in theirs]
    headings, places, bottom = _places(methods)
    figure, panels = plt.subplots(1, len(models), squeeze=False, sharey=True, figsize=(WIDTH, 1.3 + 0.24 * bottom))
    for model, axes in zip(models, panels[0], strict=True):
        _ratio_axis(axes, min(0.4, *values) / 1.2, max(1.6, *values))
        _draw_paper(axes, sorted(row["ratio"] for row in theirs if row["model"] == model))
        own = shown[shown["model"] == model].set_index("method")
        for method in own.index:
            _draw_ratio(axes, places[method], method, own.loc[method])
        no_y_axis(axes)
        axes.tick_params(axis="y", length=0)
        axes.set_title(SHORT.get(model, labels.model(model)))
    first = panels[0, 0]
    first.set_ylim(bottom, -0.65)
    names = {place: labels.variant(labels.estimator(method)) for method, place in places.items()}
    names = {place: name.removeprefix("Backpropagation").lstrip(", ") for place, name in names.items()}
    names = {place: name.removeprefix("torch.") for place, name in names.items()}
    names |= {place: HEADINGS[heading] for heading, place in headings.items()} | {0: PAPER}
    first.set_yticks(list(names), list(names.values()), fontsize=8.5, color=INK)
    for tick, place in zip(first.get_yticklabels(), names, strict=True):
        tick.set_fontweight("bold" if place in {0, *headings.values()} else "normal")
    batch = labels.plural(int(shown["batch_size"].iloc[0]), "example")
    title(
        figure,
        "What does a step cost beside backpropagation?",
        "Cost of a step over that of a backpropagation step by torch.autograd, $R_f/R_b$; left of the line is cheaper. "
        f"{HERE[device]} {batch} per step, {labels.plural(int(shown['threads'].iloc[0]), 'thread')}. "
        "Whiskers: 95 % interval. Bold: all of it below 1. Stars: dense Gaussian tangents, read off a figure or "
        "unverified.",
        [],
    )
    return figure, shown


def _places(methods: Iterable[str]) -> tuple[dict[str, float], dict[str, float], float]:
    """Return the height of every heading and of every method, counted in rows down from the paper's, and the end."""
    headings, places, height = {}, {}, 0.0
    for heading, own in grouped(methods).items():
        height += 1.3
        headings[heading] = height
        for method in own:
            height += 1
            places[method] = height
    return headings, places, height + 0.7


def _ratio_axis(axes: Axes, low: float, high: float) -> None:
    """A logarithmic axis with 1 in ink, and the side that is cheaper shaded."""
    axes.set_xscale("log")
    axes.set_xlim(low, high * (high / low) ** 0.6)  # the values stand in the room at the right
    axes.axvspan(low, 1, color=RULE, alpha=0.35, linewidth=0, zorder=0)
    axes.axvline(1, color=INK, linewidth=1.2)
    ticks(axes.xaxis, FixedLocator([ratio for ratio in TICKS if low <= ratio <= high]))


def _number(axes: Axes, text: str, place: float, weight: str = "normal") -> None:
    """Write a value into the column at the right edge."""
    axes.text(
        0.99, place, text, transform=axes.get_yaxis_transform(), ha="right", va="center", fontsize=8.5,
        fontweight=weight, bbox=BACKING, zorder=3,
    )  # fmt: skip


def _draw_paper(axes: Axes, ratios: list[float]) -> None:
    for ratio in ratios:
        axes.plot(ratio, 0, **STAR)
    if ratios:
        _number(axes, ", ".join(f"{ratio:.2f}" for ratio in ratios), 0)


def _draw_ratio(axes: Axes, place: float, method: str, row: pd.Series) -> None:
    drawing, middle = look(method, method), row["ratio_to_backprop"]
    axes.errorbar(
        middle, place, xerr=[[middle - row["low"]], [row["high"] - middle]], color=drawing.color,
        marker=drawing.marker, markerfacecolor=drawing.face, markersize=6, capsize=2.5, linewidth=1.2, zorder=4,
    )  # fmt: skip
    _number(axes, f"{middle:.2f}", place, "bold" if row["high"] < 1 else "normal")
