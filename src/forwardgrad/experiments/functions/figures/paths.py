"""Where runs on a test function went, over its contours."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from forwardgrad.experiments.functions.figures.common import look_of
from forwardgrad.experiments.functions.figures.contours import Range, above, corners, draw_contours, minimiser
from forwardgrad.experiments.functions.plan import GRADIENT_DESCENT, Case
from forwardgrad.experiments.functions.tables import rows_of_case
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import NothingToDraw, title
from forwardgrad.plotting.style import INK, PAPER, WIDTH, Drawn
from forwardgrad.results.folder import Results

METHOD = "forward_gaussian"
FAR = 100  # times the distance of the start from the minimum
MARKS = {"start": ("o", PAPER), "minimum": ("X", "#d55e00")}


def paths(results: Results, source: str, function: str, case: str) -> Drawn:
    """Draw the paths of gradient descent and of the Gaussian forward gradient in the plane; return the points too.

    `source` and `function` name the case, and `case` is all of it, as JSON.
    """
    settings = Case.from_json(case)
    curves, runs = (rows_of_case(results.frame(name), (source, function)) for name in ("functions", "functions-runs"))
    drawn = curves[curves["method"].isin([GRADIENT_DESCENT, METHOD])]
    middle = median_seed(runs)
    ranges = _extent(settings, drawn, middle)
    with np.errstate(over="ignore", invalid="ignore"):
        if not np.isfinite(above(settings, corners(ranges))).all():
            raise NothingToDraw("around the start the function is not finite")
    figure, plane = plt.subplots(figsize=(WIDTH, 4.6))
    draw_contours(plane, settings, ranges)
    last = drawn.sort_values("method", key=lambda method: method == GRADIENT_DESCENT, kind="stable")  # on top
    for (method, seed), path in last.groupby(["method", "seed"], sort=False):
        main = method == GRADIENT_DESCENT or seed == middle
        color, width = look_of(method).color, 1.6 if main else 0.5
        plane.plot(path["x1"], path["x2"], color=color, linewidth=width, alpha=1 if main else 0.5, zorder=3 + main)
    marks = _mark(plane, settings)
    descent, forward = look_of(GRADIENT_DESCENT).color, look_of(METHOD).color
    handles = [
        Line2D([], [], color=descent, label=labels.estimator(GRADIENT_DESCENT)),
        Line2D([], [], color=forward, label=f"{labels.estimator(METHOD)}: seed {middle}, which ends at the median"),
        Line2D([], [], color=forward, linewidth=0.6, alpha=0.6, label="its other seeds"),
        *marks,
    ]
    lost = int((runs["status"] == "diverged").sum())
    text = "Contours at powers of ten above the minimum and between."
    if lost:
        text += f" {labels.plural(lost, 'run')} diverged and left the picture."
    title(figure, labels.case(source, function), text, handles)
    return figure, drawn


def median_seed(runs: pd.DataFrame) -> int:
    """Return the seed of the Gaussian run whose end is the (lower) median, a diverged one being worst."""
    own = runs[runs["method"] == METHOD]
    order = own["final"].where(own["status"] != "diverged", np.inf).sort_values(kind="stable").index
    return int(own.loc[order[(len(own) - 1) // 2], "seed"])


def _extent(case: Case, drawn: pd.DataFrame, middle: int) -> tuple[Range, Range]:
    """Return the ranges of both coordinates: the two main paths, the minimum, and how far most other seeds went.

    What is FAR away has diverged, and leaves the picture.
    """
    start, end = np.array(case.start), minimiser(case)
    drawn = drawn[(np.abs(drawn[["x1", "x2"]] - end) <= FAR * (1 + np.abs(start - end).max())).all(axis=1)]
    main = drawn[(drawn["method"] == GRADIENT_DESCENT) | (drawn["seed"] == middle)]
    ranges = []
    for name, *known in zip(("x1", "x2"), start, end, strict=True):
        reach = drawn.groupby(["method", "seed"])[name]
        low = np.nanmin([main[name].min(), reach.min().quantile(0.2), *known])
        high = np.nanmax([main[name].max(), reach.max().quantile(0.8), *known])
        ranges.append((low - 0.12 * (high - low), high + 0.12 * (high - low)))
    return ranges[0], ranges[1]


def _mark(plane: Axes, case: Case) -> list[Line2D]:
    """Mark where the runs start and where the minimum is; return the marks for the legend."""
    handles = []
    for name, point in (("start", np.array(case.start)), ("minimum", minimiser(case))):
        shape, face = MARKS[name]
        form = {"marker": shape, "color": INK, "markerfacecolor": face, "markersize": 7, "mew": 0.9, "linestyle": ""}
        handles += plane.plot(*point, **form, zorder=6, label=name)
    return handles
