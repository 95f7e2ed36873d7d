# Figures of the test functions: of every case in the plane, of the spheres together, of the time of a step.


rule function_case:
    input:
        curves=rules.function_frames.output.curves,
        runs=rules.function_frames.output.runs,
        quoted="report/quoted.csv",
    output:
        loss=report(
            "results/figures/functions/{source}-{function}-loss.svg",
            caption="../report/function_loss.rst",
            category="Figures",
            subcategory="functions",
            labels={"function": "{function} ({source})", "figure": "value by step"},
        ),
        paths=report(
            "results/figures/functions/{source}-{function}-paths.svg",
            caption="../report/function_paths.rst",
            category="Figures",
            subcategory="functions",
            labels={"function": "{function} ({source})", "figure": "paths"},
        ),
        beside=multiext("results/figures/functions/{source}-{function}-loss", ".png", ".csv")
        + multiext("results/figures/functions/{source}-{function}-paths", ".png", ".csv"),
    log:
        "results/logs/figures/functions/{source}-{function}.log",
    params:
        case=lambda wildcards: case_at(wildcards).to_json(),
        code=digest("experiments.functions.figures.descents", "experiments.functions.figures.surfaces"),
    script:
        "../scripts/function_case.py"


rule function_spheres:
    input:
        curves=rules.function_frames.output.curves,
        runs=rules.function_frames.output.runs,
        contraction=rules.outcomes.output.contraction,
    output:
        figure=report(
            "results/figures/functions/spheres.svg",
            caption="../report/function_spheres.rst",
            category="Figures",
            subcategory="functions",
            labels={"function": "spheres", "figure": "value by step, and what one step does"},
        ),
        beside=multiext("results/figures/functions/spheres", ".png", ".csv"),
    log:
        "results/logs/figures/functions/spheres.log",
    params:
        code=digest("experiments.functions.figures.spheres"),
    script:
        "../scripts/function_spheres.py"


rule function_cost:
    input:
        costs=rules.function_frames.output.costs,
        quoted="report/quoted.csv",
    output:
        figure=report(
            "results/figures/functions/cost.svg",
            caption="../report/function_cost.rst",
            category="Figures",
            subcategory="functions",
            labels={"function": "all", "figure": "time of a step"},
        ),
        beside=multiext("results/figures/functions/cost", ".png", ".csv"),
    log:
        "results/logs/figures/functions/cost.log",
    params:
        code=digest("experiments.functions.figures.cost", "experiments.functions.tables"),
    script:
        "../scripts/function_cost.py"
