"""Time and peak memory of a step, side by side, over those of backprop: one row of panels per network."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from forwardgrad.catalogue import PLAIN
from forwardgrad.experiments.networks.tables import per_network
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import rows, ticks, title, write
from forwardgrad.plotting.style import BACKING, INK, MUTED, PAPER, RULE, WIDTH, Drawn, look
from forwardgrad.results.folder import Results

PANELS = {"ratio_to_backprop": "time", "peak_ratio": "peak memory"}


def cost_and_memory(results: Results, batch_size: int, memory_batch_size: int) -> Drawn:
    """Draw both ratios of every method; return them too, columns `tables.COLUMNS`."""
    shown = per_network(results, batch_size, memory_batch_size)
    shown = shown[~shown["method"].isin(PLAIN)]
    cheapest = list(shown.groupby("method")["ratio_to_backprop"].mean().sort_values().index)
    networks = [(model, own.set_index("method").loc[cheapest]) for model, own in shown.groupby("model", sort=False)]
    height = 1.8 + sum(0.35 + 0.42 * len(own) for _, own in networks)
    figure, grid = plt.subplots(
        len(networks), 2, squeeze=False, sharex="col", figsize=(WIDTH, height),
        height_ratios=[len(own) for _, own in networks],
    )  # fmt: skip
    for (model, own), panels in zip(networks, grid, strict=True):
        for column, axes in zip(PANELS, panels, strict=True):
            _draw_panel(axes, own, column)
        panels[0].set_title(f"{labels.model(model).partition(',')[0]}: {PANELS['ratio_to_backprop']}")
        panels[1].set_title(PANELS["peak_ratio"])
        rows(panels[0], [labels.variant(labels.estimator(method)) for method in own.index])
        rows(panels[1], [""] * len(own))
    for column, axes in zip(PANELS, grid[-1], strict=True):
        axes.set_xlim(0, 1.3 * max(1.0, shown[column].max()))
        ticks(axes.xaxis, MaxNLocator(4, integer=True))
        axes.set_xlabel("over that of backpropagation")
    handles = [
        Line2D([], [], color=INK, linewidth=1.2, label="1: backpropagation by torch.autograd"),
        Patch(facecolor=MUTED, label="by the project\u2019s engine"),
        Patch(facecolor=PAPER, edgecolor=MUTED, linewidth=1.2, label="by others"),
    ]
    note = (
        "A bar that ends left of the line needs less than backpropagation. Bold: so does the whole 95 % interval of a "
        f"time; memory is measured once. Time: processor time of one thread, {batch_size} examples per step, in "
        f"several processes. Memory: peak beyond the parameters, {memory_batch_size} examples per step."
    )
    title(figure, "What does a step of other networks cost, in time and memory?", note, handles, handle_length=1.2)
    return figure, shown


def _draw_panel(axes: Axes, own: pd.DataFrame, column: str) -> None:
    axes.axvspan(0, 1, color=RULE, alpha=0.35, linewidth=0, zorder=0)
    axes.axvline(1, color=INK, linewidth=1.2, zorder=1)
    for row, (method, found) in enumerate(own.iterrows()):
        ratio, drawing, place = found[column], look(method, method), row + 0.15
        if pd.isna(ratio):
            write(axes, "not measured", (0, place), (4, 0), va="center", color=MUTED, bbox=BACKING)
            continue
        axes.barh(place, ratio, height=0.32, facecolor=drawing.face, edgecolor=drawing.color, linewidth=1.2, zorder=2)
        most = found["high"] if column == "ratio_to_backprop" and pd.notna(found["high"]) else ratio
        weight = "bold" if most < 1 else "normal"
        write(axes, f"{ratio:.2f}", (ratio, place), (5, 0), va="center", zorder=3, fontweight=weight, bbox=BACKING)
