"""What one step on a test function costs: by backpropagation and by forward mode."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from forwardgrad.experiments.functions.figures.descents import Drawn, drawing_of, star
from forwardgrad.plotting import labels
from forwardgrad.plotting.style import INK, WIDTH, rows, style, title, whole_numbers

ORDER = (
    "gradient_descent", "forward_gaussian_dual", "forward_gaussian", "gradient_descent_added",
    "forward_gaussian_dual_added",
)  # fmt: skip
Published = Mapping[tuple[str, str, str], tuple[float, str]]


def draw_step_times(costs: pd.DataFrame, published: Published) -> Drawn:
    """Draw the time of a step on the paper's functions, and what the paper's ratio would make of ours.

    Args:
        costs: Measured steps; columns DESCENT_COSTS.
        published: Time of a forward step over one by backpropagation, with its certainty, by case and method.
    """
    shown = costs[costs["source"] == "paper"]
    cases = [(name, own.set_index("method")) for name, own in shown.groupby("function", sort=False)]
    sizes = [len(own) for _, own in cases]
    with style():
        figure, panels = plt.subplots(
            len(cases), 1, squeeze=False, figsize=(WIDTH, 1.9 + 0.3 * len(cases) + 0.46 * sum(sizes)),
            height_ratios=sizes,
        )  # fmt: skip
        for (name, own), axes in zip(cases, panels[:, 0], strict=True):
            _panel(axes, own, published.get(("paper", name, "forward_gaussian")))
            axes.set_title(labels.case("paper", name))
        panels[-1, 0].set_xlabel("Microseconds per step")
        mark = Line2D(
            [], [], **star("") | {"label": "backpropagation here \u00d7 the published ratio, read off a figure"}
        )
        text = (
            "Median of interleaved repetitions on one thread, alone on the machine, with its 95 % interval. Beside a "
            "bar: its ratio to backpropagation on the function as it is written there. Forward steps draw their "
            "direction. Without a product: the factor 100 is the weight of a sum."
        )
        title(figure, "What does a step on a test function cost?", text, [mark], handle_length=1)
        return figure, shown


def _panel(axes: Axes, own: pd.DataFrame, theirs: tuple[float, str] | None) -> None:
    methods = [method for method in ORDER if method in own.index]
    micro = 1e6 * own[["seconds_per_step", "low", "high"]]
    for row, method in enumerate(methods):
        look, (middle, low, high) = drawing_of(method.removesuffix("_added").removesuffix("_dual")), micro.loc[method]
        axes.barh(row, middle, height=0.42, color=look.color, alpha=0.85)
        axes.errorbar(middle, row, xerr=[[middle - low], [high - middle]], color=INK, capsize=2.5, linewidth=1)
        ratio = "" if method.startswith("gradient") else f"  \u00d7 {own.loc[method, 'ratio']:.2f}"
        base = "gradient_descent" + ("_added" if method.endswith("_added") else "")
        published = theirs[0] * micro.loc[base, "seconds_per_step"] if theirs and ratio else 0
        if published:
            axes.plot(published, row, **star(""))
        axes.annotate(
            f"{middle:.0f}{ratio}", (max(high, published), row), (9, 0), textcoords="offset points", va="center",
            fontsize=8.5, fontweight="bold" if ratio and own.loc[method, "ratio_high"] < 1 else "normal",
        )  # fmt: skip
    rows(axes, [labels.STEPS[method] + (", without a product" if "_added" in method else "") for method in methods])
    axes.set_xlim(0, 1.3 * np.nanmax(micro["high"]))
    whole_numbers(axes.xaxis)
