"""Training loss and the norm of all weights against steps."""

import pandas as pd
from matplotlib.figure import Figure

from forwardgrad.experiments.training.figures.curves import draw_curves
from forwardgrad.experiments.training.frames import Frames
from forwardgrad.results.curves import curve_table


def draw_norms(cell: Frames, heading: str) -> tuple[Figure, pd.DataFrame]:
    """Return the figure of one cell and the bands that it shows; columns CURVES."""
    curves = curve_table(cell.metrics, cell.runs, cell.costs, ("train_loss", "weight_norm"))
    return draw_curves(curves, cell.runs, "step", heading), curves
