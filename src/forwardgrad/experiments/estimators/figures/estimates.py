"""Many estimates of one gradient: whether they are right on average, how large they are, how their mean closes in.

Every function takes the frame of `estimators.join` and its clouds, and returns a figure and what it shows.
"""

from collections.abc import Callable, Iterable

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, LogLocator, NullLocator

from forwardgrad.experiments.estimators.tables import distances, relative
from forwardgrad.plotting import labels
from forwardgrad.plotting.style import INK, MUTED, PAPER, WIDTH, look, rows, style, title, whole_numbers

Drawn = tuple[Figure, pd.DataFrame]

PANELS = {"along": "Mean along\nthe gradient", "second_moment": "Second\nmoment", "cosine_squared": "Squared\ncosine"}
SPAN = (0.45, 2.2)  # of measured over formula
CLOSING = (
    "forward_gaussian", "forward_rank_one", "forward_rank_one_layer", "forward_blockwise", "noisy_backprop",
    "forward_mean_16", "forward_projected_16", "activity",
)  # fmt: skip
CLOUDS = (
    "forward_gaussian", "forward_rank_one", "noisy_backprop", "forward_mean_16", "forward_projected_16", "activity",
)  # fmt: skip


def label_of(estimator: str) -> str:
    """Label of an estimator."""
    return labels.method(estimator, estimator)


def networks_of(frame: pd.DataFrame) -> dict[str, int]:
    """Return {network: number of parameters}, the smallest first."""
    return dict(frame[["network", "n"]].drop_duplicates().sort_values("n").itertuples(index=False, name=None))


def draw_moments(frame: pd.DataFrame, clouds: pd.DataFrame) -> Drawn:
    """Draw what was measured over its formula: a row per estimator, a panel per quantity, a mark per network."""
    shown = relative(frame)
    shown = shown[shown["quantity"].isin(PANELS)]
    estimators, networks = list(dict.fromkeys(shown["estimator"])), networks_of(shown)
    with style():
        figure, panels = plt.subplots(
            1, len(PANELS), sharey=True, squeeze=False, figsize=(WIDTH, 2.2 + 0.43 * len(estimators))
        )
        for (quantity, heading), axes in zip(PANELS.items(), panels[0], strict=True):
            axes.axvline(1, color=INK, linewidth=1)
            own = shown[shown["quantity"] == quantity]
            for place, estimator in enumerate(estimators):
                _draw_row(axes, place, own[own["estimator"] == estimator].set_index("network"), estimator, networks)
            axes.set_xscale("log")
            axes.set_xlim(*SPAN)
            axes.xaxis.set_major_locator(FixedLocator([0.5, 1, 2]))
            axes.xaxis.set_minor_locator(NullLocator())
            whole_numbers(axes.xaxis)
            axes.set_title(heading)
        rows(panels[0, 0], list(map(label_of, estimators)))
        for axes in panels[0, 1:]:
            rows(axes, [])
        panels[0, 0].set_ylim(len(estimators) - 0.4, -0.65)
        for text in panels[0, 0].texts:  # names reach over all columns
            text.set(in_layout=False, zorder=2.5)
            text.set_bbox({"facecolor": PAPER, "edgecolor": "none", "pad": 0.6, "alpha": 0.75})
        panels[0, 0].set_zorder(1)
        panels[0, 0].patch.set_visible(False)
        handles = [
            Line2D(
                [], [], color=INK, marker="o", markersize=5, markerfacecolor=_face(INK, size, networks), linestyle=""
            )
            for size in networks
        ]
        for handle, (network, size) in zip(handles, networks.items(), strict=True):
            handle.set_label(f"{labels.model(network)}: {size:,} parameters")
        title(
            figure,
            "Measured over formula",
            "One gradient of each network, at its initial weights, estimated many times. Line: what the formula says. "
            "Whiskers: 95 % interval, Student's t; those that leave the panel are cut. An estimator without a formula "
            "for a quantity has no mark there. Along the gradient: 1 is unbiased; of standardised tangents the formula "
            "has the bias.",
            handles,
            handle_length=1,
        )
        return figure, shown


def _face(color: str, network: str, networks: Iterable[str]) -> tuple[float, ...]:
    """Fill of a network's marks: full for the smallest, lighter for the next ones, none for the largest."""
    order = list(networks)
    share = order.index(network) / max(1, len(order) - 1)
    own, paper = np.array(to_rgba(color)), np.array(to_rgba(PAPER))
    return tuple((1 - share) * own + share * paper)


def _draw_row(axes: Axes, place: int, own: pd.DataFrame, estimator: str, networks: dict[str, int]) -> None:
    drawing = look(estimator, estimator)
    for index, network in enumerate(networks):
        if network in own.index:
            row, height = own.loc[network], place + 0.17 * (index - (len(networks) - 1) / 2) + 0.12
            whiskers = [[row["ratio"] - row["low"]], [row["high"] - row["ratio"]]]
            whiskers[0][0] = min(whiskers[0][0], 0.99 * row["ratio"])
            axes.errorbar(
                row["ratio"], height, xerr=whiskers, color=drawing.color, marker=drawing.marker, markersize=4.5,
                markerfacecolor=_face(drawing.color, network, networks), markeredgewidth=0.9, linewidth=1, capsize=0,
                zorder=4,
            )  # fmt: skip


def draw_closing(frame: pd.DataFrame, clouds: pd.DataFrame) -> Drawn:
    """Draw how far the mean of M estimates lies from the gradient, against M, with its formula."""
    shown = distances(frame)
    shown = shown[shown["estimator"].isin(CLOSING)]
    networks = networks_of(shown)
    with style():
        figure, panels = plt.subplots(
            len(networks), 1, squeeze=False, sharex=True, figsize=(WIDTH, 2.2 + 1.75 * len(networks))
        )
        handles = {}
        for (network, size), axes in zip(networks.items(), panels[:, 0], strict=True):
            axes.axhline(1, color=INK, linewidth=1)
            for estimator, own in shown[shown["network"] == network].groupby("estimator", sort=False):
                drawing = look(estimator, estimator)
                axes.plot(own["draws"], own["formula"], color=drawing.color, linewidth=1, linestyle="-", alpha=0.7)
                (handles[estimator],) = axes.plot(
                    own["draws"], own["measured"], color=drawing.color, marker=drawing.marker, markersize=4,
                    markerfacecolor=drawing.face, linestyle="", label=label_of(estimator),
                )  # fmt: skip
            axes.set_xscale("log")
            axes.set_yscale("log")
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_locator(LogLocator(numticks=6))
                axis.set_minor_locator(NullLocator())
                whole_numbers(axis)
            axes.set_title(f"{labels.model(network)}: {size:,} parameters")
        panels[len(networks) // 2, 0].set_ylabel("Distance from the gradient / its norm")
        panels[-1, 0].set_xlabel("Number of estimates")
        title(
            figure,
            "The mean of many closes in on the gradient",
            "Marks: one sequence of estimates. Lines: what the second moment says, the square root of its excess over "
            "1 divided by the number of estimates. Line at 1: as far away as zero is. A mean of 16, or a projection on "
            "16, counts as one estimate.",
            [handles[estimator] for estimator in CLOSING if estimator in handles],
        )
        return figure, shown


def draw_cloud(frame: pd.DataFrame, clouds: pd.DataFrame) -> Drawn:
    """Draw single estimates in a plane that holds the gradient, one panel per estimator; the smallest network."""
    network, size = next(iter(networks_of(frame).items()))
    shown = clouds[(clouds["network"] == network) & clouds["estimator"].isin(CLOUDS)]
    estimators = [estimator for estimator in CLOUDS if estimator in set(shown["estimator"])]
    low, high = shown["along"].quantile([0.004, 0.985])
    reach = shown["across"].abs().quantile(0.99)
    with style():
        figure, panels = plt.subplots(
            -(-len(estimators) // 2), 2, squeeze=False, sharex=True, sharey=True,
            figsize=(WIDTH, 1.4 + 1.55 * -(-len(estimators) // 2)),
        )  # fmt: skip
        for axes in panels.flat[len(estimators) :]:
            axes.set_visible(False)
        for estimator, axes in zip(estimators, panels.flat, strict=False):
            own, drawing = shown[shown["estimator"] == estimator], look(estimator, estimator)
            axes.axhline(0, color=MUTED, linewidth=0.6)
            axes.axvline(0, color=MUTED, linewidth=0.6)
            axes.plot(
                own["along"], own["across"], color=drawing.color, marker="o", markersize=2.6, mew=0, alpha=0.45,
                linestyle="", rasterized=False,
            )  # fmt: skip
            axes.annotate(
                "",
                (1, 0),
                (0, 0),
                arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 1.4, "shrinkA": 0, "shrinkB": 0},
            )
            axes.plot(
                own["along"].mean(), own["across"].mean(), color=INK, marker="D", markersize=5,
                markerfacecolor=PAPER, mew=1.2, linestyle="", zorder=5,
            )  # fmt: skip
            axes.set_title(label_of(estimator).removeprefix("Forward gradient, ").capitalize(), fontsize=8.5)
            axes.set_xlim(low - 0.3, high)
            axes.set_ylim(-reach, reach)
        for axes in panels[-1]:
            axes.set_xlabel("Along the gradient")
        panels[len(panels) // 2, 0].set_ylabel("Across it")
        outside = ((shown["along"] > high) | (shown["along"] < low - 0.3) | (shown["across"].abs() > reach)).sum()
        arrow = Line2D([], [], color=INK, linewidth=1.4, label="the gradient")
        mean = Line2D([], [], color=INK, marker="D", markersize=5, markerfacecolor=PAPER, linestyle="", label="mean")
        title(
            figure,
            "Single estimates of one gradient",
            f"{labels.model(network)}, {size:,} parameters. Of every estimate two components: along the gradient, in "
            "units of its norm, and along a random direction at right angles to it, of which there are "
            f"{size - 1:,}. {outside} of {len(shown):,} points lie outside. A forward gradient never points uphill: "
            "none of its points lies left of zero.",
            [arrow, mean],
            handle_length=1.4,
        )
        return figure, shown


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Drawn]] = {
    "moments": draw_moments,
    "closing": draw_closing,
    "cloud": draw_cloud,
}
