"""T_f / T_b on full MNIST beside the paper's."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator

from forwardgrad.experiments.published.plan import CELLS, FOLDER
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import STAR, mark, rows, stacked, star, ticks, title
from forwardgrad.plotting.style import MUTED, Drawn, look
from forwardgrad.results.folder import Results
from forwardgrad.results.reading import read_csv

SHOWN = (("forward_gaussian", "stock"), ("forward_gaussian", "engine"), ("forward_rank_one", "engine"))
ENGINES = {"stock": "PyTorch's forward mode", "engine": "this project's forward mode"}


def time_to_loss(results: Results) -> Drawn:
    """Draw one panel per network and learning rate; return the medians and intervals too."""
    medians = read_csv(results.folder / FOLDER / "mnist-times-summary.csv")
    figure, panels = stacked([len(SHOWN)] * len(CELLS), 1.7, 0.45, 0.5, sharex=True)
    parts = []
    for (model, rate, ending), axes in zip(CELLS, panels, strict=True):
        own = medians[medians["model"] == model].set_index(["method", "cost"])
        chosen = own.loc[[(method + ending, cost) for method, cost in SHOWN]].reset_index()
        _draw(axes, chosen, ending)
        axes.set_title(f"{labels.model(model)}, learning rate {rate}")
        parts.append(chosen)
    axes = panels[-1]
    axes.set_xscale("log")
    axes.set_xlim(0.15, 3)
    ticks(axes.xaxis, LogLocator(subs=(1, 2, 5)))
    axes.set_xlabel("$T_f/T_b$, below 1 the forward gradient is faster")
    data = pd.concat(parts, ignore_index=True)
    title(
        figure,
        "When does the forward gradient reach backpropagation's loss?",
        "$T_b$: when backpropagation ends its run; $T_f$: when the validation loss of the forward gradient is first as "
        "low. Both are iterations times the processor time of a step. Median and 95 % interval over "
        f"{labels.plurals(data['runs'], 'seed')}, with the cost's interval.",
        [mark("o", "here", MUTED), star(labels.PAPER)],
        handle_length=1,
    )
    return figure, data


def _draw(axes: Axes, chosen: pd.DataFrame, ending: str) -> None:
    axes.axvline(1, color=MUTED, linewidth=0.8)
    names = []
    for row, entry in enumerate(chosen.itertuples()):
        drawing = look(entry.estimator, entry.estimator)
        axes.plot([entry.low, entry.high], [row, row], color=drawing.color, linewidth=2)
        axes.plot(entry.ratio, row, drawing.marker, color=drawing.color, markersize=6)
        label = f"{labels.method(entry.estimator, entry.estimator)}, {ENGINES[entry.cost]}"
        names.append(f"{label}: {labels.ratio(entry.ratio)}")
    axes.axvline(chosen["ratio_quoted"].iloc[0], ymin=0.02, ymax=0.98, color=MUTED, linewidth=0.8, linestyle=":")
    axes.plot(chosen["ratio_quoted"].iloc[0], 0, **STAR)
    rows(axes, names)
