"""What the report shows of an experiment that trains."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from forwardgrad.catalogue import AT
from forwardgrad.experiments.shown import Shown
from forwardgrad.experiments.training import plan
from forwardgrad.experiments.training.alternatives import alternative
from forwardgrad.experiments.training.analyses.rates import differing
from forwardgrad.experiments.training.plan import all_runs, cells_of
from forwardgrad.experiments.training.runs import Run
from forwardgrad.experiments.training.tables import baseline_of
from forwardgrad.plotting import labels
from forwardgrad.plotting.page import styled


def gather(shown: Shown) -> dict[str, Any]:
    """Return what the page shows of the experiment."""
    config, results, figures = shown.config, shown.results, shown.figures
    name, settings = shown.name, shown.settings
    own = all_runs(config, name)
    missing = {key: record for key, record in results.data_records().items() if not record["available"]}
    tables = {Path(path).stem: results.table(name, Path(path).stem) for path in plan.tables(config, name)}
    kind = "tuning" if "rates" in tables else "convergence" if "against" in settings else "default"
    quoted = results.quoted()
    quoted = quoted[quoted["source"] == name]
    cells = [cell(runs, *key, tables, quoted, figures) for key, runs in cells_of(own).items() if key[0] not in missing]
    within = [entry["stem"] for each in cells for entry in each["figures"]]
    return {
        "key": name,
        "kind": kind,
        "title": settings["title"],
        "against": settings.get("against"),
        "differing": [styled(row) for row in differing(tables["rates"], config)] if kind == "tuning" else [],
        "quoted": quoted.to_dict("records"),
        "cells": cells,
        "absent": [(labels.cell(*key), missing[key[0]]) for key in cells_of(own) if key[0] in missing],
        "figures": [entry for entry in figures if entry["stem"] not in within],
        "alternatives": {entry["stem"]: alternative(entry["stem"], tables, results.frame(name)) for entry in figures},
        "tables": [results.folder.parent / path for path in plan.tables(config, name)],
        "ended": int(tables["methods"]["runs"].sum()),
        "diverged": int(tables["methods"]["diverged"].sum()),
        "seconds": float(results.frame(f"{name}-runs")["seconds"].sum()),
        "produced_by": results.provenance(name),
    }


def cell(
    runs: Sequence[Run],
    dataset: str,
    model: str,
    tables: Mapping[str, pd.DataFrame],
    quoted: pd.DataFrame,
    figures: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Return what the page shows of one cell."""
    own = {name: rows_of(table, dataset, model) for name, table in tables.items()}
    return {
        "dataset": dataset,
        "model": model,
        "label": labels.cell(dataset, model),
        "settings": settings_in_words(runs),
        "rows": method_rows(own.pop("methods"), own.pop("paired"), rows_of(quoted, dataset, model)),
        "further": {
            name: [styled(row) for row in table.to_dict("records")] for name, table in own.items() if "method" in table
        },
        "figures": [entry for entry in figures if entry["stem"].startswith(f"{dataset}-{model}-")],
    }


def rows_of(table: pd.DataFrame, dataset: str, model: str) -> pd.DataFrame:
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
        row = styled(row) | {"baseline": method == baseline, "against": differences.to_dict("index")}
        rows.append(row | {"quoted": others[["value", "certainty"]].to_dict("index")})
    return rows


def settings_in_words(runs: Sequence[Run]) -> list[tuple[str, list[str], int]]:
    """Return (settings in words, labels of the methods that share them, number of seeds), in order."""
    shared: dict[str, list[Run]] = {}
    for run in runs:
        shared.setdefault(settings_of(run), []).append(run)
    return [
        (
            words,
            list(dict.fromkeys(labels.method(run.method.partition(AT)[0], run.settings.estimator) for run in group)),
            len({run.seed for run in group}),
        )
        for words, group in shared.items()
    ]


def settings_of(run: Run) -> str:
    """The settings of a run as one phrase."""
    chosen, stop = run.settings, run.settings.stop
    rate = "each learning rate of the grid" if AT in run.method else f"learning rate {chosen.learning_rate:g}"
    decay = f" \u00d7 exp(\u2212{chosen.decay:g} i) at step i" if chosen.decay else ""
    batch = f"batches of {chosen.batch_size:,}" if chosen.batch_size else "the whole training split at every step"
    split = "training" if stop.split == "train" else stop.split
    end = f"until the {split} loss is at most {stop.loss:g}, " if stop.loss is not None else ""
    scaled = "inputs standardised by ({:g}, {:g}), ".format(*chosen.normalisation) if chosen.normalisation else ""
    return (
        f"{chosen.optimizer.upper() if chosen.optimizer == 'sgd' else chosen.optimizer.capitalize()}, {rate}{decay}, "
        f"{batch}, {scaled}{end}{'at most ' if end else ''}{stop.steps:,} steps"
    )
