"""Where the time of a step goes: its parts, stacked; the methods of the main story side by side, and all of them."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from forwardgrad.experiments.speed.columns import PARTS
from forwardgrad.experiments.speed.figures.lines import HERE
from forwardgrad.experiments.speed.figures.rows import SHORT, named, ordered, timed, usual
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import no_y_axis, rows, stacked, ticks, title, write
from forwardgrad.plotting.style import BACKING, INK, WIDTH, Drawn
from forwardgrad.results.folder import Results

# Colours of Okabe and Ito's palette that differ in lightness too, and hatches for print.
LOOKS = {
    "draw": ("draw the tangent", "#e69f00", "//"),
    "forward": ("forward pass, with its tangent", "#56b4e9", ""),
    "backward": ("backward pass", "#5b5e66", ""),
    "update": ("update of the parameters", "#009e73", "\\\\"),
}

# Backpropagation, and the tangents of the main story: a dense one by either forward mode, cheaper draws, rank one.
MAIN = ("backprop", "forward_ad", "forward_gaussian", "forward_rademacher", "forward_rank_one")
NAMES = {"backprop": "Backpropagation", "forward_ad": "Gaussian, PyTorch"}
NOTE = "A part is the difference of two times: up to its end, and up to that of the part before."


def parts(results: Results, device: str) -> Drawn:
    """Draw the parts of a step of the methods MAIN, one column per network; return them too, columns SPEED."""
    measured = usual(named(divided(results, device)))
    shown = measured[measured["method"].isin(MAIN)]
    models = list(dict.fromkeys(shown["model"]))
    methods = [method for method in MAIN if method in set(shown["method"])]
    figure, panels = plt.subplots(
        1, len(models), squeeze=False, sharey=True, figsize=(WIDTH, 1.3 + 0.36 * len(methods))
    )
    for model, axes in zip(models, panels[0], strict=True):
        own = shown[shown["model"] == model].set_index("method").reindex(methods)
        _draw_bars(axes, own)
        axes.set_title(SHORT.get(model, labels.model(model)))
        axes.set_xlim(0, 1.35 * own["seconds"].max() / own.loc["backprop", "seconds"])
        ticks(axes.xaxis, MaxNLocator(3))
        no_y_axis(axes)
        axes.tick_params(axis="y", length=0)
    words = [NAMES.get(method, labels.variant(labels.estimator(method))) for method in methods]
    panels[0, 0].set_yticks(range(len(methods)), words, color=INK, fontsize=8.5)
    panels[0, 0].set_ylim(len(methods) - 0.5, -0.6)
    panels[0, 0].set_xlabel("Time / time of a backpropagation step", loc="left")
    title(figure, "Where does the time of a step go?", f"{HERE[device]} {NOTE}", _handles(), handle_length=1.6)
    return figure, shown


def all_parts(results: Results, device: str) -> Drawn:
    """Draw the parts of a step of every method, one panel per network; return them too, columns SPEED."""
    shown = divided(results, device)
    networks = list(shown.groupby(["model", "depth", "batch_size"], sort=False, dropna=False))
    chosen = {key: ["backprop", *ordered(own["method"])] for key, own in networks}
    figure, panels = stacked([len(chosen[key]) for key, _ in networks], 1.5, 0.4, 0.48)
    for (key, own), axes in zip(networks, panels, strict=True):
        _draw_network(axes, own.set_index("method").loc[chosen[key]])
        model, depth, size = key
        axes.set_title(f"{labels.network(model, depth)}, batch {size:,.0f}")
    panels[-1].set_xlabel("Time / time of a backpropagation step")
    heading = "Where does the time of a step go, by any method?"
    title(figure, heading, f"{HERE[device]} {NOTE}", _handles(), handle_length=1.6)
    return figure, shown


def divided(results: Results, device: str) -> pd.DataFrame:
    """Return what was timed part by part on `device`; columns SPEED."""
    measured = timed(results, device)
    return measured[measured[list(PARTS)].notna().any(axis=1)]


def _handles() -> list[Patch]:
    """Return what the legend shows of the parts."""
    return [Patch(facecolor=color, hatch=hatch, edgecolor="white", label=text) for text, color, hatch in LOOKS.values()]


def _draw_network(axes: Axes, own: pd.DataFrame) -> None:
    _draw_bars(axes, own)
    axes.set_xlim(0, 1.12 * (own["seconds"] / own.loc["backprop", "seconds"]).max())
    rows(axes, [labels.variant(labels.estimator(method)) for method in own.index])


def _draw_bars(axes: Axes, own: pd.DataFrame) -> None:
    """Draw a bar for every row, in units of the step of backpropagation."""
    shares = own[list(PARTS)].fillna(0.0) / own.loc["backprop", "seconds"]
    for row, method in enumerate(own.index):
        start = 0.0
        for part, (_, color, hatch) in LOOKS.items():
            width = shares.loc[method, part]
            axes.barh(row, width, left=start, height=0.36, color=color, hatch=hatch, edgecolor="white", linewidth=0.6)
            start += width
        write(axes, f"{start:.2f}", (start, row), (6, 0), va="center", bbox=BACKING)
    axes.axvline(1, color=INK, linewidth=1.2)
