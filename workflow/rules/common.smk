# What the rules share: the checked configuration, its runs, and which of them have their data.

import atexit
import json
import os
import sys
from pathlib import Path

import yaml

from forwardgrad.experiments.speed.plan import measurements as configuration_measurements
from forwardgrad.experiments.speed.plan import SPEED as configuration_SPEED
from forwardgrad.experiments.audit.plan import AUDIT_SPLITS as configuration_AUDIT_SPLITS
from forwardgrad.catalogue import AT as configuration_AT
from forwardgrad.catalogue import variant as configuration_variant
from forwardgrad.experiments.functions import plan as cases
from forwardgrad import catalogue
from forwardgrad.experiments.training import plan as configuration
from forwardgrad.experiments.estimators import plan as estimation
from forwardgrad.claims import ledger
from forwardgrad.claims import check as ledger_check
from forwardgrad.pipeline import progress
from forwardgrad.pipeline import server
from forwardgrad.data.files import DataUnavailable
from forwardgrad.data.record import data_folder, read_record, searched, unavailable
from forwardgrad.pipeline.digest import digest
from forwardgrad.pipeline.validation import obstacles
from forwardgrad.pipeline.validation import problems
from forwardgrad.pipeline.validation import untuned


wildcard_constraints:
    process="[0-9]+",
    experiment="[a-z][a-z0-9_]*",
    dataset="[a-z][a-z0-9_]*",
    model="[a-z][a-z0-9_]*",
    method="[a-z][a-z0-9_]*(@[0-9.e+-]+)?",
    seed="[0-9]+",
    device="[a-z]+",
    network="[a-z][a-z0-9_]*",
    source="[a-z]+",
    function="[a-z][a-z0-9_]*",
    variant="[a-z][a-z0-9_]*",
    batch_size="[0-9]+",


# Rates that the tuning experiment chose; they reach a run through its settings.
tuned = Path(workflow.basedir, "config/tuned.yaml")
config["tuned"] = (yaml.safe_load(tuned.read_text()) if tuned.exists() else None) or {}

schema = yaml.safe_load(Path(workflow.basedir, "workflow/schemas/config.schema.yaml").read_text())
if faults := problems(config, schema) or obstacles(Path("results")):
    sys.exit("\n".join(faults))

try:
    LEDGER = ledger_check.load_ledger(
        Path("report/claims.yaml"), Path(workflow.basedir, "workflow/schemas/claims.schema.yaml"), config["experiments"]
    )
except ValueError as faults:
    sys.exit(str(faults))

data_dir = data_folder(config) or ""
config.pop("data_dir", None)  # no result depends on it, the report has the configuration as parameter

# Experiments that train nothing have rules of their own, also for their frames.
OWN = [configuration_SPEED, cases.EXPERIMENT, estimation.EXPERIMENT]
TRAINED = rf"(?!({'|'.join(OWN)})\b)[a-z][a-z0-9_]*"

# Every run of every experiment, selected or not, by its folder below results/runs.
RUNS = {run.folder: run for run in configuration.expand(config | {"run": list(config["experiments"])})}

# Every measurement of steps, by its folder below results/speed.
MEASUREMENTS = {one.path: one for one in configuration_measurements(config)}

# Every test function with its start and settings, by its path below results/functions.
CASES = {case.path: case for case in cases.cases(config)}

# Experiments that compare the rates of a grid: nothing of theirs is timed, and their outcome is the choice.
GRIDS = {run.experiment for run in RUNS.values() if configuration_AT in run.method}


# What was found out about the data sets that the targets asked for need, by name.
RECORDS = {}


def record_of(dataset):
    """Return what was found out about `dataset`; waits for the checkpoint that finds out."""
    try:
        RECORDS[dataset] = read_record(Path(checkpoints.locate.get(dataset=dataset).output.record))
    except DataUnavailable as error:
        sys.exit(str(error))
    return RECORDS[dataset]


def found(wildcards):
    """Return the record of a data set; exits if it is unavailable, the last line says why."""
    return (
        ancient(f"results/data/{wildcards.dataset}.json") if record_of(wildcards.dataset)["available"] else sys.exit(1)
    )


def arrays_if_found(dataset):
    """Return an input function for the prepared arrays of a data set, for a job that can do without them."""
    return lambda _: [f"results/data/{dataset}.npz"] if record_of(dataset)["available"] else []


def seeds_of(wildcards):
    """Return the number of seeds that a data set must be split for: the most that any cell or the audit asks for."""
    cells = [cell for cell in config["cells"].values() if wildcards.dataset in cell["datasets"]]
    audited = [configuration_AUDIT_SPLITS] if wildcards.dataset == "penguins" else []
    return max([configuration.seeds(cell).stop for cell in cells] + audited, default=1)


def runs_of(experiment):
    """Return the runs of `experiment` that have their data; stops if there is none such or a run has no rate yet."""
    if experiment not in config["experiments"]:
        sys.exit(f"{experiment}: the configuration has no such experiment")
    if faults := untuned(config, experiment):
        sys.exit("\n".join(faults))
    runs = [run for run in RUNS.values() if run.experiment == experiment]
    available = {dataset for dataset in {run.dataset for run in runs} if record_of(dataset)["available"]}
    return [run for run in runs if run.dataset in available]


def run_at(wildcards):
    """Return the run that the wildcards of a target name."""
    folder = "{experiment}/{dataset}/{model}/{method}/seed-{seed}".format(**wildcards)
    if folder not in RUNS:
        sys.exit(f"results/runs/{folder}: the configuration has no such run")
    return RUNS[folder]


def known_cell(wildcards):
    """Stop at once if the configuration has not the cell that the wildcards of a target name; return no input."""
    cell = (wildcards.experiment, wildcards.dataset, wildcards.model)
    if cell not in {(run.experiment, run.dataset, run.model) for run in RUNS.values()}:
        sys.exit(f"{wildcards.experiment}: {wildcards.dataset} with {wildcards.model} is none of its cells")
    return []


def costs_at(wildcards):
    """Return the first run of every method of the cell that the wildcards of a target name."""
    cell = (wildcards.experiment, wildcards.dataset, wildcards.model)
    runs = [run for run in RUNS.values() if (run.experiment, run.dataset, run.model) == cell]
    if not runs:
        sys.exit(f"results/costs/{'/'.join(cell)}: the configuration has no such cell")
    return list({run.method: run for run in reversed(runs)}.values())[::-1]


def records_of(experiment):
    """Return the records of the data sets of `experiment`, so that all are looked for at the same time."""
    if experiment == estimation.EXPERIMENT:
        return sorted({f"results/data/{dataset}.json" for dataset, _ in estimation.networks(config)})
    return sorted({f"results/data/{run.dataset}.json" for run in RUNS.values() if run.experiment == experiment})


def metrics_of(experiment):
    """Return an input function for the metrics of every run of `experiment` that has its data."""
    return lambda _: [f"results/runs/{run.folder}/metrics.csv" for run in runs_of(experiment)]


def costs_of(experiment):
    """Return an input function for the cost measurements of every cell of `experiment` that has its data."""
    return lambda _: sorted(
        {
            f"results/costs/{experiment}/{run.dataset}/{run.model}.csv"
            for run in runs_of(experiment)
            if experiment not in GRIDS
        }
    )


def entry_of(claim):
    """Return a claim of the ledger with all that its verdict depends on: tolerances, and frames by their paths.

    `run` is the frame that it asks, None if its experiment is not run; `published` is the same frame of the published
    run on all of MNIST, None if it is not there.
    """
    if claim not in LEDGER["claims"]:
        sys.exit(f"results/claims/{claim}.json: the ledger has no such claim; report/claims.yaml names them all")
    found = LEDGER["claims"][claim]
    frame, tolerance = found["evidence"]["frame"], found["expect"].get("tolerance")
    published = Path("results/reference/paper", f"{frame}.csv")
    return {
        "id": claim,
        "claim": found,
        "tolerances": {tolerance: LEDGER["tolerances"][tolerance]} if tolerance else {},
        "run": ledger.path_of(frame) if ledger.experiment_of(frame) in config["run"] else None,
        "published": str(published) if published.exists() else None,
    }


def frames_asked(claim):
    """Return the frames that a claim is judged by."""
    entry = entry_of(claim)
    return [frame for frame in (entry["run"], entry["published"]) if frame]


def compared(experiment):
    """Return the method that the others of `experiment` are compared with, or None."""
    return config["experiments"].get(experiment, {}).get("against")


def analyses(experiment):
    """Return the analyses that `experiment` asks for."""
    return config["experiments"].get(experiment, {}).get("analyses", [])


def cell_figures(experiment):
    """Return the names of the figures of every cell of `experiment`: how training went, by what it asks for."""
    runs, names = runs_of(experiment), []
    for dataset, model in cells_of(experiment):
        own = [run for run in runs if (run.dataset, run.model) == (dataset, model)]
        # Two curves for every method of a large comparison are no picture: its budgets are.
        kinds = [] if "budgets" in analyses(experiment) else ["by-step", "by-time"]
        kinds += ["norms"] if "norms" in analyses(experiment) else []
        if "budgets" in analyses(experiment):
            variants = {configuration_variant(run.method, run.settings.estimator) for run in own}
            kinds += [f"budgets-{name or 'own'}" for name in sorted(variants)]
        kinds += ["cosines"] if any(run.probes for run in own) else []
        names += [f"{dataset}-{model}-{kind}" for kind in kinds]
    return names


def cells_of(experiment):
    """Return (data set, model) of every cell of `experiment` that has its data, in the configuration's order."""
    return list(dict.fromkeys((run.dataset, run.model) for run in runs_of(experiment)))


def figures_of(experiment):
    """Return an input function for the figures of `experiment`: those of all its cells together, then of each."""
    if experiment == configuration_SPEED:
        return lambda _: speed_figures()
    if experiment == cases.EXPERIMENT:
        return lambda _: cases.figures(config)
    if experiment == estimation.EXPERIMENT:
        return lambda _: estimation.figures() if estimator_files(".csv") else []

    def figures(_):
        runs = runs_of(experiment)
        if experiment in GRIDS:
            return [f"results/figures/{experiment}/rates.svg"] if runs else []
        names = ["loss-ratios"] if runs and compared(experiment) else []
        names += ["time-per-step"] if runs else []
        names += ["steps-to-threshold"] if any(run.settings.stop.loss is not None for run in runs) else []
        names += ["times"] if runs and "times" in analyses(experiment) else []
        names += cell_figures(experiment)
        return [f"results/figures/{experiment}/{name}.svg" for name in names]

    return figures


def tables_of(experiment):
    """Return the tables of `experiment`."""
    if experiment == configuration_SPEED:
        return [f"results/tables/{experiment}/ratios.csv"]
    if experiment == cases.EXPERIMENT:
        return cases.tables()
    if experiment == estimation.EXPERIMENT:
        return estimation.tables()
    names = ["methods", "paired"]
    names += ["rates"] if experiment in GRIDS else []
    names += ["loss-ratios"] if compared(experiment) else []
    names += [table for analysis in analyses(experiment) for table in configuration.ANALYSES[analysis]]
    return [f"results/tables/{experiment}/{name}.csv" for name in names]


def all_of(experiment):
    """Return everything that is made for `experiment`, every run included: nothing else sees a deleted one."""
    if experiment == configuration_SPEED:
        return [*speed_files(".json"), *tables_of(experiment), *speed_figures()]
    if experiment == cases.EXPERIMENT:
        return [*cases.files(config, ".csv"), *tables_of(experiment), *cases.figures(config)]
    if experiment == estimation.EXPERIMENT:
        return [
            *records_of(experiment),
            lambda _: estimator_files(".csv"),
            *tables_of(experiment),
            figures_of(experiment),
        ]
    return [part(experiment) for part in (records_of, metrics_of, costs_of, tables_of, figures_of)]


def case_at(wildcards):
    """Return the case that the wildcards of a target name."""
    path = "{source}/{function}".format(**wildcards)
    if path not in CASES:
        sys.exit(f"results/functions/{path}: the configuration has no such case")
    return CASES[path]


def network_at(wildcards):
    """Return the data set and model that the wildcards of a target name, if their gradient is to be estimated."""
    network = (wildcards.dataset, wildcards.model)
    if network not in estimation.networks(config):
        sys.exit(f"results/estimators/{'/'.join(network)}: the configuration has no such network")
    return network


def estimator_files(suffix):
    """Return the files of estimates of every network that has its data."""
    networks = [network for network in estimation.networks(config) if record_of(network[0])["available"]]
    return [f"results/estimators/{dataset}/{model}{suffix}" for dataset, model in networks]


def measurement_at(wildcards):
    """Return the measurement that the wildcards of a target name."""
    path = "{device}/{network}/batch-{batch_size}".format(**wildcards)
    if path not in MEASUREMENTS or int(wildcards.process) >= config["speed"]["processes"]:
        sys.exit(f"results/speed/{path}/process-{wildcards.process}: the configuration has no such measurement")
    return MEASUREMENTS[path]


def speed_files(suffix):
    """Return the files of all measurements of steps, each in every process."""
    processes = range(config["speed"]["processes"])
    return [f"results/speed/{path}/process-{number}{suffix}" for path in MEASUREMENTS for number in processes]


def speed_figures():
    """Return the figures of steps that the measurements allow, for every device."""
    speed = config["speed"]
    deep = len(speed["depths"]) > 1
    names = {"cost": True, "depth": deep, "memory": deep and speed["memory"], "batch": len(speed["batch_sizes"]) > 1}
    shown = [name for name, possible in names.items() if possible]
    return [f"results/figures/speed/{device}-{name}.svg" for device in speed["devices"] for name in shown]


def explored():
    """Return the experiment that the notebook on results looks at: the first to be run that trains at fixed rates."""
    trained = {run.experiment for run in RUNS.values()} - GRIDS
    return next((experiment for experiment in config["run"] if experiment in trained), None)


def notebook_pages():
    """Return the pages of the notebooks that the configuration names and that have something to show."""
    names = config.get("notebooks", {}).get("show", [])
    return [f"report/notebooks/{name}.html" for name in names if name != "explore_results" or explored()]


def notebook_data(wildcards):
    """Return the results that a notebook reads."""
    frames = [f"results/frames/{explored()}{end}" for end in (".csv", "-runs.csv", "-costs.csv", "-provenance.json")]
    return {"forward_gradient": ["results/data/mnist5k.npz"], "explore_results": frames}.get(wildcards.notebook, [])


def notebook_parameters(wildcards):
    """Return what a notebook is told, as JSON."""
    if wildcards.notebook == "explore_results":
        return json.dumps({"experiment": explored()})
    return json.dumps({"quick": config["notebooks"]["quick"]})


@atexit.register
def tell_what_is_missing():
    """Say, as the last thing on the terminal, which data sets the targets lack and what to do."""
    for _, record in sorted(RECORDS.items()):
        if workflow.is_main_process and not record["available"]:
            print(unavailable(record), file=sys.stderr)
