"""How descents of a test function went: value against step, all seeds."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from forwardgrad.experiments.functions.plan import GRADIENT_DESCENT, Case
from forwardgrad.experiments.functions.tables import bands
from forwardgrad.plotting import labels
from forwardgrad.plotting.style import INK, WIDTH, Look, look, style, title, whole_numbers
from forwardgrad.results.statistics import FEWEST

Drawn = tuple[Figure, pd.DataFrame]
LEAST = 1e-20  # of the value at the start: below that a descent has arrived


def draw_loss(
    case: Case,
    curves: pd.DataFrame,
    runs: pd.DataFrame,
    finals: Mapping[tuple[str, str, str], tuple[float, str]],
) -> Drawn:
    """Draw the value above the minimum against the step: median and band of every method.

    Args:
        case: The test function with its settings.
        curves: Its descents; columns DESCENTS.
        runs: The same descents, one row each; columns DESCENT_RUNS.
        finals: Published final values with their certainty, by (source, function, method).
    """
    drawn = bands(curves, runs)
    with style():
        figure, axes = plt.subplots(figsize=(WIDTH, 4.3))
        height = runs["initial"].iloc[0] - runs["minimum"].iloc[0]
        top = 3 * max(height, drawn.loc[np.isfinite(drawn["median"]), "median"].max())
        handles = [draw_band(axes, drawn, method, runs[runs["method"] == method], top) for method in case.methods]
        theirs = {value for key, (value, _) in finals.items() if key[:2] == (case.source, case.name)}
        for value in sorted(theirs):
            handles.append(axes.plot(case.steps, value, **star(labels.SOURCES[case.source]))[0])
        logarithmic(axes, height * LEAST, top)
        axes.set_xscale("symlog", linthresh=1, linscale=0.5)  # the start is on it
        axes.set_xlim(0, case.steps * 1.12)
        axes.xaxis.set_minor_locator(NullLocator())
        whole_numbers(axes.xaxis)
        axes.set_xlabel("Steps")
        axes.set_ylabel("Value above the minimum")
        title(figure, labels.case(case.source, case.name), note(runs, bool(theirs)), handles)
        return figure, drawn


def drawing_of(method: str) -> Look:
    """How a method is drawn: gradient descent as backpropagation, which finds its gradients."""
    key = "backprop" if method == GRADIENT_DESCENT else method
    return look(key, key)


def draw_band(axes: Axes, drawn: pd.DataFrame, method: str, runs: pd.DataFrame, top: float) -> Line2D:
    """Draw one method's median and band, which reaches to the `top` where a tenth of the descents have diverged.

    A cross marks where half of them have, and the median ends.
    """
    own, drawing = drawn[drawn["method"] == method], drawing_of(method)
    band = own[np.isfinite(own["low"])].assign(high=own["high"].clip(upper=top))
    axes.fill_between(band["step"], band["low"], band["high"], color=drawing.color, alpha=0.13, linewidth=0)
    axes.plot(band["step"], band[["low", "high"]], color=drawing.color, alpha=0.5, linewidth=0.5)
    shown = own[np.isfinite(own["median"])]
    lost = int((runs["status"] == "diverged").sum())
    label = labels.method(method, method) + (f": {lost} of {len(runs)} diverged" if lost else "")
    (line,) = axes.plot(
        shown["step"], shown["median"], color=drawing.color, linestyle=drawing.line, label=label,
        zorder=3 if method == GRADIENT_DESCENT else 2.5, linewidth=1.1 if method == GRADIENT_DESCENT else 1.7,
    )  # fmt: skip
    if 0 < len(shown) < len(own):
        axes.plot(shown["step"].iloc[-1], shown["median"].iloc[-1], "x", color=drawing.color, markersize=7, mew=2)
    return line


def logarithmic(axes: Axes, least: float, top: float) -> None:
    """Give the y axis a logarithmic scale from `least`, or what is drawn, to `top`, with few ticks."""
    axes.set_yscale("log")
    axes.set_ylim(max(axes.get_ylim()[0], least), top)
    axes.yaxis.set_major_locator(LogLocator(numticks=9))
    axes.yaxis.set_minor_locator(NullLocator())


def star(label: str) -> dict[str, Any]:
    """How a published number is marked."""
    return {
        "color": INK, "marker": "*", "markerfacecolor": "#f0e442", "markersize": 11, "mew": 0.9, "linestyle": "",
        "zorder": 5, "label": f"{label}: both methods, read off a figure", "clip_on": False,
    }  # fmt: skip


def note(runs: pd.DataFrame, quoted: bool = False) -> str:
    """How to read the figure."""
    seeds = int(runs.groupby("method")["seed"].nunique().max())
    text = f"Forward gradients: median of {labels.count(seeds, 'seed')}"
    text += "; band: 10th to 90th percentile." if seeds >= FEWEST else "; too few for a band."
    if (runs["status"] == "diverged").any():
        text += " Diverged: not finite, or above 10,000 times the start; from there on worse than every other, and "
        text += "a band to the top means that a tenth of them have."
    return text + (" Star: the end, as published." if quoted else "")
