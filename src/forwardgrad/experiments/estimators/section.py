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
    here = config[EXPERIMENT]["draws"]
    return {
        "key": EXPERIMENT,
        "title": shown.settings["title"],
        "figures": figures,
        "alternatives": {entry["stem"]: alternative(entry["stem"], networks) for entry in figures},
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


def alternative(stem: str, networks: Sequence[Mapping[str, Any]]) -> str:
    """Return the figure's alternative text."""
    if stem == "cloud":
        return "Single estimates around the gradient: widest for one tangent, narrower for means and projections."
    if stem == "closing":
        return (
            "The distance from the mean of many estimates to the gradient falls with the square root of their number."
        )
    if stem == "variance":
        return (
            "Variance against the number of tangents, hidden layers, batch size and steps before, beside its formula."
        )
    if stem == "curvature":
        return "Largest stable rates on quadratics and the stability term on a network, beside their formulae."
    parts = [
        f"{each['label']}, {row['label']}: {labels.number(row['second_moment'] / row['second_moment_formula'])}"
        for each in networks
        for row in each["rows"]
        if row["second_moment_formula"] == row["second_moment_formula"]
    ]
    return f"Second moment over its formula. {'; '.join(parts)}."
