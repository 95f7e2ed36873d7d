"""How training went: losses and accuracies against steps, or against time."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from forwardgrad.plotting import labels
from forwardgrad.plotting.style import WIDTH, Look, look, spread, style, title, whole_numbers

DRAWN = ("test_loss", "test_accuracy", "test_misclassified")
VALIDATED = ("validation_loss", "validation_accuracy", "test_loss", "test_accuracy")
AXES = {"step": "Steps", "seconds": "Seconds (steps \u00d7 time of one step, measured alone)"}


def drawn_metrics(metrics: pd.DataFrame) -> tuple[str, ...]:
    """Return what is drawn of a cell: validation too where there is one, for the paper's times are defined by it."""
    return VALIDATED if metrics["validation_loss"].notna().any() else DRAWN


def draw_curves(curves: pd.DataFrame, runs: pd.DataFrame, against: str, heading: str) -> Figure:
    """Draw one cell's bands (`results.curves.curve_table`), the metrics below each other.

    Args:
        curves: Bands of every method; columns CURVES.
        runs: The cell's rows of the runs frame, for endings and counts.
        against: `step` or `seconds`.
        heading: Title of the figure.
    """
    drawn = curves[curves[against].notna()]
    names = list(dict.fromkeys(curves["metric"]))
    with style():
        figure, panels = plt.subplots(
            len(names), 1, squeeze=False, sharex=True, figsize=(WIDTH, 1.7 + 1.95 * len(names))
        )
        handles = {}
        for metric, axes in zip(names, panels[:, 0], strict=True):
            bands = list(drawn[drawn["metric"] == metric].groupby(["method", "estimator"], sort=False))
            for (method, estimator), band in bands:
                ended = runs[runs["method"] == method]
                handles[method] = draw_band(axes, band, against, look(method, estimator), ended)
                handles[method].set_label(legend(method, estimator, ended))
            _limit(axes, drawn[drawn["metric"] == metric], metric)
            for (method, estimator), band in bands:
                _mark_divergence(axes, band, against, look(method, estimator))
            axes.set_title(labels.metric(metric))
            whole_numbers(axes.yaxis)
        panels[-1, 0].set_xlabel(AXES[against])
        _scale(panels[-1, 0], drawn, against)
        title(figure, heading, note(curves, drawn, runs), list(handles.values()))
        return figure


def draw_band(axes: Axes, band: pd.DataFrame, against: str, drawing: Look, ended: pd.DataFrame) -> plt.Line2D:
    """Draw one method; its marker says where its median run stopped."""
    shown = band[np.isfinite(band["median"])]
    sound = band[np.isfinite(band["low"]) & np.isfinite(band["high"])]
    axes.fill_between(sound[against], sound["low"], sound["high"], color=drawing.color, alpha=0.1, linewidth=0)
    axes.plot(sound[against], sound[["low", "high"]], color=drawing.color, alpha=0.45, linewidth=0.5)
    (line,) = axes.plot(
        shown[against],
        shown["median"],
        color=drawing.color,
        linestyle=drawing.line,
        marker=drawing.marker,
        markerfacecolor=drawing.face,
        markevery=[int(np.argmin(np.abs(shown["step"] - ended["steps"].median())))] if len(shown) else [],
    )
    return line


def _mark_divergence(axes: Axes, band: pd.DataFrame, against: str, drawing: Look) -> None:
    """Put a cross where the median ends because half of the runs have diverged, inside the panel's range."""
    shown = band[np.isfinite(band["median"])]
    if 0 < len(shown) < len(band):
        height = np.clip(shown["median"].iloc[-1], *axes.get_ylim())
        axes.plot(
            shown[against].iloc[-1], height, "x", color=drawing.color, markersize=7, mew=2, clip_on=False, zorder=4
        )


def legend(method: str, estimator: str, ended: pd.DataFrame) -> str:
    """Label with what the curve alone does not show: how many runs diverged."""
    label = labels.method(method, estimator)
    diverged = int((ended["status"] == "diverged").sum())
    return f"{label}: {diverged} of {len(ended)} diverged" if diverged else label


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


def _scale(axes: Axes, drawn: pd.DataFrame, against: str) -> None:
    """A logarithmic axis where one method's runs are more than twenty times as long as another's."""
    sound = drawn.groupby("method")["median"].transform(lambda medians: np.isfinite(medians).all())
    ends = (drawn[sound] if sound.any() else drawn).groupby("method")[against].max()
    if not len(ends) or ends.max() <= 0:
        return
    if spread(axes, ends.min(), ends.max()) == "log":
        low = drawn.loc[drawn["step"] > 0, against].min() if against == "seconds" else 1
        axes.set_xlim(max(low, ends.min() / 100), ends.max() * 1.25)
    else:
        axes.set_xlim(0, ends.max() * 1.02)
    whole_numbers(axes.xaxis)


def note(curves: pd.DataFrame, drawn: pd.DataFrame, runs: pd.DataFrame) -> str:
    """How to read the figure: seeds, interval, marks and what is not drawn."""
    seeds = sorted(set(curves["seeds"]))
    many = labels.count(seeds[0], "seed") if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]} seeds"
    banded = drawn["low"].notna().any()
    words = f"Line: median of {many}; "
    words += "band: 10th to 90th percentile of the seeds. " if banded else "too few seeds for a band. "
    words += "Marker: end of the median run."
    if (runs["status"] == "diverged").any():
        words += " Diverged runs count as worst: a band ends where a tenth, a line (\u00d7) where half of them have."
    absent = [name for name in curves["method"].unique() if name not in set(drawn["method"])]
    if absent:
        words += f" Without a measured time per step: {', '.join(absent)}."
    return words
