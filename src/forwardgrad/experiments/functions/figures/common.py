"""What the figures of test functions have in common: how methods are drawn, axes, and how to read bands and stars."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullLocator

from forwardgrad.experiments.functions.plan import GRADIENT_DESCENT
from forwardgrad.plotting import labels
from forwardgrad.plotting.style import Look, look
from forwardgrad.results.statistics import FEWEST


def look_of(method: str) -> Look:
    """How a method is drawn: gradient descent as backpropagation, which finds its gradients."""
    key = "backprop" if method == GRADIENT_DESCENT else method
    return look(key, key)


def logarithmic(axes: Axes, least: float, top: float) -> None:
    """Give the y axis a logarithmic scale from `least`, or what is drawn, to `top`, with few ticks."""
    axes.set_yscale("log")
    axes.set_ylim(max(axes.get_ylim()[0], least), top)
    axes.yaxis.set_major_locator(LogLocator(numticks=9))
    axes.yaxis.set_minor_locator(NullLocator())


def note(runs: pd.DataFrame, published: bool = False) -> str:
    """How to read the figure."""
    seeds = int(runs.groupby("method")["seed"].nunique().max())
    text = f"Forward gradients: median of {labels.plural(seeds, 'seed')}"
    text += "; band: 10th to 90th percentile." if seeds >= FEWEST else "; too few for a band."
    if (runs["status"] == "diverged").any():
        text += " Diverged runs (not finite, or above 10,000 times the start) rank last: a band reaches the top where "
        text += "10 % of the runs have diverged, a line ends (\u00d7) where 50 % have."
    return text + (" Star: published final value." if published else "")
