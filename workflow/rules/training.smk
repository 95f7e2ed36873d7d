# Experiments that train: one job a run, joined into frames with what steps cost; and the rates of a grid.

from forwardgrad.experiments.training import plan as training

# Every run of every experiment, selected or not, by its folder below results/runs.
RUNS = {run.folder: run for name in config["experiments"] for run in training.all_runs(config, name)}


# First one seed of every method: so it is known early how long the others will take.
rule run:
    input:
        arrays="results/data/{dataset}.npz",
    output:
        metrics="results/runs/{experiment}/{dataset}/{model}/{method}/seed-{seed}/metrics.csv",
        times="results/runs/{experiment}/{dataset}/{model}/{method}/seed-{seed}/times.csv",
        record="results/runs/{experiment}/{dataset}/{model}/{method}/seed-{seed}/run.json",
    log:
        "results/logs/runs/{experiment}/{dataset}/{model}/{method}/seed-{seed}.log",
    priority: lambda wildcards: -int(wildcards.seed)
    params:
        run=lambda wildcards: or_exit(training.run_at, RUNS, **wildcards).to_json(),
        folder=subpath(output.metrics, parent=True),
        code=digest("experiments.training.train"),
    shell:
        "forwardgrad run --run {params.run:q} --data {input.arrays} --output {params.folder} > {log} 2>&1"


# Every file is checked on the way; a broken one stops here, with its name and the command that makes it again.
# Bash writes out the folders, `seed-{0..9}`: a command with the names of some thousand runs would be too long.
rule frames:
    input:
        metrics=lambda wildcards: files_of("metrics", wildcards.experiment)(wildcards),
        costs=lambda wildcards: files_of("costs", wildcards.experiment)(wildcards),
        measured=lambda wildcards: files_of("measured", wildcards.experiment)(wildcards),  # so that an edit is noticed
    output:
        metrics="results/frames/{experiment}.csv",
        runs="results/frames/{experiment}-runs.csv",
        costs="results/frames/{experiment}-costs.csv",
        provenance="results/frames/{experiment}-provenance.json",
    log:
        "results/logs/frames/{experiment}.log",
    wildcard_constraints:
        experiment=rf"(?!({'|'.join([*KINDS, gpu.EXPERIMENT])})\b)[a-z][a-z0-9_]*",
    params:
        runs=lambda wildcards, input: training.in_short(input.metrics),
        code=digest("experiments.training.frames"),
    shell:
        "forwardgrad frames {wildcards.experiment} --runs {params.runs} --costs {input.costs} > {log} 2>&1"


# Under version control, and read when the workflow starts: what was chosen counts from the next start on. The file
# is no output: one that came with the repository would count as made, and nothing would be run.
for grid in TUNED.keys() & config["experiments"].keys():

    rule:
        name:
            TUNED[grid].stem
        input:
            all_of(grid),
        log:
            f"results/logs/{TUNED[grid].stem}.log",
        params:
            grid=grid,
            file=str(TUNED[grid]),
            code=digest("experiments.training.analyses.rates"),
        shell:
            "forwardgrad tuned {params.grid} --output {params.file} > {log} 2>&1"
