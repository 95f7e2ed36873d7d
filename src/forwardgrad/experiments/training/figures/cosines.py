"""How well an estimate is aligned with the gradient, over training, beside theory."""

import matplotlib.pyplot as plt
import numpy as np

from forwardgrad.experiments.training.figures.bands import draw_bands, read_cell
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import NothingToDraw, ticks, title, whole_numbers
from forwardgrad.plotting.style import MUTED, WIDTH, Drawn
from forwardgrad.results.curves import curve_table
from forwardgrad.results.folder import Results


def cosines(results: Results, experiment: str, dataset: str, model: str) -> Drawn:
    """Draw the cosine of one cell's estimates with the gradient; return the bands too, columns CURVES.

    Backpropagation is left out, its cosine is one. The line is E |cos| = sqrt(2 / (pi n)), theory of one dense tangent
    in n dimensions: the first component of a point on the unit sphere is about normal with variance 1 / n.
    """
    cell = read_cell(results, experiment, dataset, model)
    measured = cell.metrics.loc[cell.metrics["cosine"].notna(), "method"].unique()
    runs = cell.runs[cell.runs["method"].isin(measured) & (cell.runs["estimator"] != "backprop")]
    if runs.empty:
        raise NothingToDraw("no cosine is a number")
    bands = curve_table(cell.metrics, runs, cell.costs, ("cosine",))
    n = int(runs["parameters"].iloc[0])
    figure, axes = plt.subplots(figsize=(WIDTH, 3.2 + 0.2 * runs["method"].nunique()))
    lines = draw_bands(axes, bands, "step", runs)
    theory = axes.axhline(
        np.sqrt(2 / (np.pi * n)), color=MUTED, linewidth=0.9, linestyle=(0, (6, 2)), zorder=1,
        label="one dense tangent, by theory",
    )  # fmt: skip
    axes.set_yscale("log")
    ticks(axes.yaxis, plt.LogLocator(subs=(1, 2, 5)))
    whole_numbers(axes.xaxis)
    axes.set_xlim(0, bands["step"].max() * 1.02)
    axes.set_xlabel("Steps")
    axes.set_title(labels.METRICS["cosine"])
    note = (
        "Mean cosine of fresh estimates with the gradient of one batch; line: median of "
        f"{labels.plural(int(bands['seeds'].max()), 'seed')}, band: 10th to 90th percentile. Dashed: "
        f"\u221a(2 / (\u03c0 n)) for n = {n:,} parameters."
    )
    title(figure, labels.cell(dataset, model), note, [*lines.values(), theory])
    return figure, bands
