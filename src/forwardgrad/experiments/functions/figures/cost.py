"""What one step on a test function costs: by backpropagation and by forward mode."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from forwardgrad.experiments.functions.figures.common import look_of
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import mark, rows, stacked, title, whole_numbers, write
from forwardgrad.plotting.style import INK, Drawn
from forwardgrad.results.folder import Results
from forwardgrad.results.quoted import published

ORDER = (
    "gradient_descent", "forward_gaussian_dual", "forward_gaussian", "gradient_descent_added",
    "forward_gaussian_dual_added",
)  # fmt: skip

FORM = {"markersize": 17, "mew": 2.2}  # of a value that is no measurement: a line
DERIVED = FORM | {"marker": "|", "color": INK, "linestyle": "", "zorder": 5}


def cost(results: Results) -> Drawn:
    """Draw the time of a step on the paper's functions beside the paper's ratio; return it too, as DESCENT_COSTS."""
    costs, ratios = results.frame("functions-costs"), published(results.quoted(), "functions", "time_ratio")
    shown = costs[costs["source"] == "paper"]
    cases = [(name, own.set_index("method")) for name, own in shown.groupby("function", sort=False)]
    figure, panels = stacked([len(own) for _, own in cases], 1.9, 0.3, 0.46)
    for (name, own), axes in zip(cases, panels, strict=True):
        _draw_case(axes, own, ratios.get(("paper", name, "forward_gaussian"), (0, ""))[0])
        axes.set_title(labels.case("paper", name))
    axes.set_xlabel("Microseconds per step")
    text = (
        "Processor time of one thread, lowest tenth of interleaved samples; 95 % interval over processes. Beside a "
        "bar: "
        "its ratio to backpropagation on the function as it is written there; bold: its whole interval is below "
        "1. Forward steps draw their tangent. Factor in a sum: 100 is the weight of a sum."
    )
    handle = mark("|", "backpropagation here \u00d7 the published ratio, read off a figure", **FORM)
    title(figure, "What does a step on a test function cost?", text, [handle], handle_length=1)
    return figure, shown


def _draw_case(axes: Axes, own: pd.DataFrame, published_ratio: float) -> None:
    methods = [method for method in ORDER if method in own.index]
    micro = 1e6 * own[["seconds_per_step", "low", "high"]]
    for row, method in enumerate(methods):
        look, (middle, low, high) = look_of(method.removesuffix("_added").removesuffix("_dual")), micro.loc[method]
        axes.barh(row, middle, height=0.42, color=look.color, alpha=0.85)
        axes.errorbar(middle, row, xerr=[[middle - low], [high - middle]], color=INK, capsize=2.5, linewidth=1)
        ratio = "" if method.startswith("gradient") else f"  \u00d7 {own.loc[method, 'ratio']:.2f}"
        base = "gradient_descent" + ("_added" if method.endswith("_added") else "")
        theirs = published_ratio * micro.loc[base, "seconds_per_step"] if ratio else 0
        if theirs:
            axes.plot(theirs, row, **DERIVED)
        weight = "bold" if ratio and own.loc[method, "ratio_high"] < 1 else "normal"
        write(
            axes,
            f"{middle:.0f}{ratio}",
            (np.nanmax([middle, high, theirs]), row),
            (9, 0),
            va="center",
            fontweight=weight,
        )
    rows(axes, [labels.STEPS[method] + (", factor in a sum" if "_added" in method else "") for method in methods])
    axes.set_xlim(0, 1.3 * np.nanmax(micro))
    whole_numbers(axes.xaxis)
