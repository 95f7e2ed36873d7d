# What the rules share: the checked configuration, which data are available, and how tables and figures are made.

import atexit
import json
import os
from functools import partial
from pathlib import Path

from snakemake.utils import update_config

from forwardgrad.claims import ledger
from forwardgrad.claims.check import load_ledger
from forwardgrad.data.files import DataUnavailable
from forwardgrad.data.record import read_record, unavailable
from forwardgrad.experiments.gpu import plan as gpu
from forwardgrad.experiments.kinds import KINDS, experiments, kind_of, plan_of, products
from forwardgrad.pipeline import progress, server
from forwardgrad.pipeline.digest import digest
from forwardgrad.pipeline.validation import load_schema, problems


wildcard_constraints:
    experiment=rf"(?!({'|'.join(KINDS)})\b)[a-z][a-z0-9_]*",
    dataset="[a-z][a-z0-9_]*",
    model="[a-z][a-z0-9_]*",
    method="[a-z][a-z0-9_]*(@[0-9.e+-]+)?",
    seed="[0-9]+",
    axis="step|time",
    variant="[a-z][a-z0-9_]*",


SCHEMAS = Path(workflow.basedir, "workflow/schemas")

# Rates that the tuning experiment chose; they reach a run through its settings.
TUNED = Path("config/tuned.yaml")
config["tuned"] = (or_exit(read_yaml, TUNED, "mend it or delete it") if TUNED.exists() else None) or {}
if faults := problems(config, load_schema(SCHEMAS)):
    sys.exit("\n".join(faults))

# What was measured on a GPU elsewhere (`make gpu`), unless this run measures on one itself.
GPU = gpu.found() if "cuda" not in config.get("speed", {}).get("devices", []) else gpu.NOTHING
config["gpu"] = {what: GPU[what] for what in ["tables", "figures"]}

LEDGER = or_exit(load_ledger, Path("report/claims.yaml"), SCHEMAS / "claims.schema.yaml", config["experiments"])

# What was found out about the data sets that the targets asked for need, by name.
RECORDS = {}


def record_of(dataset):
    """Return what was found out about `dataset`; waits for the checkpoint that finds out."""
    RECORDS[dataset] = or_exit(read_record, Path(checkpoints.locate.get(dataset=dataset).output.record))
    return RECORDS[dataset]


def found(wildcards):
    """Return the record of a data set; exits if the set is unavailable, the last line on the terminal says why."""
    record = ancient(f"results/data/{wildcards.dataset}.json")
    return record if record_of(wildcards.dataset)["available"] else sys.exit(1)


def available(datasets):
    """Return those of the `datasets` that are available."""
    return [dataset for dataset in datasets if record_of(dataset)["available"]]


@atexit.register
def report_missing_data():
    """Print, as the last thing on the terminal, which data sets the targets lack and what to do."""
    for _, record in sorted(RECORDS.items()):
        if workflow.is_main_process and not record["available"]:
            print(unavailable(record), file=sys.stderr)


def files_of(what, experiment):
    """Return an input function for the files of `experiment` that its plan calls `what`."""
    plan = plan_of(experiment)
    return lambda _: or_exit(getattr(plan, what), config, experiment, available(plan.datasets(config, experiment)))


def records_of(experiment):
    """Return the records of the data sets of `experiment`, so that all are looked for at the same time."""
    return [f"results/data/{dataset}.json" for dataset in plan_of(experiment).datasets(config, experiment)]


def tables_of(experiment):
    """Return the tables of `experiment`."""
    return plan_of(experiment).tables(config, experiment)


def all_of(experiment):
    """Return everything that is made for `experiment`, what is measured included: nothing else sees a deleted file."""
    measured, figures = files_of("measured", experiment), files_of("figures", experiment)
    return [*records_of(experiment), measured, *ledger.frames_made_by(experiment), *tables_of(experiment), figures]


def given(product, wildcards):
    """Return what a table or figure takes of the configuration, as JSON; stops if the configuration lacks it."""
    plan = plan_of(wildcards.get("experiment", product.kind))
    return json.dumps(or_exit(getattr(plan, product.given), config, **wildcards) if product.given else {})


def shown(path, category, title, subcategory=None):
    """Return an output that `snakemake --report` shows; its caption is the rule's parameter `caption`."""
    caption, labels = "../report/caption.rst", {category.lower(): title}
    return report(path, caption=caption, category=category, subcategory=subcategory, labels=labels)
