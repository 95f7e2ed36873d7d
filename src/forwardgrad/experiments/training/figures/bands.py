"""The runs of one cell as bands over seeds: read, drawn, labelled."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from forwardgrad.experiments.training.frames import Frames, load_frames, select
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import band
from forwardgrad.plotting.style import look
from forwardgrad.results.folder import Results


def read_cell(results: Results, experiment: str, dataset: str, model: str) -> Frames:
    """Return the frames of one cell."""
    return select(load_frames(results, experiment), dataset=dataset, model=model)


def draw_bands(axes: Axes, bands: pd.DataFrame, x: str, runs: pd.DataFrame) -> dict[str, Line2D]:
    """Draw every method's band of one metric against the column `x`; a marker says where its median run stopped.

    Returns:
        {method: its line}, labelled with how many of its `runs` diverged, which the curve alone does not show.
    """
    lines = {}
    for (method, estimator), own in bands.groupby(["method", "estimator"], sort=False):
        ended, drawing = runs[runs["method"] == method], look(method, estimator)
        steps = own.loc[np.isfinite(own["median"]), "step"]
        end = [int(np.argmin(np.abs(steps - ended["steps"].median())))] if len(steps) else []
        diverged = int((ended["status"] == "diverged").sum())
        lost = f": {diverged} of {len(ended)} diverged" if diverged else ""
        lines[method] = band(
            axes, own[x], own, drawing, marker=drawing.marker, markerfacecolor=drawing.face, markevery=end,
            label=labels.method(method, estimator) + lost,
        )  # fmt: skip
    return lines
