# Descents of test functions: one job a case, all its methods and seeds; joined, set beside published numbers.


rule descend:
    output:
        multiext("results/functions/{source}/{function}", ".csv", "-runs.csv", "-record.json"),
    log:
        "results/logs/functions/{source}/{function}.log",
    params:
        case=lambda wildcards: case_at(wildcards).to_json(),
        stem=subpath(output[0], strip_suffix=".csv"),
        code=digest("experiments.functions.descent"),
    shell:
        "forwardgrad descend --case {params.case:q} --output {params.stem} > {log} 2>&1"


# By what factor a single step changes the value, around the rate at which theory has it turn.
rule contract:
    output:
        "results/functions/{source}/{function}-contraction.csv",
    log:
        "results/logs/functions/{source}/{function}-contraction.log",
    params:
        case=lambda wildcards: case_at(wildcards).to_json(),
        code=digest("experiments.functions.descent"),
    shell:
        "forwardgrad contract --case {params.case:q} --output {output} > {log} 2>&1"


# Alone on the machine: it takes every core, though a step uses one.
rule descent_costs:
    output:
        costs="results/functions/costs.csv",
        record="results/functions/costs-record.json",
    log:
        "results/logs/functions/costs.log",
    threads: workflow.cores
    params:
        cases="\n".join(case.to_json() for case in CASES.values()),
        seconds=config["functions"]["seconds"],
        code=digest("experiments.functions.cost"),
    shell:
        "forwardgrad descent-cost --cases {params.cases:q} --seconds {params.seconds} --output {output.costs}"
        " > {log} 2>&1"


rule function_frames:
    input:
        curves=cases.files(config, ".csv"),
        runs=cases.files(config, "-runs.csv"),
        contraction=[f"results/functions/{case.path}-contraction.csv" for case in cases.contracting(config)],
        costs=[rules.descent_costs.output.costs],
        records=[*cases.files(config, "-record.json"), rules.descent_costs.output.record],
    output:
        curves="results/frames/functions.csv",
        runs="results/frames/functions-runs.csv",
        contraction="results/frames/functions-contraction.csv",
        costs="results/frames/functions-costs.csv",
        provenance="results/frames/functions-provenance.json",
    log:
        "results/logs/frames/functions.log",
    params:
        code=digest("experiments.functions.tables"),
    script:
        "../scripts/function_frames.py"


rule outcomes:
    input:
        runs=rules.function_frames.output.runs,
        contraction=rules.function_frames.output.contraction,
        costs=rules.function_frames.output.costs,
        quoted="report/quoted.csv",
    output:
        outcomes=report(
            "results/tables/functions/outcomes.csv",
            caption="../report/function_outcomes.rst",
            category="Tables",
            subcategory="functions",
            labels={"table": "final values"},
        ),
        contraction=report(
            "results/tables/functions/contraction.csv",
            caption="../report/function_contraction.rst",
            category="Tables",
            subcategory="functions",
            labels={"table": "one step on a sphere"},
        ),
        costs=report(
            "results/tables/functions/costs.csv",
            caption="../report/function_cost.rst",
            category="Tables",
            subcategory="functions",
            labels={"table": "time of a step"},
        ),
    log:
        "results/logs/tables/functions.log",
    params:
        code=digest("experiments.functions.tables"),
    script:
        "../scripts/function_tables.py"
