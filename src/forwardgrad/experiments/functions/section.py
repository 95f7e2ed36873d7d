"""What the report shows of the experiment `functions`: final values, paths, cost of a step, effect of the dimension."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from forwardgrad.experiments.functions.figures.common import look_of
from forwardgrad.experiments.functions.figures.cost import ORDER
from forwardgrad.experiments.functions.plan import EXPERIMENT, Case, cases, tables
from forwardgrad.experiments.functions.tables import rows_of_case
from forwardgrad.experiments.shown import Shown
from forwardgrad.plotting import labels
from forwardgrad.plotting.page import themed


def gather(shown: Shown) -> dict[str, Any]:
    """Return what the page shows of the experiment."""
    config, results, figures = shown.config, shown.results, shown.figures
    outcomes = results.table(EXPERIMENT, "outcomes")
    contraction = results.table(EXPERIMENT, "contraction")
    costs = results.table(EXPERIMENT, "costs")
    by_stem = {entry["stem"]: entry for entry in figures}
    known = cases(config)
    return {
        "key": EXPERIMENT,
        "title": shown.settings["title"],
        "seeds": config[EXPERIMENT]["seeds"],
        "sources": [
            (labels.SOURCES[source], [of_case(case, outcomes, by_stem) for case in known if case.source == source])
            for source in labels.SOURCES
            if any(case.source == source for case in known)
        ],
        "overview": [by_stem[stem] for stem in ("cost", "spheres") if stem in by_stem],
        "costs": [timed(row) for row in costs[costs["source"] != "ours"].to_dict("records")],
        "headline": headline(costs, "ratio"),
        "published": headline(costs, "published"),
        "limits": limits(contraction),
        "inside": agreeing(contraction),
        "flat": [looked(row) for row in outcomes[outcomes["distance"].isna()].to_dict("records")],
        "checked": int(contraction["low"].notna().sum()),
        "descents": int(outcomes["runs"].sum()),
        "lost": int(outcomes["diverged"].sum()),
        "peak": outcomes["peak"].max(),
        "alternatives": {stem: alternative(stem, outcomes, costs, contraction) for stem in by_stem},
        "tables": [results.folder.parent / path for path in tables(config)],
        "figures": list(figures),
        "produced_by": results.provenance(EXPERIMENT),
    }


def of_case(case: Case, outcomes: pd.DataFrame, figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return one case: its settings in words, its rows of the table, its figures."""
    decay = f" \u00d7 exp(\u2212{case.decay:g} i) at step i" if case.decay else ""
    first = ", ".join(f"{value:g}" for value in case.start[:3])
    start = f"({first})" if case.dimensions <= 3 else f"({first}, \u2026)"
    own = rows_of_case(outcomes, (case.source, case.name)).to_dict("records")
    return {
        "label": labels.function(case.name),
        "settings": f"from {start}, where it is {own[0]['start']:,.9g}; ".replace("-", "\u2212")
        + f"rate {case.learning_rate:g}{decay}, {case.steps:,} steps",
        "minimum": own[0]["minimum"],
        "rows": [looked(row) for row in own],
        "figures": [
            figures[stem] for kind in ("loss", "paths") if (stem := f"{case.source}-{case.name}-{kind}") in figures
        ],
    }


def looked(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the table with its method's label and colour."""
    look = look_of(row["method"])
    return row | {"label": labels.method(row["method"], row["method"]), "color": themed(look.color), "hollow": False}


def timed(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the costs with its labels."""
    addition = ", factor in a sum" if row["method"].endswith("_added") else ""
    label = labels.STEPS[row["method"]] + addition
    return row | {"label": label, "place": labels.case(row["source"], row["function"])}


def headline(costs: pd.DataFrame, column: str) -> dict[str, dict[str, float]]:
    """Return {function: {method: value of `column`}} of the paper's functions, for the prose."""
    own = costs[(costs["source"] == "paper") & costs["method"].isin(ORDER)]
    return {name: part.set_index("method")[column].to_dict() for name, part in own.groupby("function", sort=False)}


def limits(contraction: pd.DataFrame) -> dict[str, dict[int, float]]:
    """Return {method: {dimension: rate below which a step decreases a sphere}}."""
    rows = contraction.drop_duplicates(["method", "dimensions"]).set_index("dimensions")
    return {method: own.to_dict() for method, own in rows.groupby("method", sort=False)["limit"]}


def agreeing(contraction: pd.DataFrame) -> int:
    """Return how many of the measured means have theory's within their interval, or agree with it to nine digits.

    At its limit a step along random signs has the factor 1 whatever the draw: there the interval is a point.
    """
    measured = contraction[contraction["low"].notna()]
    slack = 1e-8 * measured["expected"]
    within = (measured["low"] - slack <= measured["expected"]) & (measured["expected"] <= measured["high"] + slack)
    return int(within.sum())


def alternative(stem: str, outcomes: pd.DataFrame, costs: pd.DataFrame, contraction: pd.DataFrame) -> str:
    """Return what the figure finds: its alternative text."""
    if stem == "cost":
        ratios = headline(costs, "ratio")
        parts = [f"{own['forward_gaussian_dual']:.2f} ({labels.function(name)})" for name, own in ratios.items()]
        return f"A step by torch.autograd.forward_ad costs, over backpropagation’s: {', '.join(parts)}."
    if stem == "spheres":
        known = limits(contraction).get("forward_gaussian", {})
        parts = [f"{labels.number(limit)} in {labels.plural(n, 'dimension')}" for n, limit in known.items()]
        return f"A Gaussian step makes progress on average below the learning rates {', '.join(parts)}, as in theory."
    source, name, kind = stem.split("-")
    rows = rows_of_case(outcomes, (source, name)).to_dict("records")
    column, what = ("median", "Values above the minimum") if kind == "loss" else ("distance", "Distances from it")
    ends = ", ".join(
        f"{labels.loss_or_diverged(row[column])} ({labels.variant(labels.method(row['method'], row['method']))})"
        for row in rows
    )
    beginning = "" if kind == "loss" else "All paths lead to the minimum. "
    return f"{beginning}{what} at the end: {ends}."
