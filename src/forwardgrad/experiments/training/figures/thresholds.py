"""How many steps the runs needed to reach their threshold, every run shown."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from forwardgrad.experiments.training.frames import methods_of
from forwardgrad.plotting import labels
from forwardgrad.plotting.style import INK, MUTED, PAPER, WIDTH, look, rows, spread, style, title, whole_numbers

DOT = 4.2
Quoted = Mapping[tuple[str, str, str], float]


def draw_thresholds(runs: pd.DataFrame, quoted: Quoted) -> Figure:
    """Draw every run's steps to its threshold, one panel per cell, one row per method.

    Args:
        runs: Rows of the runs frame whose runs were to stop at a threshold.
        quoted: The students' steps by (dataset, model, method), marked beside ours.
    """
    cells = list(runs.groupby(["dataset", "model"], sort=False))
    heights = [len(methods_of(cell)) for _, cell in cells]
    with style():
        figure, panels = plt.subplots(
            len(cells),
            1,
            squeeze=False,
            figsize=(WIDTH, 1.3 + 0.45 * len(cells) + 0.64 * sum(heights)),
            height_ratios=heights,
        )
        for ((dataset, model), cell), axes in zip(cells, panels[:, 0], strict=True):
            single = {
                method: quoted[dataset, model, method]
                for method in methods_of(cell)
                if (dataset, model, method) in quoted
            }
            _draw_cell(axes, cell, single)
            threshold = " or ".join(f"{loss:g}" for loss in sorted(set(cell["threshold"])))
            axes.set_title(f"{labels.cell(dataset, model)}, loss {threshold}")
        panels[-1, 0].set_xlabel("Steps to the threshold")
        marks = [
            Line2D([], [], color=MUTED, marker="o", linestyle="", markersize=DOT, label="one run"),
            Line2D([], [], color=INK, marker="|", linestyle="", markersize=13, mew=2.2, label="median of all runs"),
        ]
        if any((row.dataset, row.model, row.method) in quoted for row in runs.itertuples()):
            marks.append(_single([], [], label=labels.STUDENTS))
        sizes = runs.groupby(["dataset", "model", "method"]).size()
        fewest = "" if sizes.min() == sizes.max() else f"{sizes.min()} to "
        seeds = fewest + labels.count(int(sizes.max()), "seed")
        title(
            figure,
            "How many steps until the loss threshold?",
            f"{seeds} per method. Runs that never reached the threshold count as the longest in the median and are "
            "named beside the method; a median without a mark is one of them.",
            marks,
            handle_length=1,
        )
        return figure


def _draw_cell(axes: Axes, cell: pd.DataFrame, single: Mapping[str, float]) -> None:
    methods = methods_of(cell)
    reached = cell[cell["status"] == "threshold"]
    values = [*reached["steps"], *single.values()]
    scale = spread(axes, min(values, default=1), max(values, default=1))
    names = []
    for row, (method, estimator) in enumerate(methods.items()):
        own = cell[cell["method"] == method]
        steps = np.sort(own.loc[own["status"] == "threshold", "steps"].to_numpy(float))
        drawing = look(method, estimator)
        if len(steps):
            sns.swarmplot(
                x=steps, y=np.full(len(steps), row), ax=axes, orient="h", native_scale=True, size=DOT, warn_thresh=1,
                facecolor=drawing.face, edgecolor=drawing.color, linewidth=0.9, clip_on=False,
            )  # fmt: skip
        median = np.median([*steps, *[np.inf] * (len(own) - len(steps))])
        if np.isfinite(median):
            axes.plot([median, median], [row - 0.2, row + 0.34], color=drawing.color, linewidth=2.4)
        if method in single:
            axes.add_line(_single([single[method]], [row]))
            axes.annotate(
                labels.whole(single[method]), (single[method], row), (0, -14), textcoords="offset points", ha="center",
                fontsize=8, fontweight="bold", bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.6, "alpha": 0.8},
            )  # fmt: skip
        names.append(labels.method(method, estimator) + _missed(own))
    rows(axes, names)
    if values:
        low, high = min(values), max(values)
        axes.set_xlim((low / 1.15, high * 1.15) if scale == "log" else (max(0, low - 0.08 * high), 1.04 * high))
    whole_numbers(axes.xaxis)


def _missed(own: pd.DataFrame) -> str:
    """End of a method's label: runs that never reached the threshold, by how they ended."""
    diverged = int((own["status"] == "diverged").sum())
    capped = int((own["status"] == "completed").sum())
    parts = [f"{diverged} of {len(own)} diverged"] if diverged else []
    parts += [f"{capped} of {len(own)} never reached it"] if capped else []
    return f": {', '.join(parts)}" if parts else ""


def _single(x: list[float], y: list[float], label: str | None = None) -> Line2D:
    return Line2D(
        x, y, color=INK, marker="*", markerfacecolor="#f0e442", markersize=11, mew=0.9, linestyle="", label=label,
        zorder=5,
    )  # fmt: skip
