"""How the dimension slows the forward gradient: descents of spheres, and what one step does at every rate."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from forwardgrad.experiments.functions.figures.descents import Drawn, drawing_of, logarithmic, note
from forwardgrad.experiments.functions.plan import GRADIENT_DESCENT
from forwardgrad.experiments.functions.tables import bands, expected_factor, rows_of_case
from forwardgrad.plotting import labels
from forwardgrad.plotting.style import INK, MUTED, RULE, WIDTH, style, title

LEAST = 1e-12


def draw_spheres(curves: pd.DataFrame, runs: pd.DataFrame, contraction: pd.DataFrame) -> Drawn:
    """Draw the value over that at the start against the step, and the mean factor of one step against the rate.

    Args:
        curves: Descents; columns DESCENTS.
        runs: The same, one row each; columns DESCENT_RUNS.
        contraction: What one step does; columns CONTRACTED.
    """
    names = list(dict.fromkeys(contraction["function"]))
    with style():
        figure, (top, bottom) = plt.subplots(2, 1, figsize=(WIDTH, 7.6))
        for name in names:
            descents(top, rows_of_case(curves, ("ours", name)), rows_of_case(runs, ("ours", name)))
        logarithmic(top, LEAST, 3)
        top.set(xlabel="Steps", ylabel="Value over that at the start")
        top.set_title("Descents at half the Gaussian\u2019s limit")
        factors(bottom, contraction)
        bottom.set_title("One step: mean of the value after over before")
        methods = list(dict.fromkeys(contraction["method"]))
        handles = [
            Line2D([], [], color=drawing_of(method).color, linestyle=drawing_of(method).line,
                   marker=drawing_of(method).marker, markersize=4, label=labels.method(method, method))
            for method in methods
        ]  # fmt: skip
        text = note(runs[runs["function"].isin(names)])
        text += (
            " Below: points measured from one point, whiskers 95 % interval over the seeds; lines by theory, which has "
            "them cross 1 at 1 (gradient descent), 1 / (n + 2) (Gaussian) and 1 / n (signs)."
        )
        title(figure, "Spheres in n dimensions", text, handles)
        return figure, contraction


def descents(axes: Axes, curves: pd.DataFrame, runs: pd.DataFrame) -> None:
    """Draw the descents of one sphere, its dimension written beside them."""
    drawn, start = bands(curves, runs), runs["initial"].iloc[0]
    for method, own in drawn.groupby("method", sort=False):
        look = drawing_of(method)
        median, low, high = (own[name] / start for name in ("median", "low", "high"))
        axes.fill_between(own["step"], low, high, color=look.color, alpha=0.13, linewidth=0)
        axes.plot(own["step"], median, color=look.color, linestyle=look.line, linewidth=1.3)
    gaussian = drawn[drawn["method"] == "forward_gaussian"]
    seen = gaussian[gaussian["median"] / start > LEAST]
    last = seen.iloc[int(0.8 * len(seen))]
    axes.annotate(
        f"n = {runs['dimensions'].iloc[0]}", (last["step"], last["median"] / start), (6, 5),
        textcoords="offset points", fontsize=8.5, fontweight="bold",
    )  # fmt: skip


def factors(axes: Axes, contraction: pd.DataFrame) -> None:
    """Draw measured and expected factors of one step against the rate."""
    axes.axhline(1, color=INK, linewidth=1)
    axes.axhspan(1, 1.58, color=RULE, alpha=0.35, linewidth=0, zorder=0)
    for (method, dimensions), own in contraction.groupby(["method", "dimensions"], sort=False):
        if method == GRADIENT_DESCENT and dimensions != contraction["dimensions"].min():
            continue  # the same in every dimension
        look, rates = drawing_of(method), np.geomspace(own["learning_rate"].min(), own["learning_rate"].max(), 200)
        expected = [expected_factor(method, rate, dimensions) for rate in rates]
        axes.plot(rates, expected, color=look.color, linestyle=look.line, linewidth=1.1)
        spread = [own["factor"] - own["low"], own["high"] - own["factor"]]
        axes.errorbar(
            own["learning_rate"], own["factor"], yerr=None if own["low"].isna().any() else spread, color=look.color,
            marker=look.marker, markerfacecolor=look.face, markersize=4, linestyle="", capsize=2,
        )  # fmt: skip
        if method != "forward_rademacher":
            end = own.loc[own["learning_rate"].idxmax()]
            axes.annotate(
                "any n" if method == GRADIENT_DESCENT else f"n = {dimensions}", (end["learning_rate"], end["factor"]),
                (-5, 3), textcoords="offset points", ha="right", fontsize=8.5, fontweight="bold",
            )  # fmt: skip
    axes.set_xscale("log")
    axes.set(xlabel="Learning rate", ylabel="Mean factor", ylim=(-0.04, 1.58))
    axes.text(0.01, 1.42, "grows on average", transform=axes.get_yaxis_transform(), fontsize=8, color=MUTED, va="top")
