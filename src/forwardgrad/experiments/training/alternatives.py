"""What the figures of experiments that train find, in one sentence each with its numbers: their alternative texts."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from forwardgrad.plotting import labels

Tables = Mapping[str, pd.DataFrame]


def alternative(stem: str, tables: Tables, metrics: pd.DataFrame) -> str:
    """Return what the figure of this name finds; empty if it has none of the names below.

    Args:
        stem: Name of the figure, `{dataset}-{model}-{kind}` if it is one of a cell.
        tables: The experiment's tables, by name.
        metrics: The experiment's frame, columns METRICS.
    """
    if stem in WHOLE:
        table, lead, words = WHOLE[stem]
        return each_cell(tables[table], lead, words)
    dataset, model, kind = [*stem.split("-", 2), "", ""][:3]
    methods = tables["methods"]
    own = methods[(methods["dataset"] == dataset) & (methods["model"] == model)]
    if kind == "by-step":
        return f"Test accuracy at the end: {span(own, 'test_accuracy', labels.accuracy)}." if len(own) else ""
    if kind == "cosines":
        return cosines(metrics[(metrics["dataset"] == dataset) & (metrics["model"] == model)])
    return ""


def each_cell(table: pd.DataFrame, lead: str, words: Callable[[pd.DataFrame], str]) -> str:
    """Return `words` of every cell of a table that has any, behind `lead` and the label of the cell's network."""
    cells = [(model, words(own)) for (_, model), own in table.groupby(["dataset", "model"], sort=False)]
    parts = [f"{labels.model(model)}, {said}" for model, said in cells if said]
    return f"{lead}: {'; '.join(parts)}." if parts else ""


def span(rows: pd.DataFrame, column: str, text: Callable[[float], str]) -> str:
    """Return the least and the largest value of a column, each with its method, or the one that all have."""
    order = rows.dropna(subset=column).sort_values(column, kind="stable")
    ends = [] if order.empty else order.iloc[[0, -1]].to_dict("records")
    parts = [f"{text(row[column])} ({name(row)})" for row in ends]
    alike = len({text(row[column]) for row in ends}) == 1
    return f"{text(ends[0][column])} throughout" if alike else " to ".join(parts)


def name(row: Mapping[str, Any]) -> str:
    """Return what tells a row's method from others."""
    return labels.variant(labels.method(row["method"], row["estimator"]))


def thresholds(own: pd.DataFrame) -> str:
    """Return the fewest and the most median steps to the threshold."""
    return span(own, "steps_median", labels.count)


def ratios(own: pd.DataFrame) -> str:
    """Return the lowest and the highest ratio of training losses."""
    return span(own, "ratio", labels.ratio)


def chosen(own: pd.DataFrame) -> str:
    """Return the lowest and the highest chosen learning rate."""
    return span(own[own["chosen"].astype(bool)], "learning_rate", "{:g}".format)


def memory(own: pd.DataFrame) -> str:
    """Return which method needs the least memory and which the most."""
    return span(own.assign(mib=own["peak_bytes"] / 2**20), "mib", labels.number)


def pareto(own: pd.DataFrame) -> str:
    """Return which forward-only method comes closest to backpropagation, and to how many percentage points."""
    others = own[own["estimator"] != "backprop"].dropna(subset="difference").sort_values("difference")
    best = others.tail(1).to_dict("records")
    return "".join(f"{labels.signed(100 * row['difference'], labels.tenths)} ({name(row)})" for row in best)


def cosines(metrics: pd.DataFrame) -> str:
    """Return the smallest and the largest mean cosine with the gradient over training."""
    measured = metrics[metrics["cosine"].notna() & ~metrics["method"].str.startswith("backprop")]
    means = measured.groupby("method")["cosine"].mean().reset_index()
    found = span(means.assign(estimator=means["method"]), "cosine", labels.number)
    return f"Mean cosine with the gradient: {found}." if found else ""


BEYOND = "Most accurate in backpropagation’s time, in percentage points from it"

# Figures of a whole experiment: the table that has what they show, a lead, and the words of each of its cells.
WHOLE = {
    "steps-to-threshold": ("methods", "Median steps to the threshold", thresholds),
    "loss-ratios": ("loss-ratios", "Ratios of training losses", ratios),
    "rates": ("rates", "Chosen learning rates", chosen),
    "memory": ("memory", "Peak memory in MiB", memory),
    "pareto": ("pareto", BEYOND, pareto),
}
