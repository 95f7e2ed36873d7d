"""Cost of a step against the size of the network: where overhead rules, and where arithmetic does."""

import matplotlib.pyplot as plt

from forwardgrad.experiments.speed.figures.lines import HERE, draw_lines
from forwardgrad.experiments.speed.figures.rows import timed, usual
from forwardgrad.plotting.pieces import title
from forwardgrad.plotting.style import INK, WIDTH, Drawn
from forwardgrad.results.folder import Results


def size(results: Results, device: str) -> Drawn:
    """Draw the cost over backpropagation against the number of parameters; return it too, columns SPEED."""
    shown = usual(timed(results, device))
    shown = shown[(shown["depth"].isna()) | (shown["depth"] <= 2)]
    families = {"MLPs": shown[shown["depth"].notna()], "Convolutional networks": shown[shown["depth"].isna()]}
    families = {name: own for name, own in families.items() if len(own)}
    figure, panels = plt.subplots(len(families), 1, squeeze=False, sharex=True, figsize=(WIDTH, 2 + 3 * len(families)))
    for (name, own), axes in zip(families.items(), panels[:, 0], strict=True):
        handles = draw_lines(axes, own, "parameters", "ratio_to_backprop")
        axes.set_xscale("log")
        axes.axhline(1, color=INK, linewidth=1.2)
        axes.set_title(name)
    panels[-1, 0].set_xlabel("Parameters")
    title(figure, "Does the ratio depend on the size of the network?", HERE[device], handles)
    return figure, shown
