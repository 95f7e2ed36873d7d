"""The learning rate that suits each method: chosen from a grid by the validation loss, kept in config/tuned.yaml.

The seeds of a grid are not those of the runs that use its rates, and no test image has a say.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from forwardgrad.arguments import RefusalError
from forwardgrad.catalogue import AT
from forwardgrad.experiments.training.columns import METHOD
from forwardgrad.experiments.training.frames import load_frames
from forwardgrad.experiments.training.runs import tuned_rate
from forwardgrad.files import write_atomically
from forwardgrad.results import statistics
from forwardgrad.results.folder import Results

RATES = {
    **METHOD,
    "method": "method key, without the rate",
    "learning_rate": "rate of the first step",
    "runs": "number of runs, one per tuning seed",
    "diverged": "runs whose loss exceeded 1e4 or was not finite",
    "validation_loss": "median over the runs of the validation loss at the end, that of a diverged run being inf",
    "low": "lowest of them",
    "high": "highest of them",
    "chosen": "whether this rate has the lowest median of its method; of equal ones the lowest rate",
    "edge": "whether it is chosen and the lowest or highest of its grid: a better one may lie beyond",
}
METHOD_KEY = ["dataset", "model", "method"]

HEADER = """\
# Learning rates for cells with `learning_rate: tuned`. Written from results, not by hand, by the target of this file's
# name: `snakemake --cores all tuned`, and with `--configfile config/paper.yaml` also `tuned_full` and `tuned_map`.
# For each method the rate with the lowest median validation loss at the end of training; a diverged run ranks worst.
"""


def rates(results: Results, experiment: str) -> pd.DataFrame:
    """The outcome of every learning rate of an experiment's grid."""
    return rate_table(load_frames(results, experiment).runs)


def write_tuned(results: Results, experiment: str, output: Path) -> None:
    """Write the learning rates that the grid of an experiment chose, as `tuned_yaml` has them.

    Raises:
        RefusalError: It has no runs.
    """
    runs = results.frame(f"{experiment}-runs")
    if runs.empty:
        raise RefusalError(f"{experiment} has no runs: its data are unavailable")
    write_atomically(output, tuned_yaml(runs, results.provenance(experiment)))


def grid_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs of a grid with `method` as configured and the final validation loss, inf if diverged."""
    loss = runs["validation_loss"].astype(float).where(runs["status"] != "diverged", np.inf)
    return runs.assign(method=runs["method"].str.partition(AT)[0], validation_loss=loss)


def rate_table(runs: pd.DataFrame) -> pd.DataFrame:
    """One row per cell, method and rate of the grids in `runs`, the chosen rates marked; columns RATES."""
    rows = []
    for key, own in grid_runs(runs).groupby([*METHOD_KEY, "estimator", "learning_rate"], sort=False):
        loss = statistics.median_range(own["validation_loss"])
        diverged = int((own["status"] == "diverged").sum())
        rows.append((*key, len(own), diverged, loss.value, loss.low, loss.high, False, False))
    table = pd.DataFrame(rows, columns=list(RATES))
    for _, grid in table.groupby(METHOD_KEY, sort=False):
        grid = grid.sort_values("learning_rate")
        best = grid["validation_loss"].idxmin()
        if np.isfinite(grid["validation_loss"][best]):
            table.loc[best, ["chosen", "edge"]] = True, best in (grid.index[0], grid.index[-1])
    return table


def by_method(rows: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Return the rows of one cell's table in groups of one method each, in the order of their first rows."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["method"], []).append(row)
    return list(groups.values())


def by_grid(rows: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Return the rows of one cell's table in groups: methods whose grids have a rate in common are together."""
    groups: list[list[Mapping[str, Any]]] = []
    for own in by_method(rows):
        rates = {row["learning_rate"] for row in own}
        near = [group for group in groups if rates & {row["learning_rate"] for row in group}]
        if near:
            near[0].extend(row for part in [*near[1:], own] for row in part)
        groups = [group for group in groups if group not in near[1:]] + ([] if near else [own])
    return groups


def chosen_rates(table: pd.DataFrame) -> dict[str, dict[str, dict[str, float]]]:
    """Return the chosen rates as {dataset: {model: {method: rate}}}; a method that always diverged has none."""
    rates: dict[str, dict[str, dict[str, float]]] = {}
    for row in table[table["chosen"]].itertuples():
        rates.setdefault(row.dataset, {}).setdefault(row.model, {})[row.method] = row.learning_rate
    return rates


def differing(table: pd.DataFrame, config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of chosen rates that are not those of config/tuned.yaml, with its rate as `written`."""
    rows = table[table["chosen"]].to_dict("records")
    rows = [row | {"written": tuned_rate(dict(config), *(row[key] for key in METHOD_KEY))} for row in rows]
    return [row for row in rows if row["written"] != row["learning_rate"]]


def tuned_yaml(runs: pd.DataFrame, produced_by: list[dict[str, Any]]) -> str:
    """Return the text of config/tuned.yaml: the rates chosen from `runs`, after comments on where they come from."""
    table = rate_table(runs)
    lines = []
    for (dataset, model), own in runs.groupby(["dataset", "model"], sort=False):
        rates, seeds = (", ".join(map("{:g}".format, sorted(set(own[key])))) for key in ("learning_rate", "seed"))
        # Of every method the most that one of its runs did: a diverged run has stopped early.
        steps = sorted(set(own.groupby(own["method"].str.partition(AT)[0])["steps"].max()))
        lines.append(f"# {dataset}, {model}: rates {rates}; seeds {seeds}; {' or '.join(map(str, steps))} steps")
    edges = [" ".join(row[key] for key in METHOD_KEY) for row in table[table["edge"]].to_dict("records")]
    lines.append(f"# At the edge of its grid: {', '.join(edges) or 'none'}")
    for made in produced_by:
        versions = ", ".join(f"{name} {version}" for name, version in (made.get("versions") or {}).items())
        lines.append(f"# {made['runs']} runs made with {versions}")
    return HEADER + "\n".join(lines) + "\n" + yaml.safe_dump(chosen_rates(table), sort_keys=False)
