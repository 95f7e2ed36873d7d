# What the runs came to: frames of everything, tables, figures. Each has its own layer of code, and reruns with it.


FRAMES = dict(
    metrics="results/frames/{experiment}.csv",
    runs="results/frames/{experiment}-runs.csv",
    costs="results/frames/{experiment}-costs.csv",
)


# Every file is checked on the way; a broken one stops here, with its name and the command that makes it again.
rule frames:
    input:
        metrics=lambda wildcards: metrics_of(wildcards.experiment)(wildcards),
        costs=lambda wildcards: costs_of(wildcards.experiment)(wildcards),
    output:
        **FRAMES,
        provenance="results/frames/{experiment}-provenance.json",
    log:
        "results/logs/frames/{experiment}.log",
    wildcard_constraints:
        experiment=TRAINED,
    params:
        code=digest("experiments.training.frames"),
    script:
        "../scripts/frames.py"


rule tables:
    input:
        **FRAMES,
    output:
        methods=report(
            "results/tables/{experiment}/methods.csv",
            caption="../report/methods.rst",
            category="Tables",
            subcategory="{experiment}",
            labels={"table": "outcome by method"},
        ),
        paired=report(
            "results/tables/{experiment}/paired.csv",
            caption="../report/paired.rst",
            category="Tables",
            subcategory="{experiment}",
            labels={"table": "difference from backpropagation"},
        ),
    log:
        "results/logs/tables/{experiment}.log",
    params:
        code=digest("experiments.training.tables"),
    script:
        "../scripts/tables.py"


rule curves:
    input:
        known_cell,
        **FRAMES,
    output:
        step=report(
            "results/figures/{experiment}/{dataset}-{model}-by-step.svg",
            caption="../report/curves.rst",
            category="Figures",
            subcategory="{experiment}",
            labels={"data set": "{dataset}", "model": "{model}", "figure": "training by step"},
        ),
        time=report(
            "results/figures/{experiment}/{dataset}-{model}-by-time.svg",
            caption="../report/curves.rst",
            category="Figures",
            subcategory="{experiment}",
            labels={"data set": "{dataset}", "model": "{model}", "figure": "training by time"},
        ),
        beside=multiext("results/figures/{experiment}/{dataset}-{model}-by-step", ".png", ".csv")
        + multiext("results/figures/{experiment}/{dataset}-{model}-by-time", ".png", ".csv"),
    log:
        "results/logs/figures/{experiment}/{dataset}-{model}.log",
    params:
        code=digest("experiments.training.figures.curves", "results.statistics"),
    script:
        "../scripts/curves.py"


rule steps_to_threshold:
    input:
        **FRAMES,
        quoted="report/quoted.csv",
    output:
        figure=report(
            "results/figures/{experiment}/steps-to-threshold.svg",
            caption="../report/steps_to_threshold.rst",
            category="Figures",
            subcategory="{experiment}",
            labels={"data set": "all", "model": "all", "figure": "steps to the threshold"},
        ),
        beside=multiext("results/figures/{experiment}/steps-to-threshold", ".png", ".csv"),
    log:
        "results/logs/figures/{experiment}/steps-to-threshold.log",
    params:
        code=digest("experiments.training.figures.thresholds", "experiments.training.tables"),
    script:
        "../scripts/steps_to_threshold.py"


rule time_per_step:
    input:
        **FRAMES,
    output:
        figure=report(
            "results/figures/{experiment}/time-per-step.svg",
            caption="../report/time_per_step.rst",
            category="Figures",
            subcategory="{experiment}",
            labels={"data set": "all", "model": "all", "figure": "time per step"},
        ),
        beside=multiext("results/figures/{experiment}/time-per-step", ".png", ".csv"),
    log:
        "results/logs/figures/{experiment}/time-per-step.log",
    params:
        code=digest("experiments.training.figures.costs"),
    script:
        "../scripts/time_per_step.py"
