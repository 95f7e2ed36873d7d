"""A test function over the plane: its contours."""

import numpy as np
from matplotlib.axes import Axes

from forwardgrad.experiments.functions.definitions import FUNCTIONS
from forwardgrad.experiments.functions.plan import Case
from forwardgrad.plotting.pieces import SMALLEST
from forwardgrad.plotting.style import MUTED

CELLS = 161  # along each side
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
    axes.clabel(lines, levels[whole], fmt=lambda value: f"{value:,.10g}", fontsize=SMALLEST)
    axes.set(xlim=ranges[0], ylim=ranges[1], xlabel="$x_1$", ylabel="$x_2$")
    axes.grid(visible=False)
