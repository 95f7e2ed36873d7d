"""Training loss and the norm of all weights against steps."""

from forwardgrad.experiments.training.figures.bands import read_cell
from forwardgrad.experiments.training.figures.curves import draw_curves
from forwardgrad.plotting import labels
from forwardgrad.plotting.style import Drawn
from forwardgrad.results.curves import curve_table
from forwardgrad.results.folder import Results


def norms(results: Results, experiment: str, dataset: str, model: str) -> Drawn:
    """Draw the training loss and the norm of the weights of one cell; return the bands too, columns CURVES."""
    cell = read_cell(results, experiment, dataset, model)
    bands = curve_table(cell.metrics, cell.runs, cell.costs, ("train_loss", "weight_norm"))
    return draw_curves(bands, cell.runs, labels.cell(dataset, model)), bands
