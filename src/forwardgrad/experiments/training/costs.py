"""What a step of every method of an experiment costs: looked up in the measurements of its networks.

A step is measured once for its network and batch size (the experiment `speed` says how), whoever asks for it. So no two
places can show different numbers for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from forwardgrad.catalogue import DATASETS
from forwardgrad.experiments.speed.tables import STOCK, pool, read_processes
from forwardgrad.experiments.training.columns import COSTS
from forwardgrad.experiments.training.plan import GAUSSIAN, SAME_STEPS
from forwardgrad.experiments.training.runs import Method, step_key

OF_STOCK = ("stock", "stock_ratio", "stock_low", "stock_high")


def read_costs(runs: Iterable[Mapping[str, Any]], files: Sequence[Path]) -> pd.DataFrame:
    """Return what a step of every method costs; columns COSTS.

    Args:
        runs: Runs as their records hold them.
        files: Measurements of steps, what `forwardgrad bench` wrote.
    """
    measured = pool(read_processes(files))
    steps = {(row["model"], row["batch_size"], row["method"]): row for row in measured.to_dict("records")}
    rows = {}
    for run in runs if files else ():
        identity = tuple(run[key] for key in ("experiment", "dataset", "model", "method"))
        if identity not in rows:
            cost = cost_of(run, steps)
            rows[identity] = dict(zip(COSTS, identity, strict=False)) | cost
            for key in SAME_STEPS if identity[-1] == "backprop" else ():
                if other := steps.get((run["model"], cost["batch_size"], key)):
                    names = dict(zip(COSTS, (*identity[:-1], key), strict=False))
                    rows[*identity[:-1], key] = names | cost | own(other) | dict.fromkeys(OF_STOCK)
    return pd.DataFrame(list(rows.values()), columns=list(COSTS))


def cost_of(run: Mapping[str, Any], steps: Mapping[tuple[str, int, str], Mapping[str, Any]]) -> dict[str, Any]:
    """Return the cost of a step of one run; `steps` are measured steps by network, batch size and key."""
    settings = Method.from_mapping(dict(run["settings"]))
    train = DATASETS[run["dataset"]].train
    size = settings.examples(train)

    def found(key: str) -> Mapping[str, Any]:
        return steps.get((run["model"], size, key), {})

    row = {"estimator": settings.estimator, "batch_size": size} | own(found(step_key(settings)))
    row |= {"gathering": found("gathering").get("seconds") if size < train else 0.0}
    if stock := found({GAUSSIAN: STOCK, "backprop": step_key(settings)}.get(settings.estimator, "")):
        row |= {"stock": stock.get("seconds")} | ratios(stock, ("stock_ratio", "stock_low", "stock_high"))
    return row


def own(step: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a measured step says of itself, under the names of COSTS."""
    row = {name: step.get(name) for name in ("threads", "processes", "peak_bytes")}
    row |= {"seconds_per_step": step.get("seconds"), "low": step.get("seconds_low"), "high": step.get("seconds_high")}
    return row | ratios(step, ("ratio", "ratio_low", "ratio_high"))


def ratios(step: Mapping[str, Any], names: tuple[str, str, str]) -> dict[str, Any]:
    """Return the ratio to backpropagation of a measured step and its interval, under other names."""
    return dict(zip(names, (step.get(key) for key in ("ratio_to_backprop", "low", "high")), strict=True))
