# What an experiment asks for by its key `analyses`: times to a loss, equal budgets, growth of weights; and cosines.


# What the stock framework takes for a step is measured by the experiment `speed`, where that is run.
rule times:
    input:
        **FRAMES,
        speed=rules.speed_frame.output.frame if configuration_SPEED in config["run"] else [],
        quoted="report/quoted.csv",
    output:
        times=report(
            "results/tables/{experiment}/times.csv",
            caption="../report/times.rst",
            category="Tables",
            subcategory="{experiment}",
            labels={"table": "times to the loss of backpropagation, run by run"},
        ),
        summary=report(
            "results/tables/{experiment}/times-summary.csv",
            caption="../report/times.rst",
            category="Tables",
            subcategory="{experiment}",
            labels={"table": "times to the loss of backpropagation"},
        ),
    log:
        "results/logs/tables/{experiment}-times.log",
    params:
        code=digest("experiments.training.analyses.time_to_loss"),
    script:
        "../scripts/times.py"


rule times_figure:
    input:
        times=rules.times.output.times,
        summary=rules.times.output.summary,
    output:
        figure=report(
            "results/figures/{experiment}/times.svg",
            caption="../report/times.rst",
            category="Figures",
            subcategory="{experiment}",
            labels={"data set": "all", "model": "all", "figure": "times to the loss of backpropagation"},
        ),
        beside=multiext("results/figures/{experiment}/times", ".png", ".csv"),
    log:
        "results/logs/figures/{experiment}/times.log",
    params:
        code=digest("experiments.training.figures.time_to_loss"),
    script:
        "../scripts/times_figure.py"


for name, title in {"budgets": "outcome at equal budgets", "norms": "growth of the weights"}.items():

    rule:
        name:
            name
        input:
            **FRAMES,
        output:
            table=report(
                f"results/tables/{{experiment}}/{name}.csv",
                caption=f"../report/{name}.rst",
                category="Tables",
                subcategory="{experiment}",
                labels={"table": title},
            ),
        log:
            f"results/logs/tables/{{experiment}}-{name}.log",
        params:
            name=name,
            code=digest(f"experiments.training.analyses.{name}"),
        script:
            "../scripts/analysis.py"


for kind, title in {
    "budgets-{variant}": "training at equal means",
    "norms": "loss and norm of the weights",
    "cosines": "cosine with the gradient",
}.items():
    name = kind.partition("-")[0]

    rule:
        name:
            f"{name}_figure"
        input:
            **FRAMES,
        output:
            figure=report(
                f"results/figures/{{experiment}}/{{dataset}}-{{model}}-{kind}.svg",
                caption=f"../report/{name}.rst",
                category="Figures",
                subcategory="{experiment}",
                labels={"data set": "{dataset}", "model": "{model}", "figure": title},
            ),
            beside=multiext(f"results/figures/{{experiment}}/{{dataset}}-{{model}}-{kind}", ".png", ".csv"),
        log:
            f"results/logs/figures/{{experiment}}/{{dataset}}-{{model}}-{kind}.log",
        params:
            name=name,
            code=digest(f"experiments.training.figures.{name}", "results.statistics"),
        script:
            "../scripts/analysis_figure.py"
