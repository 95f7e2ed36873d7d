"""How far the methods come with equal means: test accuracy against steps, forward passes and seconds."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from forwardgrad.catalogue import variant
from forwardgrad.experiments.training.analyses.budgets import UNITS, step_costs
from forwardgrad.experiments.training.figures.curves import draw_band, legend
from forwardgrad.experiments.training.frames import Frames
from forwardgrad.plotting import labels
from forwardgrad.plotting.style import WIDTH, look, style, title, whole_numbers
from forwardgrad.results.curves import curve_table

METRIC = "test_accuracy"
WORDS = {
    "steps": "Steps",
    "passes": "Equivalents of forward passes",
    "seconds": "Seconds (steps \u00d7 time of one step, measured alone)",
}


def draw_budgets(cell: Frames, kind: str, heading: str) -> tuple[Figure, pd.DataFrame]:
    """Draw the methods of one cell whose names add `kind` to that of their estimator (empty: nothing).

    Returns:
        The figure, and the bands that it shows: columns CURVES, and what each step has cost in every unit.
    """
    chosen = [variant(row.method, row.estimator) == kind for row in cell.runs.itertuples()]
    runs = cell.runs[chosen]
    curves = curve_table(cell.metrics, runs, cell.costs, (METRIC,))
    cost = step_costs(cell.costs).reset_index().set_index("method")
    for unit in UNITS:
        curves[unit] = curves["step"] * curves["method"].map(cost[unit]).astype(float)
    drawn = curves[curves["step"] > 0]
    with style():
        figure, panels = plt.subplots(
            len(UNITS), 1, sharey=True, figsize=(WIDTH, 7.4 + 0.19 * runs["method"].nunique())
        )
        handles = {}
        for unit, axes in zip(UNITS, panels, strict=True):
            for (method, estimator), band in drawn[drawn[unit].notna()].groupby(["method", "estimator"], sort=False):
                ended = runs[runs["method"] == method]
                handles[method] = draw_band(axes, band, unit, look(method, estimator), ended)
                handles[method].set_label(legend(method, estimator, ended))
            _scale(axes, drawn[unit])
            axes.set_xlabel(WORDS[unit])
        panels[0].set_title(labels.metric(METRIC))
        title(figure, heading, _note(curves, kind), list(handles.values()))
        return figure, curves


def _scale(axes: Axes, values: pd.Series) -> None:
    axes.set_xscale("log")
    axes.set_xlim(np.nanmin(values), np.nanmax(values) * 1.15)
    axes.set_ylim(0, 1)
    whole_numbers(axes.xaxis)
    axes.xaxis.set_minor_locator(plt.NullLocator())


def _note(curves: pd.DataFrame, kind: str) -> str:
    seeds = labels.count(int(curves["seeds"].max()), "seed")
    rates = {"": "every method at its own tuned rate", "paper_rate": "every method at the paper\u2019s rate"}
    rate = rates.get(kind, kind.replace("_", " ")).capitalize()
    return (
        f"{rate}. Line: median of {seeds}; band: 10th to 90th percentile. "
        "Marker: end of the run. Forward passes by arithmetic, without draws and updates; seconds on this machine."
    )
