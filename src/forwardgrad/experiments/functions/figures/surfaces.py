"""Where descents of a test function went: over its contours, and over its surface."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from forwardgrad.experiments.functions.definitions import FUNCTIONS
from forwardgrad.experiments.functions.figures.descents import Drawn, drawing_of
from forwardgrad.experiments.functions.plan import GRADIENT_DESCENT, Case
from forwardgrad.plotting import labels
from forwardgrad.plotting.style import INK, MUTED, PAPER, WIDTH, style, title

METHOD = "forward_gaussian"
CELLS, FACES = 161, 28
MARKS = {"start": ("o", PAPER), "minimum": ("X", "#d55e00")}
Range = tuple[float, float]


def draw_paths(case: Case, curves: pd.DataFrame, runs: pd.DataFrame) -> Drawn:
    """Draw the paths of gradient descent and of the Gaussian forward gradient in the plane.

    Args:
        case: A test function of two dimensions with its settings.
        curves: Its descents; columns DESCENTS.
        runs: The same descents, one row each; columns DESCENT_RUNS.
    """
    drawn = curves[curves["method"].isin([GRADIENT_DESCENT, METHOD])]
    middle = median_seed(runs)
    ranges = extent(case, drawn, middle)
    with style():
        figure = plt.figure(figsize=(WIDTH, 8))
        plane, space = figure.subplot_mosaic(
            [["plane"], ["space"]], height_ratios=(1, 1.15), per_subplot_kw={"space": {"projection": "3d"}}
        ).values()
        contours(plane, case, ranges)
        surface(space, case, ranges)
        for method, seed, path in paths(drawn):
            main = method == GRADIENT_DESCENT or seed == middle
            color, width = drawing_of(method).color, 1.6 if main else 0.5
            plane.plot(path["x1"], path["x2"], color=color, linewidth=width, alpha=1 if main else 0.5, zorder=3 + main)
            if main:
                space.plot(path["x1"], path["x2"], height(case, path), color=color, linewidth=width, zorder=5)
        marks = mark(plane, space, case)
        handles = [
            Line2D([], [], color=drawing_of(GRADIENT_DESCENT).color, label=labels.method(GRADIENT_DESCENT, "")),
            Line2D([], [], color=drawing_of(METHOD).color, label=f"{labels.method(METHOD, METHOD)}: the median seed"),
            Line2D([], [], color=drawing_of(METHOD).color, linewidth=0.6, alpha=0.6, label="its other seeds"),
            *marks,
        ]
        lost = int((runs["status"] == "diverged").sum())
        text = "Contours at powers of ten above the minimum and between; surface: log(1 + value above the minimum)."
        if lost:
            text += f" {labels.count(lost, 'descent')} diverged and left the picture."
        title(figure, labels.case(case.source, case.name), text, handles)
        return figure, drawn


def paths(drawn: pd.DataFrame) -> list[tuple[str, int, pd.DataFrame]]:
    """Return (method, seed, path) of every descent, gradient descent last, so that it lies on top."""
    groups = [(method, seed, path) for (method, seed), path in drawn.groupby(["method", "seed"], sort=False)]
    return sorted(groups, key=lambda group: group[0] == GRADIENT_DESCENT)


def median_seed(runs: pd.DataFrame) -> int:
    """Return the seed of the Gaussian descent whose end is the (lower) median, a diverged one being worst."""
    own = runs[runs["method"] == METHOD]
    order = own["final"].where(own["status"] != "diverged", np.inf).sort_values(kind="stable").index
    return int(own.loc[order[(len(own) - 1) // 2], "seed"])


def extent(case: Case, drawn: pd.DataFrame, middle: int) -> tuple[Range, Range]:
    """Return the ranges of both coordinates: the two main paths, the minimum, and how far most other seeds went."""
    main = drawn[(drawn["method"] == GRADIENT_DESCENT) | (drawn["seed"] == middle)]
    ranges = []
    for name, least in zip(("x1", "x2"), minimiser(case), strict=True):
        reach = drawn[np.isfinite(drawn[name])].groupby(["method", "seed"])[name]
        low = min(main[name].min(), reach.min().quantile(0.2), least)
        high = max(main[name].max(), reach.max().quantile(0.8), least)
        ranges.append((low - 0.12 * (high - low), high + 0.12 * (high - low)))
    return ranges[0], ranges[1]


def minimiser(case: Case) -> np.ndarray:
    """Return where the minimum lies, shape (2,)."""
    return np.resize(FUNCTIONS[case.function].minimiser, 2)


def above(case: Case, points: np.ndarray) -> np.ndarray:
    """Return the value above the minimum at `points`, shape (..., 2)."""
    known = FUNCTIONS[case.function]
    return np.maximum(known.value(points) - known.minimum, 0)


def height(case: Case, points: pd.DataFrame) -> np.ndarray:
    """Return the height of the surface at `points`."""
    return np.log10(1 + above(case, points[["x1", "x2"]].to_numpy()))


def grid(ranges: tuple[Range, Range], cells: int) -> np.ndarray:
    """Return the points of a grid over the ranges, shape (cells, cells, 2)."""
    return np.stack(np.meshgrid(*(np.linspace(*reach, cells) for reach in ranges)), axis=-1)


def contours(axes: Axes, case: Case, ranges: tuple[Range, Range]) -> None:
    """Draw contours, spaced evenly in the logarithm: three to a factor of ten."""
    points = grid(ranges, CELLS)
    values = above(case, points)
    top = np.ceil(3 * np.log10(values.max())) / 3
    levels = 10 ** np.arange(top - 6, top, 1 / 3)
    whole = np.isclose(np.log10(levels), np.log10(levels).round())
    lines = axes.contour(
        points[..., 0], points[..., 1], values, levels=levels, colors=MUTED, linewidths=np.where(whole, 0.8, 0.4),
        alpha=0.75,
    )  # fmt: skip
    axes.clabel(lines, levels[whole], fmt=lambda value: f"{value:,.10g}", fontsize=6.5)
    axes.set(xlim=ranges[0], ylim=ranges[1], xlabel="$x_1$", ylabel="$x_2$")
    axes.grid(visible=False)


def surface(axes: Axes, case: Case, ranges: tuple[Range, Range]) -> None:
    """Draw the surface as a net that hides what is behind it, its height the logarithm of 1 + value."""
    points = grid(ranges, FACES)
    heights = np.log10(1 + above(case, points))
    axes.computed_zorder = False
    axes.plot_surface(
        points[..., 0], points[..., 1], heights, color=PAPER, edgecolor=MUTED, linewidth=0.3, shade=False,
        rstride=1, cstride=1, zorder=1,
    )  # fmt: skip
    low, high = heights.min(), heights.max()
    marks = np.array([0, 1, 10, 100, 1e3, 1e4, 1e5, 1e6])
    marks = marks[(np.log10(1 + marks) >= low) & (np.log10(1 + marks) <= high)]
    axes.set_zticks(np.log10(1 + marks), [f"{value:,.0f}" for value in marks])
    axes.set(xlim=ranges[0], ylim=ranges[1], xlabel="$x_1$", ylabel="$x_2$")
    axes.view_init(elev=38, azim=-60)
    axes.set_box_aspect(None, zoom=1.12)
    axes.tick_params(pad=-1)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(5))
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.pane.set_visible(False)


def mark(plane: Axes, space: Axes, case: Case) -> list[Line2D]:
    """Mark where the descents start and where the minimum is, in both panels; return the marks for the legend."""
    handles = []
    for name, point in (("start", np.array(case.start)), ("minimum", minimiser(case))):
        shape, face = MARKS[name]
        form = {"marker": shape, "color": INK, "markerfacecolor": face, "markersize": 7, "mew": 0.9, "linestyle": ""}
        plane.plot(*point, **form, zorder=6)
        handles += space.plot(*point, np.log10(1 + above(case, point)), **form, zorder=6, label=name)
    return handles
