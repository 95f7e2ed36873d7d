"""How well an estimate points along the gradient, over training, beside what its distribution promises."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from forwardgrad.experiments.training.figures.curves import draw_band, legend
from forwardgrad.experiments.training.frames import Frames
from forwardgrad.plotting import labels
from forwardgrad.plotting.style import MUTED, WIDTH, look, style, title, whole_numbers
from forwardgrad.results.curves import curve_table


def draw_cosines(cell: Frames, heading: str) -> tuple[Figure, pd.DataFrame]:
    """Return the figure of one cell and the bands that it shows; columns CURVES.

    Backpropagation is left out, its cosine is one. The line is E cos = sqrt(2 / (pi n)), what one dense tangent in n
    dimensions promises: the first component of a point on the unit sphere is about normal with variance 1 / n.
    """
    measured = cell.metrics.loc[cell.metrics["cosine"].notna(), "method"].unique()
    runs = cell.runs[cell.runs["method"].isin(measured) & (cell.runs["estimator"] != "backprop")]
    curves = curve_table(cell.metrics, runs, cell.costs, ("cosine",))
    parameters = int(runs["parameters"].iloc[0])
    promised = np.sqrt(2 / (np.pi * parameters))
    with style():
        figure, axes = plt.subplots(figsize=(WIDTH, 3.2 + 0.2 * runs["method"].nunique()))
        handles = []
        for (method, estimator), band in curves.groupby(["method", "estimator"], sort=False):
            ended = runs[runs["method"] == method]
            line = draw_band(axes, band, "step", look(method, estimator), ended)
            line.set_label(legend(method, estimator, ended))
            handles.append(line)
        axes.axhline(promised, color=MUTED, linewidth=0.9, linestyle=(0, (6, 2)), zorder=1)
        handles.append(Line2D([], [], color=MUTED, linewidth=0.9, linestyle=(0, (6, 2))))
        handles[-1].set_label("one dense tangent, by formula")
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(plt.LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_locator(plt.NullLocator())
        whole_numbers(axes.yaxis)
        whole_numbers(axes.xaxis)
        axes.set_xlim(0, curves["step"].max() * 1.02)
        axes.set_xlabel("Steps")
        axes.set_title(labels.metric("cosine"))
        seeds = labels.count(int(curves["seeds"].max()), "seed")
        note = (
            f"Mean cosine of fresh estimates with the gradient on one batch; line: median of {seeds}, "
            f"band: 10th to 90th percentile. Dashed: \u221a(2 / (\u03c0 n)) for n = {parameters:,} parameters."
        )
        title(figure, heading, note, handles)
        return figure, curves
