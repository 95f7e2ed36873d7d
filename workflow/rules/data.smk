# Data: find the official files of a set, then turn them into the arrays that runs read.

import shlex

from forwardgrad.data.locate import data_folder, folder_state
from forwardgrad.experiments.audit import plan as audit
from forwardgrad.experiments.training import plan as training

data_dir = data_folder(config)


def found(wildcards):
    """Return the record of a data set; exits if the set is unavailable, the last line on the terminal says why."""
    record = ancient(f"results/data/{wildcards.dataset}.json")
    return record if record_of(wildcards.dataset)["available"] else sys.exit(1)


def seeds_of(wildcards):
    """Return the number of seeds that a data set must be split for: the most that any cell or the audit takes."""
    audited = audit.SPLITS if wildcards.dataset == audit.DATASET else 1
    return max(training.seeds_of(config, wildcards.dataset), audited)


# Writes its record in any case: a set that cannot be had takes its runs out of the work, nothing else.
checkpoint locate:
    output:
        record="results/data/{dataset}.json",
    log:
        "results/logs/data/{dataset}-locate.log",
    params:
        option=f"--data-dir {shlex.quote(data_dir)}" if data_dir else "",
        folder=lambda wildcards: folder_state(wildcards.dataset, data_dir),
        code=digest("data.locate"),
    shell:
        "forwardgrad data locate {wildcards.dataset} --record {output.record} --raw results/data/raw {params.option}"
        " > {log} 2>&1"


# Only the content of the files counts (`files`), not when or where they were found.
rule prepare:
    input:
        record=found,
    output:
        arrays="results/data/{dataset}.npz",
    log:
        "results/logs/data/{dataset}-prepare.log",
    params:
        seeds=seeds_of,
        files=lambda wildcards: [file["sha256"] for file in record_of(wildcards.dataset)["files"]],
        code=digest("data.prepare"),
    shell:
        "forwardgrad data prepare {wildcards.dataset} --record {input.record} --seeds {params.seeds}"
        " --output {output.arrays} > {log} 2>&1"
