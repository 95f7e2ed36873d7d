"""What one step costs beside backpropagation against depth and batch size, and how much memory it needs.

Every function returns a figure and the frame of what it shows.
"""

from collections.abc import Callable, Iterable

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, LogLocator, NullLocator

from forwardgrad.experiments.speed.figures.cost import draw_cost
from forwardgrad.experiments.speed.figures.rows import HERE, RATIO, STAR, Drawn, Paper, deep, label_of, named, ordered
from forwardgrad.experiments.speed.tables import parameter_bytes
from forwardgrad.plotting import labels
from forwardgrad.plotting.style import INK, MUTED, WIDTH, look, style, title, whole_numbers

DEPTH = "Hidden layers, 1,024 wide"


def draw_depth(measured: pd.DataFrame, paper: Paper) -> Drawn:
    """Draw the cost over backpropagation against the number of hidden layers."""
    shown = deep(measured[measured["seconds"].notna()])
    ends = sorted((row["depth"], row["ratio"]) for row in paper if row["model"] == "mlp" and row["depth"] in (1, 100))
    with style():
        figure, axes = plt.subplots(figsize=(WIDTH, 5))
        handles = _lines(axes, shown, "depth", "ratio_to_backprop", floors=True)
        axes.axhline(1, color=INK, linewidth=1.2)
        if ends:
            axes.plot(*zip(*ends, strict=True), color=MUTED, linestyle=(0, (1, 2)), linewidth=1)
            handles += [axes.plot(*zip(*ends, strict=True), **STAR, label=f"{labels.PAPER}: ends of its curve")[0]]
        handles += [Line2D([], [], color=MUTED, linestyle=(0, (1, 1)), linewidth=1, label="ratio of multiply-adds")]
        _depth_axis(axes, [*shown["depth"], *(depth for depth, _ in ends)])
        axes.set_ylim(0, 1.08 * max(1.2, shown.loc[shown["method"].isin(ordered(shown["method"])), "high"].max()))
        axes.set_ylabel("Cost / cost of backpropagation")
        note = f"{HERE} Batch {int(shown['batch_size'].iloc[0])}. Whiskers: 95 % interval. Line at 1: backpropagation."
        title(figure, "Does the ratio hold for deep networks?", note, handles)
        return figure, shown


def draw_memory(measured: pd.DataFrame, paper: Paper) -> Drawn:
    """Draw peak memory beyond the parameters against the number of hidden layers."""
    shown = deep(measured[measured["peak_bytes"].notna()])
    depths = np.array(sorted(set(shown["depth"])))
    size = [parameter_bytes(int(depth)) / 2**20 for depth in depths]
    with style():
        figure, axes = plt.subplots(figsize=(WIDTH, 5))
        megabytes = shown.assign(peak=np.maximum(shown["peak_bytes"], 2**18) / 2**20)
        handles = _lines(axes, megabytes, "depth", "peak", also=("backprop",))
        handles += axes.plot(depths, size, color=MUTED, linestyle="--", linewidth=1, label="the parameters themselves")
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_locator(NullLocator())
        _depth_axis(axes, depths)
        whole_numbers(axes.yaxis)
        axes.set_ylabel("MiB beyond the parameters")
        note = (
            "Peak of the process over a few steps, less what it held before; every case in a process of its own. "
            f"Batch {int(shown['batch_size'].iloc[0])}. Less than 0.25 MiB is drawn there."
        )
        title(figure, "How much memory does a step need?", note, handles)
        return figure, shown.assign(parameter_bytes=[parameter_bytes(int(depth)) for depth in shown["depth"]])


def draw_batch(measured: pd.DataFrame, paper: Paper) -> Drawn:
    """Draw the cost over backpropagation against the batch size, one panel per model."""
    shown = named(measured[measured["seconds"].notna()])
    counts = shown.groupby("model", sort=False)["batch_size"].nunique()
    models = list(counts[counts > 1].index)
    shown = shown[shown["model"].isin(models)]
    with style():
        figure, panels = plt.subplots(
            len(models), 1, squeeze=False, sharex=True, figsize=(WIDTH, 1.8 + 2 * len(models))
        )
        handles: dict[str, Line2D] = {}
        for model, axes in zip(models, panels[:, 0], strict=True):
            for line in _lines(axes, shown[shown["model"] == model], "batch_size", "ratio_to_backprop"):
                handles.setdefault(line.get_label(), line)
            axes.axhline(1, color=INK, linewidth=1.2)
            axes.set_ylim(0, None)
            axes.set_title(labels.model(model))
            axes.set_xscale("log")
            _marks(axes, shown["batch_size"])
        panels[-1, 0].set_xlabel("Examples per step")
        note = f"{RATIO}. {HERE} Whiskers: 95 % interval. Line at 1: backpropagation."
        title(figure, "Does the ratio depend on the batch size?", note, list(handles.values()))
        return figure, shown


FIGURES: dict[str, Callable[[pd.DataFrame, Paper], Drawn]] = {
    "cost": draw_cost,
    "depth": draw_depth,
    "memory": draw_memory,
    "batch": draw_batch,
}


def _lines(
    axes: Axes, shown: pd.DataFrame, x: str, y: str, floors: bool = False, also: tuple[str, ...] = ()
) -> list[Line2D]:
    """Draw one line per method; return them for the legend."""
    handles = []
    for method in [*also, *ordered(shown["method"])]:
        own, drawing = shown[shown["method"] == method].sort_values(x), look(method, method)
        handles += axes.plot(
            own[x], own[y], color=drawing.color, linestyle=drawing.line, marker=drawing.marker,
            markerfacecolor=drawing.face, label=label_of(method),
        )  # fmt: skip
        if y == "ratio_to_backprop":
            axes.vlines(own[x], own["low"], own["high"], color=drawing.color, linewidth=1)
        if floors:
            axes.plot(own[x], own["flop_floor"], color=drawing.color, linestyle=(0, (1, 1)), linewidth=1, alpha=0.8)
    return handles


def _depth_axis(axes: Axes, depths: Iterable[float]) -> None:
    axes.set_xscale("log")
    _marks(axes, depths)
    axes.set_xlabel(DEPTH)


def _marks(axes: Axes, values: Iterable[float]) -> None:
    """Ticks at the measured values alone."""
    axes.xaxis.set_major_locator(FixedLocator(sorted(set(values))))
    axes.xaxis.set_minor_locator(NullLocator())
    whole_numbers(axes.xaxis)
