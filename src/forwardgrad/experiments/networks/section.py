"""What the report shows of the experiment `networks`: time and memory of a step, by network."""

from typing import Any

import pandas as pd

from forwardgrad.experiments.networks.plan import EXPERIMENT, sizes
from forwardgrad.experiments.networks.tables import per_network
from forwardgrad.experiments.shown import Shown
from forwardgrad.plotting import labels


def gather(shown: Shown) -> dict[str, Any]:
    """Return what the page shows of the experiment."""
    batch_sizes = sizes(shown.config)
    table = per_network(shown.results, **batch_sizes)
    table = table.assign(label=[labels.estimator(method) for method in table["method"]])
    return {
        "key": EXPERIMENT,
        "title": shown.settings["title"],
        "figures": shown.figures,
        "alternatives": {figure["stem"]: alternative(table) for figure in shown.figures},
        **batch_sizes,
        "networks": [
            {"label": labels.model(model), "parameters": int(own["parameters"].iloc[0]), "rows": own.to_dict("records")}
            for model, own in table.groupby("model", sort=False)
        ],
        "extremes": {method: extremes(own) for method, own in table.groupby("method")},
        "noted": table[table["note"].notna()].to_dict("records"),
        "processes": int(table["processes"].max()),
        "tables": [shown.results.folder / "frames/networks.csv"],
        "produced_by": shown.results.provenance(EXPERIMENT),
    }


def extremes(own: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Return the lowest and the highest of both ratios of a method over the networks."""
    return {name: (own[name].min(), own[name].max()) for name in ("ratio_to_backprop", "peak_ratio")}


def alternative(table: pd.DataFrame) -> str:
    """Return what the figure finds: its alternative text."""
    ends = extremes(table[table["method"] == "forward_rank_one"])
    (least, most), (small, large) = ends["ratio_to_backprop"], ends["peak_ratio"]
    return (
        f"With rank-one tangents a step takes {least:.2f} to {most:.2f} of the time and {small:.2f} to {large:.2f} of "
        f"the peak memory of backpropagation on {labels.plural(table['model'].nunique(), 'network')}."
    )
