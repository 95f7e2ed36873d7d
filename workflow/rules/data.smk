# Data: find the official files of a set, then turn them into the arrays that runs read.

from forwardgrad.data.record import data_folder, searched
from forwardgrad.experiments.audit import plan as audit
from forwardgrad.experiments.training import plan as training

data_dir = data_folder(config) or ""
config.pop("data_dir", None)  # no result depends on it, and the report has the configuration as a parameter


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


# All that this run asks for, found and prepared: what is done before anything is submitted to a cluster.
rule data:
    input:
        arrays_of(
            {audit.DATASET}.union(*(plan_of(experiment).datasets(config, experiment) for experiment in config["run"]))
        ),


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
