"""How many steps the runs needed to reach their threshold, every run shown."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from forwardgrad.experiments.training.frames import load_frames, methods_of
from forwardgrad.experiments.training.tables import quoted_steps
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import STAR, choose_scale, mark, rows, stacked, star, title, write
from forwardgrad.plotting.style import BACKING, MUTED, Drawn, look
from forwardgrad.results.folder import Results

DOT = 4.2


def steps_to_threshold(results: Results, experiment: str) -> Drawn:
    """Draw every run's steps to its threshold beside those published for the experiment; return the runs too."""
    runs, quoted = load_frames(results, experiment).runs, results.quoted()
    runs = runs[runs["threshold"].notna()]
    return draw_thresholds(runs, quoted_steps(quoted[quoted["source"] == experiment])), runs


def draw_thresholds(runs: pd.DataFrame, quoted: Mapping[tuple[str, str, str], float]) -> Figure:
    """Draw every run's steps to its threshold, one panel per cell, one row per method, beside those `quoted`."""
    cells = list(runs.groupby(["dataset", "model"], sort=False))
    figure, panels = stacked([len(methods_of(cell)) for _, cell in cells], 1.3, 0.45, 0.64)
    for ((dataset, model), cell), axes in zip(cells, panels, strict=True):
        published = {key[2]: steps for key, steps in quoted.items() if key[:2] == (dataset, model)}
        _draw_cell(axes, cell, published)
        threshold = " or ".join(f"{loss:g}" for loss in sorted(set(cell["threshold"])))
        axes.set_title(f"{labels.cell(dataset, model)}, loss {threshold}")
    axes.set_xlabel("Steps to the threshold")
    marks = [mark("o", "one run", MUTED, markersize=DOT), mark("|", "median of all runs", markersize=13, mew=2.2)]
    if any((row.dataset, row.model, row.method) in quoted for row in runs.itertuples()):
        marks.append(star(labels.STUDENTS))
    sizes = runs.groupby(["dataset", "model", "method"]).size()
    title(
        figure,
        "How many steps until the loss threshold?",
        f"{labels.plurals(sizes, 'seed')} per method. Runs that never reached the threshold count as infinitely "
        "long in the median and are named beside the method; without a mark the median is infinite.",
        marks,
        handle_length=1,
    )
    return figure


def _draw_cell(axes: Axes, cell: pd.DataFrame, published: Mapping[str, float]) -> None:
    methods = methods_of(cell)
    published = {method: published[method] for method in methods if method in published}
    values = [*cell.loc[cell["status"] == "threshold", "steps"], *published.values()]
    low, high = min(values, default=1), max(values, default=1)
    scale = choose_scale(axes, low, high)
    names = []
    for row, (method, estimator) in enumerate(methods.items()):
        own, drawing = cell[cell["method"] == method], look(method, estimator)
        steps = np.sort(own.loc[own["status"] == "threshold", "steps"].to_numpy(float))
        if len(steps):
            sns.swarmplot(
                x=steps, y=np.full(len(steps), row), ax=axes, orient="h", native_scale=True, size=DOT, warn_thresh=1,
                facecolor=drawing.face, edgecolor=drawing.color, linewidth=0.9, clip_on=False,
            )  # fmt: skip
        median = np.median([*steps, *[np.inf] * (len(own) - len(steps))])
        if np.isfinite(median):
            axes.plot([median, median], [row - 0.2, row + 0.34], color=drawing.color, linewidth=2.4)
        if method in published:
            point = (published[method], row)
            axes.plot(*point, **STAR)
            write(
                axes, labels.count(point[0]), point, (0, -14), ha="center", fontsize=8, fontweight="bold", bbox=BACKING
            )
        names.append(labels.method(method, estimator) + _missed(own))
    rows(axes, names)
    if values:
        axes.set_xlim((low / 1.15, high * 1.15) if scale == "log" else (max(0, low - 0.08 * high), 1.04 * high))


def _missed(own: pd.DataFrame) -> str:
    """End of a method's label: runs that never reached the threshold, by how they ended."""
    words = {"diverged": "diverged", "completed": "never reached it"}
    counts = {status: int((own["status"] == status).sum()) for status in words}
    parts = [f"{counts[status]} of {len(own)} {said}" for status, said in words.items() if counts[status]]
    return f": {', '.join(parts)}" if parts else ""
