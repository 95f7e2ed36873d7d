"""Single estimates of one gradient, in a plane that holds it."""

import matplotlib.pyplot as plt
from matplotlib.lines import Line2D

from forwardgrad.experiments.estimators.tables import networks_of
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import mark, title
from forwardgrad.plotting.style import INK, MUTED, PAPER, WIDTH, Drawn, look
from forwardgrad.results.folder import Results

SHOWN = (
    "forward_gaussian", "forward_rank_one", "noisy_backprop", "forward_mean_16", "forward_projected_16", "activity",
)  # fmt: skip
ARROW = {"arrowstyle": "-|>", "color": INK, "lw": 1.4, "shrinkA": 0, "shrinkB": 0}
MEAN = {"markersize": 5, "markerfacecolor": PAPER}


def cloud(results: Results) -> Drawn:
    """Draw single estimates of the smallest network's gradient, one panel per estimator; return them too, as CLOUD."""
    clouds = results.frame("estimators-clouds")
    network, n = next(iter(networks_of(results.frame("estimators")).items()))
    shown = clouds[(clouds["network"] == network) & clouds["estimator"].isin(SHOWN)]
    estimators = [estimator for estimator in SHOWN if estimator in set(shown["estimator"])]
    left, right = shown["along"].quantile([0.004, 0.985]) - [0.3, 0]
    reach = shown["across"].abs().quantile(0.99)
    lines = -(-len(estimators) // 2)
    figure, panels = plt.subplots(
        lines, 2, squeeze=False, sharex=True, sharey=True, figsize=(WIDTH, 1.4 + 1.55 * lines)
    )
    for axes in panels.flat[len(estimators) :]:
        axes.set_visible(False)
    for estimator, axes in zip(estimators, panels.flat, strict=False):
        own, color = shown[shown["estimator"] == estimator], look(estimator, estimator).color
        axes.axhline(0, color=MUTED, linewidth=0.6)
        axes.axvline(0, color=MUTED, linewidth=0.6)
        axes.plot(own["along"], own["across"], "o", color=color, markersize=2.6, mew=0, alpha=0.45)
        axes.annotate("", (1, 0), (0, 0), arrowprops=ARROW)
        axes.plot(own["along"].mean(), own["across"].mean(), "D", color=INK, mew=1.2, zorder=5, **MEAN)
        axes.set_title(labels.variant(labels.estimator(estimator)).capitalize(), fontsize=8.5)
        axes.set(xlim=(left, right), ylim=(-reach, reach))
    for axes in panels[-1]:
        axes.set_xlabel("Along the gradient")
    panels[lines // 2, 0].set_ylabel("Across it")
    outside = ((shown["along"] > right) | (shown["along"] < left) | (shown["across"].abs() > reach)).sum()
    title(
        figure,
        "Single estimates of one gradient",
        f"{labels.model(network)}, {n:,} parameters. Of every estimate two components: along the gradient, in "
        "units of its norm, and along a random direction orthogonal to it, of which there are "
        f"{n - 1:,}. {outside} of {len(shown):,} points lie outside. A forward gradient never points uphill: "
        "none of its points lies left of zero.",
        [Line2D([], [], color=INK, linewidth=1.4, label="the gradient"), mark("D", "mean", **MEAN)],
        handle_length=1.4,
    )
    return figure, shown
