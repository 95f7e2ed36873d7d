"""What a step costs beside backpropagation in deeper and deeper networks."""

import matplotlib.pyplot as plt
from matplotlib.lines import Line2D

from forwardgrad.experiments.speed.figures.lines import HERE, draw_lines, ticks_at
from forwardgrad.experiments.speed.figures.rows import deep, ordered, timed
from forwardgrad.experiments.speed.tables import paper_rows
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import STAR, title
from forwardgrad.plotting.style import INK, MUTED, WIDTH, Drawn, style
from forwardgrad.results.folder import Results

LABEL = "Hidden layers, 1,024 wide"


def depth(results: Results, device: str) -> Drawn:
    """Draw the cost over backpropagation against the number of hidden layers; return it too, columns SPEED."""
    shown, paper = deep(timed(results, device)), paper_rows(results.quoted())
    ends = sorted((row["depth"], row["ratio"]) for row in paper if row["model"] == "mlp" and row["depth"] in (1, 100))
    with style():
        figure, axes = plt.subplots(figsize=(WIDTH, 5))
        handles = draw_lines(axes, shown, "depth", "ratio_to_backprop", floors=True)
        axes.axhline(1, color=INK, linewidth=1.2)
        if ends:
            axes.plot(*zip(*ends, strict=True), color=MUTED, linestyle=(0, (1, 2)), linewidth=1)
            handles += axes.plot(*zip(*ends, strict=True), **STAR, label=f"{labels.PAPER}: ends of its curve")
        handles += [Line2D([], [], color=MUTED, linestyle=(0, (1, 1)), linewidth=1, label="ratio of multiply-adds")]
        ticks_at(axes, [*shown["depth"], *(layers for layers, _ in ends)])
        axes.set_ylim(0, 1.08 * max(1.2, shown.loc[shown["method"].isin(ordered(shown["method"])), "high"].max()))
        axes.set(xlabel=LABEL, ylabel="Cost / cost of backpropagation")
        note = f"{HERE} Batch {int(shown['batch_size'].iloc[0])}. Whiskers: 95 % interval. Line at 1: backpropagation."
        title(figure, "Does the ratio hold for deep networks?", note, handles)
        return figure, shown
