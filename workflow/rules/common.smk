# What the rules share: the checked configuration, and which files belong to an experiment.

import json
import os
from functools import partial
from pathlib import Path

from snakemake.utils import update_config

from forwardgrad.claims import ledger
from forwardgrad.claims.check import load_ledger
from forwardgrad.experiments.gpu import plan as gpu
from forwardgrad.experiments.kinds import AUDIT, KINDS, PUBLISHED, experiments, kind_of, plan_of, products
from forwardgrad.experiments.training.runs import FILES
from forwardgrad.pipeline import progress, server
from forwardgrad.pipeline.digest import digest
from forwardgrad.pipeline.validation import load_schema, problems


wildcard_constraints:
    experiment=rf"(?!({'|'.join([*KINDS, AUDIT, PUBLISHED])})\b)[a-z][a-z0-9_]*",
    dataset="[a-z][a-z0-9_]*",
    model="[a-z][a-z0-9_]*",
    method="[a-z][a-z0-9_]*(@[0-9.e+-]+)?",
    seed="[0-9]+",


# What takes time: everything else is made where Snakemake runs, on a cluster too.
COMPUTING = {
    "run",
    "descend",
    "contract",
    "descent_costs",
    "estimates",
    "curvature",
    "variance",
    "audit_table",
    "bench",
}

SCHEMAS = Path(workflow.basedir, "workflow/schemas")

# Rates that a grid chose, by the experiment that it is; they reach a run through its settings.
TUNED = {grid: Path(f"config/{name}.yaml") for grid, name in FILES.items()}
config["tuned"] = {}
for path in filter(Path.exists, TUNED.values()):
    update_config(config["tuned"], or_exit(read_mapping, path, "mend it or delete it", empty=True))
if faults := problems(config, load_schema(SCHEMAS)):
    sys.exit("\n".join(faults))

# What was measured on a GPU elsewhere (`make gpu`), unless this run measures on one itself.
GPU = gpu.found() if "cuda" not in config.get("speed", {}).get("devices", []) else gpu.NOTHING
config["gpu"] = {what: GPU[what] for what in ["tables", "figures"]}

LEDGER = or_exit(load_ledger, Path("report/claims.yaml"), SCHEMAS / "claims.schema.yaml", config["experiments"])


def files_of(what, experiment):
    """Return an input function for the files of `experiment` that its plan calls `what`."""
    plan = plan_of(experiment)
    return lambda _: or_exit(getattr(plan, what), config, experiment, available(plan.datasets(config, experiment)))


def records_of(experiment):
    """Return the records of the data sets of `experiment`, so that all are looked for at the same time."""
    return [f"results/data/{dataset}.json" for dataset in plan_of(experiment).datasets(config, experiment)]


def with_beside(svg):
    """Return a figure and what lies beside it: what was drawn."""
    return multiext(svg.removesuffix(".svg"), ".svg", ".csv")


def tables_of(experiment):
    """Return the tables of `experiment`."""
    return plan_of(experiment).tables(config, experiment)


def frames_of(experiment):
    """Return the frames of `experiment`, and the record of what produced them."""
    return [*ledger.frames_made_by(experiment), f"results/frames/{experiment}-provenance.json"]


def all_of(experiment):
    """Return every file that is made for `experiment`, those between two jobs included.

    Nothing else sees a deleted one; and Snakemake takes a job that failed for done, unless someone asks for its files.
    """
    figures = files_of("figures", experiment)
    drawn = lambda _: [path for svg in figures(_) for path in with_beside(svg)]
    made = [*frames_of(experiment), *tables_of(experiment)]
    arrays = arrays_of(plan_of(experiment).datasets(config, experiment))
    return [*records_of(experiment), arrays, files_of("measured", experiment), *made, drawn]


def given(product, wildcards):
    """Return what a table or figure takes of the configuration, as JSON; stops if the configuration lacks it."""
    plan = plan_of(wildcards.get("experiment", product.kind))
    return json.dumps(or_exit(getattr(plan, product.given), config, **wildcards) if product.given else {})


def as_text(content):
    """Return a parameter that is `content` as JSON; braces in what people wrote name no wildcards."""
    return lambda wildcards: json.dumps(content, sort_keys=True)


def asked_for(content):
    """Return a configuration with those experiments and cells alone that are run: a command has at most 64 kB."""
    experiments = {name: content["experiments"][name] for name in content["run"] if name in content["experiments"]}
    cells = {name: content["cells"][name] for one in experiments.values() for name in one["cells"]}
    return content | {"experiments": experiments, "cells": cells}


def shown(path, category, title, subcategory=None):
    """Return an output that `snakemake --report` shows; its caption is the rule's parameter `caption`."""
    caption, labels = "../report/caption.rst", {category.lower(): title}
    return report(path, caption=caption, category=category, subcategory=subcategory, labels=labels)
