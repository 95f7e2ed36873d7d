"""E[vv'] of several kinds of tangent, entry by entry: the identity, or not."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes

from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import SMALLEST, title
from forwardgrad.plotting.style import WIDTH, Drawn
from forwardgrad.results.folder import Results

COLORS = "PuOr"  # below zero orange, above it purple
DARK, LIGHT = "#101010", "#fafafa"  # on cells that keep their colour when the page goes dark


def second_moments(results: Results) -> Drawn:
    """Draw one matrix of second moments for each kind of tangent; return the moments too, columns MOMENTS."""
    moments = results.frame("audit-moments")
    kinds = list(moments.groupby("tangents", sort=False))
    figure, panels = plt.subplots(1, len(kinds), squeeze=False, figsize=(WIDTH, 2.35))
    figure.get_layout_engine().set(w_pad=0.01, wspace=0.01)
    for (kind, own), axes in zip(kinds, panels[0], strict=True):
        _draw_matrix(axes, own.pivot(index="row", columns="column", values="moment"))
        axes.set_title(labels.TANGENTS[kind], fontsize=8.5)
    title(
        figure,
        "Which tangents make the estimate unbiased?",
        "Second moments E[v v\u1d40] of tangents v with "
        f"{own['row'].nunique()} entries, mean of {own['n'].iloc[0]:,}. The estimate is unbiased where they are "
        "the identity matrix.",
        [],
    )
    return figure, moments


def _draw_matrix(axes: Axes, matrix: pd.DataFrame) -> None:
    axes.pcolormesh(matrix, cmap=COLORS, vmin=-1, vmax=1, edgecolors="none", linewidth=0)
    for row, line in enumerate(matrix.to_numpy()):
        for column, value in enumerate(line):
            text = f"{value:.2f}".replace("-0.00", "0.00").replace("0.", ".").replace("-", "\u2212")
            color = LIGHT if abs(value) > 0.6 else DARK
            axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=SMALLEST, color=color)
    axes.set_aspect("equal")
    axes.invert_yaxis()
    axes.axis("off")
