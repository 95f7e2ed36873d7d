# The experiment `functions`: runs on test functions, one job a case, all its methods and seeds; joined into frames.

from forwardgrad.experiments.functions import plan as functions


wildcard_constraints:
    source="[a-z]+",
    function="[a-z][a-z0-9_]*",


rule descend:
    output:
        multiext("results/functions/{source}/{function}", ".csv", "-runs.csv", "-record.json"),
    log:
        "results/logs/functions/{source}/{function}.log",
    params:
        case=lambda wildcards: or_exit(functions.case_at, config, **wildcards).to_json(),
        stem=subpath(output[0], strip_suffix=".csv"),
        code=digest("experiments.functions.descent"),
    shell:
        "forwardgrad descend --case {params.case:q} --output {params.stem} > {log} 2>&1"


# By what factor a single step changes the value on average, around the theoretical critical rate.
rule contract:
    output:
        rows="results/functions/{source}/{function}-contraction.csv",
        record="results/functions/{source}/{function}-contraction-record.json",
    log:
        "results/logs/functions/{source}/{function}-contraction.log",
    params:
        case=lambda wildcards: or_exit(functions.case_at, config, **wildcards).to_json(),
        code=digest("experiments.functions.descent"),
    shell:
        "forwardgrad contract --case {params.case:q} --output {output.rows} > {log} 2>&1"


rule descent_costs:
    output:
        costs="results/functions/costs/process-{process}.csv",
        record="results/functions/costs/process-{process}-record.json",
    log:
        "results/logs/functions/costs/process-{process}.log",
    wildcard_constraints:
        process="[0-9]+",
    params:
        cases="\n".join(case.to_json() for case in functions.cases(config)),
        seconds=config["functions"]["seconds"],
        code=digest("experiments.functions.cost"),
    shell:
        "forwardgrad descent-cost --cases {params.cases:q} --seconds {params.seconds} --output {output.costs}"
        " > {log} 2>&1"


rule functions_frames:
    input:
        curves=functions.files(config, ".csv"),
        runs=functions.files(config, "-runs.csv"),
        contraction=functions.contractions(config, ".csv"),
        costs=functions.costs(config, ".csv"),
        records=functions.records(config),
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
    shell:
        "forwardgrad functions-frames --curves {input.curves} --runs {input.runs} --contraction {input.contraction}"
        " --costs {input.costs} --records {input.records} > {log} 2>&1"
