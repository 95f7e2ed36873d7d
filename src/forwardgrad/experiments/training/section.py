"""What the report shows of an experiment that trains."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from forwardgrad.catalogue import AT
from forwardgrad.experiments.training.analyses.rates import differing
from forwardgrad.experiments.training.plan import ANALYSES, Run
from forwardgrad.experiments.training.tables import baseline_of
from forwardgrad.plotting import labels
from forwardgrad.plotting.page import styled


def gather_experiment(
    name: str,
    config: Mapping[str, Any],
    runs: Sequence[Run],
    quoted: pd.DataFrame,
    missing: Mapping[str, Any],
    results: Path,
    shown_figures: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Return what the page shows of one experiment: its cells, and the figures that belong to none of them."""
    folder = results / "tables" / name
    own = [run for run in runs if run.experiment == name]
    against = config["experiments"][name].get("against")
    analyses = config["experiments"][name].get("analyses", [])
    kind = "tuning" if any(AT in run.method for run in own) else "convergence" if against else "default"
    further = (["rates"] if kind == "tuning" else []) + (["loss-ratios"] if against else [])
    further += [table for analysis in analyses for table in ANALYSES[analysis]]
    files = {table: folder / f"{table}.csv" for table in ("methods", "paired", *further)}
    tables = {table: pd.read_csv(path) for table, path in files.items()}
    methods, paired = tables["methods"], tables["paired"]
    cells = dict.fromkeys((run.dataset, run.model) for run in own)
    figures = {entry["stem"]: entry for entry in shown_figures}
    shown = [
        {
            "dataset": dataset,
            "model": model,
            "label": labels.cell(dataset, model),
            "settings": settings([run for run in own if (run.dataset, run.model) == (dataset, model)]),
            "rows": method_rows(of(methods, dataset, model), of(paired, dataset, model), of(quoted, dataset, model)),
            "further": {
                name: [styled(row) for row in of(tables[name], dataset, model).to_dict("records")] for name in further
            },
            "figures": [entry for stem, entry in figures.items() if stem.startswith(f"{dataset}-{model}-")],
        }
        for dataset, model in cells
        if dataset not in missing
    ]
    within = {entry["stem"] for cell in shown for entry in cell["figures"]}
    return {
        "key": name,
        "kind": kind,
        "title": config["experiments"][name]["title"],
        "against": against,
        "differing": [styled(row) for row in differing(tables["rates"], config)] if kind == "tuning" else [],
        "quoted": quoted.to_dict("records"),
        "cells": shown,
        "absent": [(labels.cell(*cell), missing[cell[0]]) for cell in cells if cell[0] in missing],
        "figures": [entry for stem, entry in figures.items() if stem not in within],
        "tables": list(files.values()),
        "ended": int(methods["runs"].sum()),
        "diverged": int(methods["diverged"].sum()),
        "seconds": float(pd.read_csv(results / "frames" / f"{name}-runs.csv")["seconds"].sum()),
        "produced_by": json.loads((results / "frames" / f"{name}-provenance.json").read_text()),
    }


def of(table: pd.DataFrame, dataset: str, model: str) -> pd.DataFrame:
    """Return the rows of one cell."""
    return table[(table["dataset"] == dataset) & (table["model"] == model)]


def method_rows(methods: pd.DataFrame, paired: pd.DataFrame, quoted: pd.DataFrame) -> list[dict[str, Any]]:
    """Return one mapping per method: its row of the table, label, colour, differences and others' numbers."""
    baseline = baseline_of(dict(methods[["method", "estimator"]].itertuples(index=False, name=None)))
    rows = []
    for row in methods.to_dict("records"):
        method = row["method"]
        differences = paired[paired["method"] == method].set_index("quantity")
        others = quoted[quoted["method"] == method].set_index("quantity")
        rows.append(
            styled(row)
            | {
                "baseline": method == baseline,
                "against": differences.to_dict("index"),
                "quoted": others[["value", "certainty"]].to_dict("index"),
            }
        )
    return rows


def settings(runs: Sequence[Run]) -> list[tuple[str, list[str], int]]:
    """Return (settings in words, labels of the methods that share them, number of seeds), in order."""
    shared: dict[str, list[Run]] = {}
    for run in runs:
        shared.setdefault(in_words(run), []).append(run)
    return [
        (
            words,
            list(dict.fromkeys(labels.method(run.method.partition(AT)[0], run.settings.estimator) for run in group)),
            len({run.seed for run in group}),
        )
        for words, group in shared.items()
    ]


def in_words(run: Run) -> str:
    """The settings of a run as one phrase."""
    chosen, stop = run.settings, run.settings.stop
    rate = "each rate of the grid" if AT in run.method else f"rate {chosen.learning_rate:g}"
    decay = f" \u00d7 exp(\u2212{chosen.decay:g} i) at step i" if chosen.decay else ""
    batch = f"batches of {chosen.batch_size:,}" if chosen.batch_size else "the whole training split at every step"
    end = f"until the {labels.split(stop.split)} loss is at most {stop.loss:g}, " if stop.loss is not None else ""
    scaled = "inputs standardised by ({:g}, {:g}), ".format(*chosen.normalisation) if chosen.normalisation else ""
    return (
        f"{chosen.optimizer.upper() if chosen.optimizer == 'sgd' else chosen.optimizer.capitalize()}, {rate}{decay}, "
        f"{batch}, {scaled}{end}{'at most ' if end else ''}{stop.steps:,} steps"
    )
