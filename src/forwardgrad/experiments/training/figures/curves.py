"""How training went: loss, accuracy and, where that is asked for, the norm of the weights against steps."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from forwardgrad.experiments.training.figures.bands import draw_bands, read_cell
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import choose_scale, cross_at_divergence, title, whole_numbers
from forwardgrad.plotting.style import WIDTH, Drawn, look
from forwardgrad.results.curves import curve_table
from forwardgrad.results.folder import Results

LONG = 3  # times the longest median run: as far as curves are worth drawing


def curves(results: Results, experiment: str, dataset: str, model: str, norms: bool = False) -> Drawn:
    """Draw one cell's training against steps, `norms`: and the weights'; return the bands too, columns CURVES."""
    cell = read_cell(results, experiment, dataset, model)
    bands = curve_table(cell.metrics, cell.runs, cell.costs, drawn_metrics(cell.metrics, norms))
    return draw_curves(bands, cell.runs, labels.cell(dataset, model)), bands


def drawn_metrics(metrics: pd.DataFrame, norms: bool = False) -> tuple[str, ...]:
    """Return what is drawn of a cell: a loss and an accuracy, of validation where there is one.

    Where the weights' growth is the question it stands beside the training loss, which it changes.
    """
    split = "validation" if metrics["validation_loss"].notna().any() else "test"
    if norms:
        return "train_loss", f"{split}_accuracy", "weight_norm"
    return f"{split}_loss", f"{split}_accuracy"


def draw_curves(bands: pd.DataFrame, runs: pd.DataFrame, heading: str) -> Figure:
    """Draw the `bands` (columns CURVES) and endings of one cell's `runs`."""
    names = list(dict.fromkeys(bands["metric"]))
    figure, panels = plt.subplots(len(names), 1, squeeze=False, sharex=True, figsize=(WIDTH, 1.7 + 1.95 * len(names)))
    for metric, axes in zip(names, panels[:, 0], strict=True):
        own = bands[bands["metric"] == metric]
        lines = draw_bands(axes, own, "step", runs)
        _limit(axes, own, metric)
        for (method, estimator), band in own.groupby(["method", "estimator"], sort=False):
            cross_at_divergence(axes, band["step"], band["median"], look(method, estimator))
        axes.set_title(labels.METRICS[metric])
        whole_numbers(axes.yaxis)
    axes.set_xlabel("Steps")
    _scale(axes, bands, runs)
    for mark in (line for each in panels[:, 0] for line in each.lines if not line.get_clip_on()):
        mark.set_visible(max(mark.get_xdata()) <= axes.get_xlim()[1])  # none beside the panel
    title(figure, heading, _note(bands, runs), lines.values())
    return figure


def _limit(axes: Axes, band: pd.DataFrame, metric: str) -> None:
    """Choose the y range from medians and sound bands, so that no diverged run decides it."""
    values = band[["median", "low", "high"]].to_numpy().ravel()
    start = band.loc[band["step"] == 0, "median"]
    finite = values[np.isfinite(values)]
    if not len(finite):
        return
    if metric.endswith("accuracy"):
        axes.set_ylim(-0.02, 1.02 if finite.max() > 0.5 else 1.1 * finite.max())
        return
    usual = np.nanmax([np.quantile(finite, 0.97), start[np.isfinite(start)].max()])
    top, bottom = min(usual, finite.max()), finite.min()
    margin = 0.08 * (top - bottom) or 0.08 * top
    axes.set_ylim(0 if bottom < 0.5 * top else bottom - margin, top + margin)


def _scale(axes: Axes, drawn: pd.DataFrame, runs: pd.DataFrame) -> None:
    """A logarithmic axis where one method's runs are more than twenty times as long as another's.

    Otherwise it ends at LONG times the longest median run: a few long runs leave no room to the others.
    """
    sound = drawn.groupby("method")["median"].transform(lambda medians: np.isfinite(medians).all())
    ends = (drawn[sound] if sound.any() else drawn).groupby("method")["step"].max()
    if not len(ends) or ends.max() <= 0:
        return
    if choose_scale(axes, ends.min(), ends.max()) == "log":
        axes.set_xscale("symlog", linthresh=max(1, ends.min() / 100), linscale=0.5)  # the start is on it
        axes.xaxis.set_minor_locator(NullLocator())
        whole_numbers(axes.xaxis)
        axes.set_xlim(0, ends.max() * 1.25)
    else:
        axes.set_xlim(0, min(ends.max(), LONG * runs.groupby("method")["steps"].median().max()) * 1.02)


def _note(bands: pd.DataFrame, runs: pd.DataFrame) -> str:
    """How to read the figure: seeds, interval, marks and what is not drawn."""
    words = f"Line: median of {labels.plurals(bands['seeds'], 'seed')}; "
    words += (
        "band: 10th to 90th percentile of the seeds. " if bands["low"].notna().any() else "too few seeds for a band. "
    )
    words += "Marker: end of the median run."
    if (runs["status"] == "diverged").any():
        words += " Diverged runs rank last: a band ends where 10 %, a line (\u00d7) where 50 % of runs have diverged."
    return words
