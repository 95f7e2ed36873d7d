"""Validation loss against iterations on full MNIST, with the values that the paper's figures end at."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from forwardgrad.experiments.published.plan import CELLS, FOLDER, METHODS
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import STAR, band, star, title, whole_numbers
from forwardgrad.plotting.style import WIDTH, Drawn, look
from forwardgrad.results.curves import align, percentile_band, thinned
from forwardgrad.results.folder import Results
from forwardgrad.results.quoted import published
from forwardgrad.results.reading import read_csv

METRIC = "validation_loss"


def curves(results: Results) -> Drawn:
    """Draw one panel per network and learning rate; return the bands too: median, low and high by step."""
    metrics = read_csv(results.folder / FOLDER / "mnist.csv")
    quoted = published(results.quoted(), "", METRIC)
    figure, panels = plt.subplots(len(CELLS), 1, figsize=(WIDTH, 7.2))
    handles, parts = {}, []
    for (model, rate, ending), axes in zip(CELLS, panels, strict=True):
        for method in METHODS:
            own = metrics[(metrics["model"] == model) & (metrics["method"] == method + ending)]
            steps = thinned(own["step"])
            values = percentile_band(align(own, METRIC, steps)).assign(step=steps)
            handles[method] = _draw(axes, values, method, quoted.get(("paper", model, method + ending)))
            parts.append(values.assign(model=model, method=method + ending))
        axes.set_title(f"{labels.model(model)}, learning rate {rate}")
        axes.set(ylabel="Validation loss", xlim=(0, None))
        whole_numbers(axes.xaxis)
    panels[-1].set_xlabel("Iterations")
    data = pd.concat(parts, ignore_index=True)
    title(
        figure,
        "How does the loss fall per iteration?",
        f"Lines: median of {labels.plurals(data['seeds'], 'seed')}; bands: 10th to 90th percentile. Stars: where the "
        "curves of the paper's figures end, read off.",
        [*handles.values(), star(labels.PAPER)],
    )
    return figure, data


def _draw(axes: Axes, values: pd.DataFrame, method: str, quoted: tuple[float, str] | None) -> Line2D:
    line = band(axes, values["step"], values, look(method, method), label=labels.method(method, method))
    if quoted:
        form = STAR | {"markerfacecolor": look(method, method).color}
        axes.plot(values["step"].iloc[-1], quoted[0], **form, clip_on=False)
    return line
