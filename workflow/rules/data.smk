# Data: find the official files of a set, then turn them into the arrays that runs read; and which sets are available.

import atexit

from forwardgrad.data.record import data_folder, read_record, searched, unavailable
from forwardgrad.experiments.audit import plan as audit
from forwardgrad.experiments.training import plan as training

data_dir = data_folder(config) or ""
config.pop("data_dir", None)  # no result depends on it, and the report has the configuration as a parameter

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


def arrays_of(datasets):
    """Return an input function for the prepared data of those `datasets` that are available."""
    return lambda _: [f"results/data/{dataset}.npz" for dataset in available(datasets)]


# Writes its record in any case: an unavailable set takes its runs out of the work, nothing else.
# Another data folder alone is no reason to search again, so `data_dir` takes `output`: Snakemake compares no such
# parameter with that of the last run. It compares `searched`: what the folder holds, and once the set is available what it held then.
checkpoint locate:
    output:
        record="results/data/{dataset}.json",
    log:
        "results/logs/data/{dataset}-locate.log",
    priority: 2  # before all other jobs: how many they are depends on it
    params:
        searched=lambda wildcards: searched(wildcards.dataset, Path(f"results/data/{wildcards.dataset}.json"), data_dir),
        data_dir=lambda wildcards, output: data_dir,
        code=lambda wildcards: digest("data.locate", f"data.sets.{wildcards.dataset}"),
    shell:
        "FORWARDGRAD_DATA={params.data_dir:q} forwardgrad data locate {wildcards.dataset} --searched {params.searched:q}"
        " --record {output.record} --raw results/data/raw > {log} 2>&1"


# Only the content of the files counts (`files`), not when or where they were found.
rule prepare:
    input:
        record=found,
    output:
        arrays="results/data/{dataset}.npz",
    log:
        "results/logs/data/{dataset}-prepare.log",
    priority: 1  # before what needs no data: the time left is told by jobs of all kinds
    params:
        seeds=lambda wildcards: max(training.seeds_of(config, wildcards.dataset), audit.seeds_of(wildcards.dataset)),
        files=lambda wildcards: [file["sha256"] for file in record_of(wildcards.dataset)["files"]],
        code=lambda wildcards: digest("data.prepare", f"data.sets.{wildcards.dataset}"),
    shell:
        "forwardgrad data prepare {wildcards.dataset} --record {input.record} --seeds {params.seeds}"
        " --output {output.arrays} > {log} 2>&1"
