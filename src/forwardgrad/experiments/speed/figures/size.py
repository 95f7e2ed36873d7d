"""Cost of a step against the size of the network: where overhead rules, and where arithmetic does."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator

from forwardgrad.experiments.speed.figures.lines import HERE, draw_modelled, said_of_lines
from forwardgrad.experiments.speed.figures.rows import ordered, swept, timed
from forwardgrad.experiments.speed.regime import crossed, modelled
from forwardgrad.experiments.speed.tables import paper_seconds
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import STAR, star, ticks, title, write
from forwardgrad.plotting.style import INK, MUTED, RULE, WIDTH, Drawn, look
from forwardgrad.results.folder import Results

RATIOS = (0.25, 0.5, 1, 2, 4, 8)
IN_SECONDS = ("backprop", "forward_gaussian", "forward_rank_one")  # what the panel of seconds has room for
ROOM = 1.4  # above the points, for the names of logistic regressions


def size(results: Results, device: str) -> Drawn:
    """Draw the cost over backprop, and seconds, against the number of parameters.

    Return them too, columns as of `regime.modelled`.
    """
    shown = swept(modelled(timed(results, device)))
    layered, images = shown[shown["depth"].notna()], shown[shown["depth"].isna()]
    panels = [
        ("MLPs: cost / cost of backpropagation", layered, draw_ratios),
        ("CNNs: cost / cost of backpropagation", images, draw_ratios),
        ("MLPs: time of a step", layered[layered["method"].isin(IN_SECONDS)], draw_seconds),
    ]
    panels = [panel for panel in panels if len(panel[1])]
    points = paper_points(results.quoted(), layered)
    figure, grid = plt.subplots(len(panels), 1, squeeze=False, sharex=True, figsize=(WIDTH, 2 + 2.4 * len(panels)))
    handles: dict[str, Line2D] = {}
    for (name, own, draw), axes in zip(panels, grid[:, 0], strict=True):
        handles |= {line.get_label(): line for line in draw(axes, own) if line.get_label() not in handles}
        name_logistic_regressions(axes, own)
        axes.set_title(name)
    if len(layered):
        mark_crossings(grid[0, 0], crossed(results.table("speed", "regimes"), device))
    if len(points):
        axes.plot(points.index, points, **STAR)
        handles["paper"] = star("Baydin et al. (2022): backpropagation, off figures")
    axes.set_xscale("log")
    ticks(axes.xaxis, LogLocator(numticks=12))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: in_short(value)))
    axes.set_xlabel("Parameters")
    note = (
        f"{HERE[device]} Batch {int(shown['batch_size'].iloc[0])}. {said_of_lines(shown)}Whiskers: 95 % interval. "
        "Shaded: cheaper than backpropagation. Rings: parameters from which on it no longer is. LR: no hidden layer."
    )
    title(figure, "When is a forward gradient cheaper than backpropagation?", note, handles.values())
    return figure, shown


def in_short(count: float) -> str:
    """Return a round number as `10`, `10 k` or `10 M`."""
    for scale, unit in ((1e6, " M"), (1e3, " k")):
        if count >= scale:
            return f"{count / scale:,.0f}{unit}"
    return f"{count:,.0f}"


def paper_points(quoted: pd.DataFrame, measured: pd.DataFrame) -> pd.Series:
    """Return the paper's seconds of a backprop step by number of parameters, of those models that were measured."""
    parameters = measured.groupby("model")["parameters"].first()
    return pd.Series({parameters[key]: value for key, value in paper_seconds(quoted).items() if key in parameters})


def draw_ratios(axes: Axes, own: pd.DataFrame) -> list[Line2D]:
    """Draw the ratio of every method, with the model's; return lines for the legend."""
    own = own[own["method"] != "backprop"]
    ratios = own[["ratio_to_backprop", "model_ratio"]]
    low, high = min(0.4, ratios.min(axis=None)) / 1.2, max(2.2, ratios.max(axis=None)) * ROOM
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.axhspan(low, 1, color=RULE, alpha=0.35, linewidth=0, zorder=0)
    axes.axhline(1, color=INK, linewidth=1.2)
    ticks(axes.yaxis, FixedLocator([ratio for ratio in RATIOS if low <= ratio <= high]))
    return [draw_modelled(axes, own[own["method"] == key], "parameters", "ratio") for key in ordered(own["method"])]


def draw_seconds(axes: Axes, own: pd.DataFrame) -> list[Line2D]:
    """Draw the seconds of a step of every method, with the model's; return lines for the legend."""
    axes.set_yscale("log")
    axes.set_ylim(own["seconds"].min() / 2, own["seconds"].max() * 2 * ROOM)
    ticks(axes.yaxis, LogLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{1e3 * value:,.4g} ms"))
    methods = ("backprop", *ordered(own["method"]))
    return [draw_modelled(axes, own[own["method"] == key], "parameters", "seconds") for key in methods]


def mark_crossings(axes: Axes, sizes: dict[str, float]) -> None:
    """Ring where each method's measured ratio comes to one for good, and write the number of parameters."""
    for count, (method, size) in enumerate(sizes.items()):
        axes.plot(size, 1, marker="o", markersize=9, markerfacecolor="none", color=look(method, method).color)
        write(axes, labels.number(size, 2), (size, 1), (0, 9), ha="left" if count else "right")


def name_logistic_regressions(axes: Axes, own: pd.DataFrame) -> None:
    """Say which points, off the lines, are networks without a hidden layer."""
    for parameters in own.loc[own["depth"] == 0, "parameters"].unique():
        axes.axvline(parameters, color=RULE, linewidth=1.2, zorder=0.5)
        form = {"transform": axes.get_xaxis_transform(), "ha": "center", "va": "top", "fontsize": 8, "color": MUTED}
        axes.text(parameters, 0.98, "LR", **form)
