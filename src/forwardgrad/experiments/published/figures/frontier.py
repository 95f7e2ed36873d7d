"""The frontier on all of MNIST: test accuracy against processor time."""

from forwardgrad.experiments.published.plan import FOLDER
from forwardgrad.experiments.training.figures import pareto
from forwardgrad.plotting.style import Drawn
from forwardgrad.results.folder import Results
from forwardgrad.results.reading import read_csv


def frontier(results: Results) -> Drawn:
    """Draw the published runs of the experiment `frontier` as those of a run are drawn."""
    frames = (read_csv(results.folder / FOLDER / f"frontier{part}.csv") for part in ("", "-costs", "-pareto"))
    return pareto.draw(*frames)
