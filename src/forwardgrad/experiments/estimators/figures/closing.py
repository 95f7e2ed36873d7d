"""How the mean of many estimates converges to the gradient."""

import matplotlib.pyplot as plt
from matplotlib.ticker import LogLocator

from forwardgrad.experiments.estimators.tables import networks_of
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import ticks, title
from forwardgrad.plotting.style import INK, WIDTH, Drawn, look
from forwardgrad.results.folder import Results

SHOWN = (
    "forward_gaussian", "forward_rank_one", "forward_rank_one_layer", "forward_blockwise", "noisy_backprop",
    "forward_mean_16", "forward_projected_16", "activity",
)  # fmt: skip


def closing(results: Results) -> Drawn:
    """Draw how far the mean of M estimates lies from the gradient, against M; return it too, columns ESTIMATORS."""
    frame = results.frame("estimators")
    shown = frame[(frame["quantity"] == "distance") & frame["estimator"].isin(SHOWN)]
    networks = networks_of(shown)
    figure, panels = plt.subplots(
        len(networks), 1, squeeze=False, sharex=True, figsize=(WIDTH, 2.2 + 1.75 * len(networks))
    )
    handles = {}
    for (network, n), axes in zip(networks.items(), panels[:, 0], strict=True):
        axes.axhline(1, color=INK, linewidth=1)
        for estimator, own in shown[shown["network"] == network].groupby("estimator", sort=False):
            drawing = look(estimator, estimator)
            axes.plot(own["draws"], own["formula"], color=drawing.color, linewidth=1, linestyle="-", alpha=0.7)
            (handles[estimator],) = axes.plot(
                own["draws"], own["measured"], color=drawing.color, marker=drawing.marker, markersize=4,
                markerfacecolor=drawing.face, linestyle="", label=labels.estimator(estimator),
            )  # fmt: skip
        axes.set(xscale="log", yscale="log")
        for axis in (axes.xaxis, axes.yaxis):
            ticks(axis, LogLocator(numticks=6))
        axes.set_title(f"{labels.model(network)}: {n:,} parameters")
    panels[len(networks) // 2, 0].set_ylabel("Distance from the gradient / its norm")
    panels[-1, 0].set_xlabel("Number of estimates")
    title(
        figure,
        "Convergence of the sample mean to the gradient",
        "Marks: one sequence of estimates. Lines: by theory, the square root of the excess of the second moment "
        "over 1, divided by the number of estimates. Line at 1: as far away as zero is. A mean of 16, or a "
        "projection on 16, counts as one estimate.",
        [handles[estimator] for estimator in SHOWN if estimator in handles],
    )
    return figure, shown
