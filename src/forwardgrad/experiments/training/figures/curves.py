"""How training went: losses and accuracies against steps."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from forwardgrad.experiments.training.figures.bands import draw_bands, read_cell
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import choose_scale, cross_at_divergence, title, whole_numbers
from forwardgrad.plotting.style import WIDTH, Drawn, look
from forwardgrad.results.curves import curve_table
from forwardgrad.results.folder import Results

DRAWN = ("test_loss", "test_accuracy", "test_misclassified")
VALIDATED = ("validation_loss", "validation_accuracy", "test_loss", "test_accuracy")


def curves(results: Results, experiment: str, dataset: str, model: str) -> Drawn:
    """Draw one cell's training against steps; return the bands too, columns CURVES."""
    cell = read_cell(results, experiment, dataset, model)
    bands = curve_table(cell.metrics, cell.runs, cell.costs, drawn_metrics(cell.metrics))
    return draw_curves(bands, cell.runs, labels.cell(dataset, model)), bands


def drawn_metrics(metrics: pd.DataFrame) -> tuple[str, ...]:
    """Return what is drawn of a cell: validation too where there is one, for the paper's times are defined by it."""
    return VALIDATED if metrics["validation_loss"].notna().any() else DRAWN


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
    _scale(axes, bands)
    for mark in (line for each in panels[:, 0] for line in each.lines if not line.get_clip_on()):
        mark.set_visible(max(mark.get_xdata()) <= axes.get_xlim()[1])  # none beside the panel
    title(figure, heading, _note(bands, runs), lines.values())
    return figure


def _limit(axes: Axes, band: pd.DataFrame, metric: str) -> None:
    """Choose the y range from medians and sound bands, so that no diverged run decides it."""
    if metric.endswith("accuracy"):
        axes.set_ylim(-0.02, 1.02)
        return
    values = band[["median", "low", "high"]].to_numpy().ravel()
    start = band.loc[band["step"] == 0, "median"]
    finite = values[np.isfinite(values)]
    if not len(finite):
        return
    usual = np.nanmax([np.quantile(finite, 0.97), start[np.isfinite(start)].max()])
    axes.set_ylim(0, 1.08 * min(usual, finite.max()))


def _scale(axes: Axes, drawn: pd.DataFrame) -> None:
    """A logarithmic axis where one method's runs are more than twenty times as long as another's."""
    sound = drawn.groupby("method")["median"].transform(lambda medians: np.isfinite(medians).all())
    ends = (drawn[sound] if sound.any() else drawn).groupby("method")["step"].max()
    if not len(ends) or ends.max() <= 0:
        return
    if choose_scale(axes, ends.min(), ends.max()) == "log":
        axes.set_xlim(max(1, ends.min() / 100), ends.max() * 1.25)
    else:
        axes.set_xlim(0, ends.max() * 1.02)


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
