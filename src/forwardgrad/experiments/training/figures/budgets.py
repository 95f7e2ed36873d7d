"""How far the methods come at an equal compute budget: test accuracy against steps, forward passes and seconds."""

import matplotlib.pyplot as plt
import numpy as np

from forwardgrad import catalogue
from forwardgrad.experiments.training.analyses.budgets import UNITS, step_costs
from forwardgrad.experiments.training.figures.bands import draw_bands, read_cell
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import NothingToDraw, title, whole_numbers
from forwardgrad.plotting.style import WIDTH, Drawn
from forwardgrad.results.curves import curve_table
from forwardgrad.results.folder import Results

METRIC = "test_accuracy"
RATES = {
    "own": "Every method at its own tuned learning rate",
    "paper_rate": "Every method at the paper\u2019s learning rate",
}
WORDS = {
    "steps": "Steps",
    "passes": "Forward-pass equivalents",
    "seconds": "Seconds (steps \u00d7 processor time of one step)",
}


def budgets(results: Results, experiment: str, dataset: str, model: str, variant: str) -> Drawn:
    """Draw the methods of one cell whose names add `variant` to that of their estimator (`own`: nothing).

    Returns:
        The figure, and the bands that it shows: columns CURVES, and what each step has cost in every unit.
    """
    cell = read_cell(results, experiment, dataset, model)
    chosen = [(catalogue.variant(row.method, row.estimator) or "own") == variant for row in cell.runs.itertuples()]
    runs = cell.runs[chosen]
    price = step_costs(cell.costs).droplevel(["dataset", "model"])
    bands = curve_table(cell.metrics, runs, cell.costs, (METRIC,))
    for unit in UNITS:
        bands[unit] = bands["step"] * bands["method"].map(price[unit]).astype(float)
    drawn = bands[bands["step"] > 0]
    if not np.isfinite(drawn[[*UNITS]]).all(axis=1).any():
        raise NothingToDraw("no run of these methods came beyond its start")
    figure, panels = plt.subplots(len(UNITS), 1, sharey=True, figsize=(WIDTH, 7.4 + 0.19 * runs["method"].nunique()))
    lines = {}
    for unit, axes in zip(UNITS, panels, strict=True):
        lines |= draw_bands(axes, drawn[drawn[unit].notna()], unit, runs)
        axes.set_xscale("log")
        places = drawn.loc[np.isfinite(drawn[unit]), unit]
        axes.set_xlim(places.min(), places.max() * 1.15)
        axes.set_ylim(0, 1)
        whole_numbers(axes.xaxis)
        axes.xaxis.set_minor_locator(plt.NullLocator())
        axes.set_xlabel(WORDS[unit])
    panels[0].set_title(labels.METRICS[METRIC])
    rate = RATES.get(variant, variant.replace("_", " ").capitalize())
    note = (
        f"{rate}. Line: median of {labels.plural(int(bands['seeds'].max()), 'seed')}; band: 10th to 90th "
        "percentile. Marker: end of the run. Forward passes: counted by multiply-adds, without sampling and "
        "updates; seconds on this machine."
    )
    title(figure, labels.cell(dataset, model), note, lines.values())
    return figure, bands
