"""How the dimension slows the forward gradient: runs on spheres, and what one step does at every learning rate."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from forwardgrad.experiments.functions.figures.common import logarithmic, look_of, note
from forwardgrad.experiments.functions.plan import GRADIENT_DESCENT
from forwardgrad.experiments.functions.tables import bands, expected_factor, rows_of_case
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import title, write
from forwardgrad.plotting.style import INK, MUTED, RULE, WIDTH, Drawn
from forwardgrad.results.folder import Results

LEAST = 1e-12


def spheres(results: Results) -> Drawn:
    """Draw runs on spheres, and the mean factor of one step by learning rate; return that too, columns CONTRACTED."""
    curves, runs = results.frame("functions"), results.frame("functions-runs")
    contraction = results.table("functions", "contraction")
    names = list(dict.fromkeys(contraction["function"]))
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(WIDTH, 7.6))
    for name in names:
        _draw_runs(top, rows_of_case(curves, ("ours", name)), rows_of_case(runs, ("ours", name)))
    logarithmic(top, LEAST, 3)
    top.set(xlabel="Steps", ylabel="Value over that at the start")
    top.set_title("Runs at half the Gaussian\u2019s limiting learning rate")
    _draw_factors(bottom, contraction)
    bottom.set_title("One step: mean of the value after over before")
    looks = {method: look_of(method) for method in dict.fromkeys(contraction["method"])}
    handles = [
        Line2D([], [], color=look.color, linestyle=look.line, marker=look.marker, markersize=4,
               label=labels.estimator(method))
        for method, look in looks.items()
    ]  # fmt: skip
    text = note(runs[runs["function"].isin(names)])
    text += (
        " Below: points measured from one point, whiskers 95 % interval over the seeds; lines: by theory; they "
        "cross 1 at the learning rates 1 (gradient descent), 1/(n+2) (Gaussian) and 1/n (Rademacher)."
    )
    title(figure, "Spheres \u2016x\u2016\u00b2 in n dimensions", text, handles)
    return figure, contraction


def _draw_runs(axes: Axes, curves: pd.DataFrame, runs: pd.DataFrame) -> None:
    """Draw the runs on one sphere, its dimension written beside them."""
    drawn, start = bands(curves, runs), runs["initial"].iloc[0]
    drawn[["median", "low", "high"]] /= start
    for method, own in drawn.groupby("method", sort=False):
        look = look_of(method)
        axes.fill_between(own["step"], own["low"], own["high"], color=look.color, alpha=0.1, linewidth=0)
        axes.plot(own["step"], own["median"], color=look.color, linestyle=look.line, linewidth=1.3)
    seen = drawn[(drawn["method"] == "forward_gaussian") & (drawn["median"] > LEAST)]
    for last in seen.iloc[int(0.8 * len(seen)) :].head(1).itertuples():
        write(axes, f"n = {runs['dimensions'].iloc[0]}", (last.step, last.median), (6, 5), fontweight="bold")


def _draw_factors(axes: Axes, contraction: pd.DataFrame) -> None:
    """Draw measured and expected factors of one step against the learning rate."""
    axes.axhline(1, color=INK, linewidth=1)
    axes.axhspan(1, 1.58, color=RULE, alpha=0.35, linewidth=0, zorder=0)
    for (method, dimensions), own in contraction.groupby(["method", "dimensions"], sort=False):
        if method == GRADIENT_DESCENT and dimensions != contraction["dimensions"].min():
            continue  # the same in every dimension
        look, rates = look_of(method), np.geomspace(own["learning_rate"].min(), own["learning_rate"].max(), 200)
        expected = [expected_factor(method, rate, dimensions) for rate in rates]
        axes.plot(rates, expected, color=look.color, linestyle=look.line, linewidth=1.1)
        whiskers = [own["factor"] - own["low"], own["high"] - own["factor"]]
        axes.errorbar(
            own["learning_rate"], own["factor"], yerr=None if own["low"].isna().any() else whiskers, color=look.color,
            marker=look.marker, markerfacecolor=look.face, markersize=4, linestyle="", capsize=2,
        )  # fmt: skip
        if method != "forward_rademacher":
            end = own.loc[own["learning_rate"].idxmax(), ["learning_rate", "factor"]]
            n = "any n" if method == GRADIENT_DESCENT else f"n = {dimensions}"
            write(axes, n, tuple(end), (-5, 3), ha="right", fontweight="bold")
    axes.set_xscale("log")
    axes.set(xlabel="Learning rate", ylabel="Mean factor", ylim=(-0.04, 1.58))
    axes.text(0.01, 1.42, "grows on average", transform=axes.get_yaxis_transform(), fontsize=8, color=MUTED, va="top")
