"""How runs on a test function went: value against step, all seeds."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from forwardgrad.experiments.functions.figures.common import logarithmic, look_of, note
from forwardgrad.experiments.functions.plan import GRADIENT_DESCENT, Case
from forwardgrad.experiments.functions.tables import bands, rows_of_case
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import STAR, NothingToDraw, band, cross_at_divergence, title, whole_numbers
from forwardgrad.plotting.style import WIDTH, Drawn
from forwardgrad.results.folder import Results
from forwardgrad.results.quoted import published

LEAST = 1e-20  # of the value at the start: below that a run has arrived


def loss(results: Results, source: str, function: str, case: str) -> Drawn:
    """Draw the value above the minimum against the step: median and band of every method; return the bands too.

    `source` and `function` name the case, and `case` is all of it, as JSON.
    """
    settings = Case.from_json(case)
    curves, runs = (rows_of_case(results.frame(name), (source, function)) for name in ("functions", "functions-runs"))
    finals = published(results.quoted(), "functions", "final")
    theirs = sorted({value for key, (value, _) in finals.items() if key[:2] == (source, function)})
    height = runs["initial"].iloc[0] - runs["minimum"].iloc[0]
    if not np.isfinite(height):
        raise NothingToDraw("the value at the start is not finite")
    drawn = bands(curves, runs)
    figure, axes = plt.subplots(figsize=(WIDTH, 4.3))
    top = 3 * max(height, drawn.loc[np.isfinite(drawn["median"]), "median"].max())
    parts = {method: drawn[drawn["method"] == method] for method in settings.methods}
    handles = [_draw_method(axes, part, runs[runs["method"] == method], top) for method, part in parts.items()]
    star = STAR | {"clip_on": False, "label": f"{labels.SOURCES[source]}: both methods, read off a figure"}
    for value in theirs:
        handles += axes.plot(settings.steps, value, **star)
    logarithmic(axes, height * LEAST, top)
    for method, part in parts.items():
        cross_at_divergence(axes, part["step"], part["median"], look_of(method))
    axes.set_xscale("symlog", linthresh=1, linscale=0.5)  # the start is on it
    axes.set_xlim(0, settings.steps * 1.12)
    axes.xaxis.set_minor_locator(NullLocator())
    whole_numbers(axes.xaxis)
    axes.set(xlabel="Steps", ylabel="Value above the minimum")
    title(figure, labels.case(source, function), note(runs, bool(theirs)), handles)
    return figure, drawn


def _draw_method(axes: Axes, drawn: pd.DataFrame, runs: pd.DataFrame, top: float) -> Line2D:
    """Draw one method's median and band, which reaches to the `top` where a tenth of the runs have diverged."""
    method, lost = runs["method"].iloc[0], int((runs["status"] == "diverged").sum())
    label = labels.estimator(method) + (f": {lost} of {len(runs)} diverged" if lost else "")
    drawn = drawn.assign(high=drawn["high"].clip(upper=top))
    # Gradient descent has one run and often the same line as others: it lies below them, wide.
    form = {"zorder": 2.3, "linewidth": 5, "alpha": 0.3} if method == GRADIENT_DESCENT else {"zorder": 2.5}
    return band(axes, drawn["step"], drawn, look_of(method), label=label, **form)
