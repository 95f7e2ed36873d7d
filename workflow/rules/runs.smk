# Training runs and measurements of their cost: one target each.


rule run:
    input:
        arrays="results/data/{dataset}.npz",
    output:
        metrics="results/runs/{experiment}/{dataset}/{model}/{method}/seed-{seed}/metrics.csv",
        times="results/runs/{experiment}/{dataset}/{model}/{method}/seed-{seed}/times.csv",
        record="results/runs/{experiment}/{dataset}/{model}/{method}/seed-{seed}/run.json",
    log:
        "results/logs/runs/{experiment}/{dataset}/{model}/{method}/seed-{seed}.log",
    params:
        run=lambda wildcards: run_at(wildcards).to_json(),
        folder=subpath(output.metrics, parent=True),
        code=digest("experiments.training.train"),
    shell:
        "forwardgrad run --run {params.run:q} --data {input.arrays} --output {params.folder} > {log} 2>&1"


# Alone on the machine: it takes every core, and a process of its own.
rule cost:
    input:
        arrays="results/data/{dataset}.npz",
    output:
        costs="results/costs/{experiment}/{dataset}/{model}.csv",
    log:
        "results/logs/costs/{experiment}/{dataset}/{model}.log",
    threads: workflow.cores
    params:
        runs=lambda wildcards: "\n".join(run.to_json() for run in costs_at(wildcards)),
        seconds=config.get("cost_seconds", 3),
        code=digest("experiments.training.cost"),
    shell:
        "forwardgrad cost --runs {params.runs:q} --data {input.arrays} --output {output.costs}"
        " --seconds {params.seconds} > {log} 2>&1"
