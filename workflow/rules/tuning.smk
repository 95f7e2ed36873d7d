# The learning rate that suits each method, and what the methods come to when each has its own.


rule rates:
    input:
        **FRAMES,
    output:
        table=report(
            "results/tables/{experiment}/rates.csv",
            caption="../report/rates.rst",
            category="Tables",
            subcategory="{experiment}",
            labels={"table": "learning rates"},
        ),
    log:
        "results/logs/tables/{experiment}-rates.log",
    params:
        code=digest("experiments.training.analyses.rates"),
    script:
        "../scripts/rates.py"


rule rates_figure:
    input:
        **FRAMES,
    output:
        figure=report(
            "results/figures/{experiment}/rates.svg",
            caption="../report/rates.rst",
            category="Figures",
            subcategory="{experiment}",
            labels={"data set": "all", "model": "all", "figure": "learning rates"},
        ),
        beside=multiext("results/figures/{experiment}/rates", ".png", ".csv"),
    log:
        "results/logs/figures/{experiment}/rates.log",
    params:
        code=digest("experiments.training.figures.rates", "experiments.training.analyses.rates"),
    script:
        "../scripts/rates_figure.py"


# Under version control, and read when the workflow starts: what was chosen counts from the next start on. The file
# is no output: one that came with the repository would count as made, and nothing would be run.
rule tuned:
    input:
        all_of("tuning"),
        runs="results/frames/tuning-runs.csv",
        provenance="results/frames/tuning-provenance.json",
    log:
        "results/logs/tuned.log",
    params:
        file="config/tuned.yaml",
        code=digest("experiments.training.analyses.rates"),
    script:
        "../scripts/tuned.py"


rule loss_ratios:
    input:
        **FRAMES,
    output:
        table=report(
            "results/tables/{experiment}/loss-ratios.csv",
            caption="../report/loss_ratios.rst",
            category="Tables",
            subcategory="{experiment}",
            labels={"table": "ratios of training losses"},
        ),
    log:
        "results/logs/tables/{experiment}-loss-ratios.log",
    params:
        against=lambda wildcards: compared(wildcards.experiment),
        code=digest("experiments.training.analyses.loss_ratios"),
    script:
        "../scripts/loss_ratios.py"


rule loss_ratios_figure:
    input:
        table=rules.loss_ratios.output.table,
    output:
        figure=report(
            "results/figures/{experiment}/loss-ratios.svg",
            caption="../report/loss_ratios.rst",
            category="Figures",
            subcategory="{experiment}",
            labels={"data set": "all", "model": "all", "figure": "ratios of training losses"},
        ),
        beside=multiext("results/figures/{experiment}/loss-ratios", ".png", ".csv"),
    log:
        "results/logs/figures/{experiment}/loss-ratios.log",
    params:
        code=digest("experiments.training.figures.loss_ratios"),
    script:
        "../scripts/loss_ratios_figure.py"
