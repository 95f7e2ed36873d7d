"""A test function over the plane: its contours and its surface."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from forwardgrad.experiments.functions.definitions import FUNCTIONS
from forwardgrad.experiments.functions.plan import Case
from forwardgrad.plotting.style import MUTED, PAPER

CELLS, FACES = 161, 28  # along each side, of the contours and of the surface
HEIGHTS = np.array([0, 1, 10, 100, 1e3, 1e4, 1e5, 1e6])
Range = tuple[float, float]


def minimiser(case: Case) -> np.ndarray:
    """Return where the minimum lies, shape (2,)."""
    return np.resize(FUNCTIONS[case.function].minimiser, 2)


def above(case: Case, points: np.ndarray) -> np.ndarray:
    """Return the value above the minimum at `points`, shape (..., 2)."""
    known = FUNCTIONS[case.function]
    return np.maximum(known.value(points) - known.minimum, 0)


def corners(ranges: tuple[Range, Range]) -> np.ndarray:
    """Return the corners of the ranges, shape (2, 2, 2)."""
    return _grid(ranges, 2)


def _grid(ranges: tuple[Range, Range], cells: int) -> np.ndarray:
    """Return the points of a grid over the ranges, shape (cells, cells, 2)."""
    return np.stack(np.meshgrid(*(np.linspace(*reach, cells) for reach in ranges)), axis=-1)


def draw_contours(axes: Axes, case: Case, ranges: tuple[Range, Range]) -> None:
    """Draw contours, spaced evenly in the logarithm: three to a factor of ten."""
    points = _grid(ranges, CELLS)
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


def draw_surface(axes: Axes, case: Case, ranges: tuple[Range, Range]) -> None:
    """Draw the surface as a net that hides what is behind it, its height the logarithm of 1 + value."""
    points = _grid(ranges, FACES)
    heights = np.log10(1 + above(case, points))
    axes.computed_zorder = False
    axes.plot_surface(
        points[..., 0], points[..., 1], heights, color=PAPER, edgecolor=MUTED, linewidth=0.3, shade=False,
        rstride=1, cstride=1, zorder=1,
    )  # fmt: skip
    low, high = heights.min(), heights.max()
    marks = HEIGHTS[(np.log10(1 + HEIGHTS) >= low) & (np.log10(1 + HEIGHTS) <= high)]
    axes.set_zticks(np.log10(1 + marks), [f"{value:,.0f}" for value in marks])
    axes.set(xlim=ranges[0], ylim=ranges[1], xlabel="$x_1$", ylabel="$x_2$")
    axes.view_init(elev=38, azim=-60)
    axes.set_box_aspect(None, zoom=1.12)
    axes.tick_params(pad=-1)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(5))
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.pane.set_visible(False)
