"""One line per method against depth, width or batch size: cost of a step, and its memory."""

from collections.abc import Iterable, Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, LogLocator

from forwardgrad.catalogue import MODELS, network_parts
from forwardgrad.experiments.speed.figures.rows import deep, named, ordered, timed, usual, wide
from forwardgrad.experiments.speed.regime import modelled
from forwardgrad.experiments.speed.tables import paper_rows
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import STAR, ticks, title
from forwardgrad.plotting.style import INK, MUTED, WIDTH, Drawn, look
from forwardgrad.results.folder import Results

HERE = {
    "cpu": "Processor time of one thread, steps of all methods interleaved, in several processes.",
    "cuda": "Time on the GPU, each step a CUDA graph, steps of all methods interleaved, in several processes.",
}
MEMORY = {
    "cpu": "Peak memory of a step, less what the process held before; every method in a process of its own.",
    "cuda": "Peak of what torch has allocated on the GPU in a step, less what it had before.",
}
MODELLED = "Lines: the sum of overhead, arithmetic and passes over the parameters that fits the points best."
LABEL = "Hidden layers, 1,024 wide"
MIB, LEAST = 2**20, 2**18  # bytes
PAPER_WIDTH = 1024


def depth(results: Results, device: str) -> Drawn:
    """Draw the cost over backpropagation against the number of hidden layers; return it too, columns SPEED."""
    shown, paper = deep(timed(results, device)), paper_rows(results.quoted())
    ends = sorted((row["depth"], row["ratio"]) for row in paper if row["model"] == "mlp" and row["depth"] in (1, 100))
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
    size = f"Batch {int(shown['batch_size'].iloc[0])}."
    note = f"{HERE[device]} {size} Whiskers: 95 % interval. Line at 1: backpropagation."
    title(figure, "Does the ratio hold for deep networks?", note, handles)
    return figure, shown


def batch(results: Results, device: str) -> Drawn:
    """Draw the cost over backpropagation against the batch size, one panel per model.

    Return it too, columns as of `regime.modelled`.
    """
    shown = named(modelled(timed(results, device)))
    shown = shown[shown.groupby(["model", "method"])["batch_size"].transform("nunique") > 1]  # a line needs two points
    models = list(shown["model"].unique())
    figure, panels = plt.subplots(len(models), 1, squeeze=False, sharex=True, figsize=(WIDTH, 1.8 + 2 * len(models)))
    handles: dict[str, Line2D] = {}
    for model, axes in zip(models, panels[:, 0], strict=True):
        own = shown[shown["model"] == model]
        for method in ordered(own["method"]):
            line = draw_modelled(axes, own[own["method"] == method], "batch_size", "ratio")
            handles.setdefault(line.get_label(), line)
        axes.axhline(1, color=INK, linewidth=1.2)
        axes.set_ylim(0, None)
        axes.set_title(labels.model(model))
        ticks_at(axes, shown["batch_size"])
    axes.set_xlabel("Examples per step")
    note = (
        f"Cost of a step over that of a backpropagation step. {HERE[device]} {said_of_lines(shown)}"
        "Whiskers: 95 % interval. Line at 1: backpropagation."
    )
    title(figure, "Does the ratio depend on the batch size?", note, handles.values())
    return figure, shown


def memory(results: Results, device: str) -> Drawn:
    """Draw peak memory beyond the parameters against depth, width and batch size; return it too, columns SPEED."""
    measured = results.frame("speed")
    shown = measured[(measured["device"] == device) & measured["peak_bytes"].notna()]
    shown = shown.assign(peak=np.maximum(shown["peak_bytes"], LEAST) / MIB)
    panels = list(sweeps(shown))
    figure, grid = plt.subplots(len(panels), 1, squeeze=False, figsize=(WIDTH, 1.6 + 2.9 * len(panels)))
    handles: dict[str, Line2D] = {}
    for (column, label, rows), axes in zip(panels, grid[:, 0], strict=True):
        own = rows[rows.groupby("method")[column].transform("nunique") > 1]  # a line needs two points
        for line in draw_lines(axes, own, column, "peak", also=("backprop",)):
            handles.setdefault(line.get_label(), line)
        parameters = own.groupby(column)["parameters"].first() * 4 / MIB
        (line,) = axes.plot(parameters, color=MUTED, linestyle="--", linewidth=1, label="the parameters themselves")
        handles.setdefault(line.get_label(), line)
        axes.set_yscale("log")
        ticks(axes.yaxis, LogLocator(subs=(1, 2, 5)))
        ticks_at(axes, own[column])
        axes.set(xlabel=label, ylabel="MiB beyond the parameters")
    note = f"{MEMORY[device]} Less than 0.25 MiB is drawn as 0.25 MiB."
    title(figure, "How much memory does a step need?", note, handles.values())
    return figure, shown


def sweeps(measured: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield the column, its label and the rows of everything that memory is shown against, where there are several."""
    two = wide(usual(measured))
    two = two.assign(width=[network_parts(model)[2] or PAPER_WIDTH for model in two["model"]])
    yield from (
        (column, label, own)
        for column, label, own in (
            ("depth", LABEL, deep(measured)),
            ("width", "Width of two hidden layers", two),
            *((("batch_size", f"Examples per step, {labels.model(model)}", own)) for model, own in by_batch(measured)),
        )
        if own[column].nunique() > 1
    )


def by_batch(measured: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the rows of every model that has a key, by model."""
    keyed = measured[measured["model"].isin(MODELS) & ((measured["model"] != "mlp") | (measured["depth"] == 2))]
    yield from keyed.groupby("model", sort=False)


def draw_lines(
    axes: Axes, shown: pd.DataFrame, x: str, y: str, floors: bool = False, also: tuple[str, ...] = ()
) -> list[Line2D]:
    """Draw one line per method, with its interval where it is a ratio; return the lines for the legend.

    Args:
        axes: Panel.
        shown: What is drawn; columns SPEED and `y`.
        x: Column against which it is drawn, each of its values a tick of a logarithmic axis.
        y: Column that is drawn.
        floors: Draw the ratios of multiply-adds too.
        also: Methods that are otherwise what ratios are taken to.
    """
    handles = []
    for method in [*also, *ordered(shown["method"])]:
        own, drawing = shown[shown["method"] == method].sort_values(x), look(method, method)
        handles += axes.plot(
            own[x], own[y], color=drawing.color, linestyle=drawing.line, marker=drawing.marker,
            markerfacecolor=drawing.face, label=labels.estimator(method),
        )  # fmt: skip
        if y == "ratio_to_backprop":
            axes.vlines(own[x], own["low"], own["high"], color=drawing.color, linewidth=1)
        if floors:
            axes.plot(own[x], own["flop_floor"], color=drawing.color, linestyle=(0, (1, 1)), linewidth=1, alpha=0.8)
    return handles


def draw_modelled(axes: Axes, own: pd.DataFrame, x: str, quantity: str) -> Line2D:
    """Draw one method's measured points and, as a thin line, what the model says; return both for the legend.

    Args:
        axes: Panel.
        own: Rows of one method; columns as of `regime.modelled`. Without a model the line joins the points.
        x: Column against which they are drawn.
        quantity: `ratio`, to backprop, or `seconds`.
    """
    own, method = own.sort_values(x), own["method"].iloc[0]
    y, drawing = {"ratio": "ratio_to_backprop"}.get(quantity, quantity), look(method, method)
    form = {"color": drawing.color, "marker": drawing.marker, "markerfacecolor": drawing.face, "linestyle": ""}
    axes.plot(own[x], own[y], **form)
    if quantity == "ratio":
        axes.vlines(own[x], own["low"], own["high"], color=drawing.color, linewidth=1)
    joined = own[own["depth"] != 0] if x == "parameters" else own  # logistic regression is no MLP of another width
    line = f"model_{quantity}" if joined[f"model_{quantity}"].notna().all() else y
    axes.plot(joined[x], joined[line], color=drawing.color, linestyle=drawing.line, linewidth=1)
    return Line2D([], [], label=labels.estimator(method), **form | {"linestyle": drawing.line, "linewidth": 1})


def said_of_lines(shown: pd.DataFrame) -> str:
    """Return what lines drawn by `draw_modelled` are, with a space behind it; nothing where they join the points."""
    return f"{MODELLED} " if shown["model_ratio"].notna().any() else ""


def ticks_at(axes: Axes, values: Iterable[float]) -> None:
    """Give the x axis a logarithmic scale with ticks at the measured values alone."""
    axes.set_xscale("log")
    ticks(axes.xaxis, FixedLocator(sorted(set(values))))
