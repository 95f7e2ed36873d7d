"""Many estimates of one gradient: whether they are right on average and how large they are, over their formulae."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.ticker import FixedLocator

from forwardgrad.experiments.estimators.tables import networks_of, relative
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import mark, rows, ticks, title
from forwardgrad.plotting.style import INK, PAPER, WIDTH, Drawn, look
from forwardgrad.results.folder import Results

PANELS = {"along": "Mean along\nthe gradient", "second_moment": "Second\nmoment", "cosine_squared": "Squared\ncosine"}
SPAN = (0.45, 2.2)  # of measured over formula


def moments(results: Results) -> Drawn:
    """Draw what was measured over its formula: a row per estimator, a panel per quantity, a mark per network.

    Returns it too: columns ESTIMATORS and `ratio`, of which `low` and `high` are the ends.
    """
    shown = relative(results.frame("estimators"))
    shown = shown[shown["quantity"].isin(PANELS)]
    estimators = list(dict.fromkeys(shown["estimator"]))
    names = {network: f"{labels.model(network)}: {n:,} parameters" for network, n in networks_of(shown).items()}
    networks = list(names)
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
        ticks(axes.xaxis, FixedLocator([0.5, 1, 2]))
        axes.set_title(heading)
        rows(axes, list(map(labels.estimator, estimators)) if axes is panels[0, 0] else [])
    first = panels[0, 0]
    first.set_ylim(len(estimators) - 0.4, -0.65)
    for text in first.texts:  # names reach over all columns
        text.set(in_layout=False, zorder=2.5)
        text.set_bbox({"facecolor": PAPER, "edgecolor": "none", "pad": 0.6, "alpha": 0.75})
    first.set_zorder(1)
    first.patch.set_visible(False)
    handles = [
        mark("o", name, markersize=5, markerfacecolor=_face(INK, network, networks)) for network, name in names.items()
    ]
    title(
        figure,
        "Measured over formula",
        "One gradient of each network, at its initial weights, estimated many times. Line: theory. Whiskers: 95 % "
        "interval, Student's t; those that leave the panel are cut. An estimator without a formula for a quantity "
        "has no mark there. Along the gradient: 1 is unbiased; of standardised tangents the formula has the bias.",
        handles,
        handle_length=1,
    )
    return figure, shown


def _face(color: str, network: str, networks: Sequence[str]) -> tuple[float, ...]:
    """Fill of a network's marks: full for the smallest, lighter for the next ones, none for the largest."""
    share = networks.index(network) / max(1, len(networks) - 1)
    own, paper = np.array(to_rgba(color)), np.array(to_rgba(PAPER))
    return tuple((1 - share) * own + share * paper)


def _draw_row(axes: Axes, place: int, own: pd.DataFrame, estimator: str, networks: Sequence[str]) -> None:
    drawing = look(estimator, estimator)
    for index, network in enumerate(networks):
        if network in own.index:
            row, height = own.loc[network], place + 0.17 * (index - (len(networks) - 1) / 2) + 0.12
            whiskers = [[min(row["ratio"] - row["low"], 0.99 * row["ratio"])], [row["high"] - row["ratio"]]]
            axes.errorbar(
                row["ratio"], height, xerr=whiskers, color=drawing.color, marker=drawing.marker, markersize=4.5,
                markerfacecolor=_face(drawing.color, network, networks), markeredgewidth=0.9, linewidth=1, capsize=0,
                zorder=4,
            )  # fmt: skip
