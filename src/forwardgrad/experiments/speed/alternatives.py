"""What the figures of the experiment `speed` find, in one sentence each with its numbers: their alternative texts."""

import pandas as pd

from forwardgrad.experiments.speed.columns import PARTS
from forwardgrad.experiments.speed.figures.rows import SHORT, deep, named, swept, usual, wide
from forwardgrad.experiments.speed.regime import crossed
from forwardgrad.experiments.speed.tables import OF_FRAMEWORK
from forwardgrad.plotting import labels

TOLD = ("forward_gaussian", "forward_rank_one")  # of the methods that a figure shows
RATIO, PEAK = "ratio_to_backprop", "peak_bytes"


def alternative(stem: str, measured: pd.DataFrame, regimes: pd.DataFrame) -> str:
    """Return what the figure `{device}-{name}` finds; empty if there is no such figure."""
    device, _, name = stem.partition("-")
    own = measured[(measured["device"] == device) & measured["seconds"].notna()]
    if name in ("cost", "parts", "methods"):
        return costs(usual(named(own))) if name == "cost" else drawing(usual(named(own)))
    if name == "size":
        ends = along(wide(swept(own)), "parameters", "parameter")
        return f"Step over backpropagation’s: {ends}{crossing(regimes, device)}."
    if name == "depth":
        return f"Step over backpropagation’s: {along(deep(own), 'depth', 'hidden layer')}."
    if name == "batch":
        return f"Step over backpropagation’s: {along(named(own[own['model'] == 'mlp']), 'batch_size', 'example')}."
    return memory(own) if name == "memory" else ""


def costs(own: pd.DataFrame) -> str:
    """Return what a step costs by PyTorch's forward mode and along a rank-one tangent, network by network."""
    parts = []
    for methods, words in (
        (("forward_rank_one",), "with rank-one tangents"),
        (OF_FRAMEWORK, "by PyTorch’s forward mode"),
    ):
        rows = own[own["method"].isin(methods)]
        least = rows.groupby("model", sort=False)[RATIO].min()
        values = ", ".join(f"{value:.2f} ({SHORT.get(model, model)})" for model, value in least.items())
        parts += [f"{values} {words}"] if values else []
    return f"A step costs, over backpropagation’s: {'; '.join(parts)}."


def drawing(own: pd.DataFrame) -> str:
    """Return what share its random draws take of a dense Gaussian step and of a rank-one step, by network."""
    parts = []
    for model, rows in own[own[list(PARTS)].notna().any(axis=1)].groupby("model", sort=False):
        by_method = rows.set_index("method")
        if set(TOLD) <= set(by_method.index):
            shares = by_method["draw"] / by_method["seconds"]
            dense, one = (f"{shares.get(method, 0):.0%}" for method in TOLD)
            parts.append(f"{dense} and {one} ({SHORT.get(model, model)})")
    return f"Random draws take of a dense Gaussian and of a rank-one step: {', '.join(parts)}."


def along(own: pd.DataFrame, axis: str, noun: str, column: str = RATIO) -> str:
    """Return the values of the methods TOLD at both ends of an axis."""
    parts = []
    for method in TOLD:
        rows = own[(own["method"] == method) & own[column].notna()].sort_values(axis)
        if len(rows) > 1:
            first, last = rows.iloc[0], rows.iloc[-1]
            ends = [
                f"{first[column]:.2f} at {first[axis]:,.0f}",
                f"{last[column]:.2f} at {labels.plural(int(last[axis]), noun)}",
            ]
            parts.append(f"{labels.variant(labels.estimator(method))} {' and '.join(ends)}")
    return "; ".join(parts)


def crossing(regimes: pd.DataFrame, device: str) -> str:
    """Return from which size on a Gaussian step costs as much as backpropagation's."""
    size = crossed(regimes, device).get(TOLD[0])
    return f"; Gaussian costs as much from {labels.number(size, 2)} parameters on" if size else ""


def memory(own: pd.DataFrame) -> str:
    """Return the peak memory of backpropagation and of a rank-one step in the deepest network."""
    peaks = usual(own[(own["model"] == "mlp") & own[PEAK].notna()])
    deepest = peaks[peaks["depth"] == peaks["depth"].max()].set_index("method")[PEAK] / 2**20
    parts = [
        f"{labels.number(deepest[key])} MiB ({labels.estimator(key)})"
        for key in ("backprop", TOLD[1])
        if key in deepest
    ]
    depth = peaks["depth"].max()
    return (
        f"Peak memory of a step with {labels.plural(int(depth), 'hidden layer')}: {', '.join(parts)}." if parts else ""
    )
