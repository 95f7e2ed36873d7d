"""What the report shows of the experiment `estimators`: every quantity beside its formula, and how many agree."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from forwardgrad.experiments.estimators.plan import EXPERIMENT
from forwardgrad.experiments.estimators.tables import inside, summary
from forwardgrad.experiments.shown import Shown
from forwardgrad.plotting import labels
from forwardgrad.plotting.page import styled


def gather(shown: Shown) -> dict[str, Any]:
    """Return what the page shows of the experiment."""
    config, results, figures = shown.config, shown.results, shown.figures
    frame = results.frame(EXPERIMENT)
    agreeing, judged = inside(frame)
    networks = [network(own) for _, own in summary(results).groupby("n", sort=True)] if len(frame) else []
    curvature = results.frame(f"{EXPERIMENT}-curvature")
    here = config[EXPERIMENT]["draws"]
    return {
        "key": EXPERIMENT,
        "title": shown.settings["title"],
        "figures": figures,
        "alternatives": {entry["stem"]: alternative(entry["stem"], networks, curvature, frame) for entry in figures},
        "networks": networks,
        "agreeing": agreeing,
        "judged": judged,
        "left": [
            f"{labels.model(model)}: {draws:,} tangents for each estimator"
            for model, draws in shown.full[EXPERIMENT]["draws"].items()
            if draws > here.get(model, 0)
        ],
        "tables": [results.folder / path for path in ("tables/estimators/summary.csv", "frames/estimators.csv")],
        "produced_by": results.provenance(EXPERIMENT),
    }


def network(own: pd.DataFrame) -> dict[str, Any]:
    """Return one network's rows of the table, with label and colour, and by estimator."""
    first = own.iloc[0]
    rows = [styled(row | {"method": row["estimator"]}) for row in own.to_dict("records")]
    return {
        "key": first["network"],
        "label": labels.model(first["network"]),
        "n": int(first["n"]),
        "rows": rows,
        "by_estimator": {row["estimator"]: row for row in rows},
    }


def alternative(stem: str, networks: Sequence[Mapping[str, Any]], curvature: pd.DataFrame, frame: pd.DataFrame) -> str:
    """Return what the figure finds: its alternative text."""
    if stem == "curvature":
        rates = curvature[(curvature["problem"] == "kronecker") & (curvature["quantity"] == "stable_rate")]
        found = rates.set_index("estimator")["measured"]
        parts = [f"{labels.variant(labels.estimator(key))} {labels.number(value)}" for key, value in found.items()]
        return f"Largest stable learning rate over 2 / tr H where inputs are alike: {'; '.join(parts)}."
    if not networks:
        return ""
    largest = networks[-1]
    spread = sorted(largest["rows"], key=lambda row: row["second_moment"])
    least, most = (f"{labels.number(row['second_moment'])} ({row['label']})" for row in (spread[0], spread[-1]))
    if stem == "cloud":
        return f"Single estimates scatter around the gradient: mean squared norms from {least} to {most}."
    if stem == "closing":
        distances = frame[(frame["quantity"] == "distance") & (frame["network"] == largest["key"])]
        own = distances[distances["estimator"] == "forward_gaussian"].sort_values("draws")
        ends = [
            f"{labels.number(own['measured'].iloc[at])} after {own['draws'].iloc[at]:,}" for at in (0, -1) if len(own)
        ]
        return f"Distance of the mean from the gradient in the {largest['label']}, Gaussian: {', '.join(ends)}."
    rows = [row for each in networks for row in each["rows"]]
    ratios = [row["second_moment"] / row["second_moment_formula"] for row in rows]
    known = [value for value in ratios if value == value]
    return (
        f"Measured second moments are {labels.number(min(known))} to {labels.number(max(known))} of their formulas; in "
        f"the {largest['label']} they go from {least} to {most}."
    )
