"""The grid of learning rates: what every rate came to, and which was chosen."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from forwardgrad.catalogue import DATASETS
from forwardgrad.experiments.training.analyses.rates import by_grid
from forwardgrad.plotting import labels
from forwardgrad.plotting.style import INK, WIDTH, Look, look, style, title, whole_numbers

LARGEST = 1.15  # losses beyond so many times log(classes), about that of an untrained network, are drawn at the top
SIDESTEP = 0.018  # share of a rate by which neighbouring methods are set apart


def draw_rates(runs: pd.DataFrame, table: pd.DataFrame) -> Figure:
    """Draw the final validation losses against the rate, one line per method, methods with other rates in other panels.

    Args:
        runs: Runs of the grid (`tuning.grid_runs`), one dot each.
        table: Their summary (`tuning.rate_table`).
    """
    cells = [
        (key, pd.DataFrame(grid))
        for key, cell in table.groupby(["dataset", "model"], sort=False)
        for grid in by_grid(cell.to_dict("records"))
    ]
    with style():
        figure, panels = plt.subplots(len(cells), 1, squeeze=False, figsize=(WIDTH, 1.9 + 2.3 * len(cells)))
        handles, beyond = {}, False
        for ((dataset, model), cell), axes in zip(cells, panels[:, 0], strict=True):
            own = runs[(runs["dataset"] == dataset) & (runs["model"] == model) & runs["method"].isin(cell["method"])]
            bottom, highest = own["validation_loss"].min(), own["validation_loss"].max()
            top = min(LARGEST * np.log(DATASETS[dataset].classes), highest + 0.2 * (highest - bottom))
            beyond |= (own["validation_loss"] > top).any()
            methods = list(cell.groupby(["method", "estimator"], sort=False))
            for index, ((method, estimator), grid) in enumerate(methods):
                drawing, aside = look(method, estimator), 1 + SIDESTEP * (index - (len(methods) - 1) / 2)
                handles[method] = _draw_method(axes, grid, own[own["method"] == method], drawing, aside, top)
                handles[method].set_label(labels.method(method, estimator))
            _scale(axes, sorted(set(cell["learning_rate"])), bottom, top)
            axes.set_title(labels.cell(dataset, model))
            axes.set_ylabel("Validation loss (nats)")
        panels[-1, 0].set_xlabel("Learning rate")
        seeds = labels.count(int(table["runs"].max()), "seed")
        title(
            figure,
            "Which learning rate suits each method?",
            f"Marks: single runs at their end, {seeds} that no other experiment uses; lines: median; rings: chosen."
            + (" Runs at the top edge lie above it or diverged (\u00d7)." if beyond else ""),
            [*handles.values(), _ring([], [], label="chosen: lowest median")],
        )
        return figure


def _draw_method(axes: Axes, grid: pd.DataFrame, runs: pd.DataFrame, drawing: Look, aside: float, top: float) -> Line2D:
    grid = grid.sort_values("learning_rate")
    shown = grid["validation_loss"].clip(upper=top).where(np.isfinite(grid["validation_loss"]))
    axes.plot(aside * grid["learning_rate"], shown, color=drawing.color, linestyle=drawing.line, linewidth=1.2)
    for diverged, own in runs.groupby(runs["status"] == "diverged"):
        axes.plot(
            aside * own["learning_rate"], own["validation_loss"].clip(upper=top),
            marker="x" if diverged else drawing.marker, color=drawing.color, markerfacecolor=drawing.face,
            markersize=4, linestyle="", clip_on=False, zorder=4,
        )  # fmt: skip
    best = grid[grid["chosen"]]
    axes.add_line(_ring(aside * best["learning_rate"], best["validation_loss"].clip(upper=top)))
    return Line2D([], [], color=drawing.color, linestyle=drawing.line, marker=drawing.marker, markersize=4)


def _ring(x: list[float], y: list[float], label: str | None = None) -> Line2D:
    return Line2D(
        x, y, color=INK, marker="o", markerfacecolor="none", markersize=10, mew=1, linestyle="", label=label, zorder=5
    )


def _scale(axes: Axes, rates: list[float], bottom: float, top: float) -> None:
    """A logarithmic axis with a tick at every rate."""
    axes.set_xscale("log")
    axes.set_xticks(rates, minor=False)
    axes.xaxis.set_minor_locator(plt.NullLocator())
    whole_numbers(axes.xaxis)
    if np.isfinite(top) and bottom < top:
        axes.set_ylim(bottom - 0.12 * (top - bottom), top)
