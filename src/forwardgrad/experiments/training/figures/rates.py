"""The grid of learning rates: the outcome of every learning rate, and which was chosen."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator

from forwardgrad.catalogue import DATASETS
from forwardgrad.experiments.training.analyses.rates import by_grid, grid_runs, rate_table
from forwardgrad.experiments.training.frames import load_frames
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import NothingToDraw, mark, ticks, title
from forwardgrad.plotting.style import INK, WIDTH, Drawn, Look, look
from forwardgrad.results.folder import Results

LARGEST = 1.15  # losses beyond so many times log(classes), about that of an untrained network, are drawn at the top
SIDESTEP = 0.018  # share of a learning rate by which neighbouring methods are set apart
RING = {"markerfacecolor": "none", "markersize": 10, "mew": 1, "zorder": 5}


def rates(results: Results, experiment: str) -> Drawn:
    """Draw the final validation losses against the learning rate; return the runs of the grid too."""
    runs = load_frames(results, experiment).runs
    return draw_rates(runs), grid_runs(runs)


def draw_rates(runs: pd.DataFrame) -> Figure:
    """Draw the losses, a mark per run and a line per method; methods with other learning rates in other panels."""
    table, runs = rate_table(runs), grid_runs(runs)
    cells = [
        (key, pd.DataFrame(grid))
        for key, cell in table.groupby(["dataset", "model"], sort=False)
        for grid in by_grid(cell.to_dict("records"))
    ]
    if not cells:
        raise NothingToDraw("no rate was tried")
    figure, panels = plt.subplots(len(cells), 1, squeeze=False, figsize=(WIDTH, 1.9 + 2.3 * len(cells)))
    lines, beyond = {}, False
    for ((dataset, model), cell), axes in zip(cells, panels[:, 0], strict=True):
        own = runs[(runs["dataset"] == dataset) & (runs["model"] == model) & runs["method"].isin(cell["method"])]
        ends = own.loc[np.isfinite(own["validation_loss"]), "validation_loss"]
        bottom, highest = ends.min(), ends.max()
        top = min(LARGEST * np.log(DATASETS[dataset].shape.classes), highest + 0.2 * (highest - bottom))
        beyond |= len(ends) < len(own) or (ends > top).any()
        methods = list(cell.groupby(["method", "estimator"], sort=False))
        for index, ((method, estimator), grid) in enumerate(methods):
            drawing, aside = look(method, estimator), 1 + SIDESTEP * (index - (len(methods) - 1) / 2)
            lines[method] = _draw_method(axes, grid, own[own["method"] == method], drawing, aside, top)
            lines[method].set_label(labels.method(method, estimator))
        axes.set_xscale("log")
        ticks(axes.xaxis, FixedLocator(sorted(set(cell["learning_rate"]))))
        if np.isfinite(top) and bottom < top:
            axes.set_ylim(bottom - 0.12 * (top - bottom), top)
        axes.set_title(labels.cell(dataset, model))
        axes.set_ylabel("Validation loss (nats)")
    axes.set_xlabel("Learning rate")
    seeds = labels.plural(int(table["runs"].max()), "seed")
    title(
        figure,
        "Which learning rate suits each method?",
        f"Marks: single runs at their end, {seeds} that no other experiment uses, methods set apart sideways; "
        "lines: median; rings: chosen."
        + (" Runs at the top edge lie above it or diverged (\u00d7)." if beyond else ""),
        [*lines.values(), mark("o", "chosen: lowest median", **RING)],
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
    place = aside * best["learning_rate"], best["validation_loss"].clip(upper=top)
    axes.plot(*place, "o", color=INK, **RING)
    return Line2D([], [], color=drawing.color, linestyle=drawing.line, marker=drawing.marker, markersize=4)
