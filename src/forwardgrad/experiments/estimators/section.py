"""What the report shows of the experiment `estimators`: every quantity beside its formula, and how many agree."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from forwardgrad.experiments.estimators.plan import EXPERIMENT
from forwardgrad.experiments.estimators.tables import inside, summary
from forwardgrad.plotting import labels, style
from forwardgrad.plotting.page import themed


def gather(
    config: Mapping[str, Any], full: Mapping[str, Any], results: Path, figures: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what the page shows, in the form of `report.gather_experiment`."""
    frame = pd.read_csv(results / "frames" / f"{EXPERIMENT}.csv")
    agreeing, judged = inside(frame)
    networks = [network(own) for _, own in summary(frame).groupby("n", sort=True)] if len(frame) else []
    here = config[EXPERIMENT]["draws"]
    return {
        "key": EXPERIMENT,
        "title": config[EXPERIMENT]["title"],
        "figures": figures,
        "alternatives": {entry["stem"]: alternative(entry["stem"], networks) for entry in figures},
        "networks": networks,
        "agreeing": agreeing,
        "judged": judged,
        "left": [
            f"{labels.model(model)}: {draws:,} tangents for each estimator"
            for model, draws in full[EXPERIMENT]["draws"].items()
            if draws > here.get(model, 0)
        ],
        "tables": [results / "tables" / EXPERIMENT / "summary.csv", results / "frames" / f"{EXPERIMENT}.csv"],
        "ended": 0,
        "diverged": 0,
        "produced_by": json.loads((results / "frames" / f"{EXPERIMENT}-provenance.json").read_text()),
    }


def network(own: pd.DataFrame) -> dict[str, Any]:
    """Return one network's rows of the table, with label and colour, and by estimator."""
    first = own.iloc[0]
    rows = [row | looked(row["estimator"]) for row in own.to_dict("records")]
    return {
        "key": first["network"],
        "label": labels.model(first["network"]),
        "n": int(first["n"]),
        "rows": rows,
        "by_estimator": {row["estimator"]: row for row in rows},
    }


def looked(estimator: str) -> dict[str, Any]:
    """Return an estimator's label and colour."""
    color = themed(style.look(estimator, estimator).color)
    return {"label": labels.method(estimator, estimator), "color": color, "hollow": False}


def alternative(stem: str, networks: Sequence[Mapping[str, Any]]) -> str:
    """Return a figure's content in words, for who does not see it."""
    if stem == "cloud":
        return "Single estimates around the gradient: widest for one tangent, narrower for means and projections."
    if stem == "closing":
        return (
            "The distance from the mean of many estimates to the gradient falls with the square root of their number."
        )
    parts = [
        f"{each['label']}, {row['label']}: {labels.number(row['second_moment'] / row['second_moment_formula'])}"
        for each in networks
        for row in each["rows"]
        if row["second_moment_formula"] == row["second_moment_formula"]
    ]
    return f"Second moment over its formula. {'; '.join(parts)}."
