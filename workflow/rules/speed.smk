# What one step costs, of every network, batch size and method that an experiment asks for; and the frames of `speed`.

from forwardgrad.experiments import kinds
from forwardgrad.experiments.speed import plan as speed

STEPS = kinds.steps(config)


# On one thread it takes one core, and whatever runs beside it does not count. A network is measured in several
# processes, because what differs between two of them is not seen within one.
rule bench:
    output:
        rows="results/steps/{path}/process-{process}.json",
        record="results/steps/{path}/process-{process}-record.json",
    log:
        "results/logs/steps/{path}/process-{process}.log",
    wildcard_constraints:
        path="[a-z]+/[a-z][a-z0-9_]*/batch-[0-9]+/threads-[0-9]+",
        process="[0-9]+",
    priority: lambda wildcards: -int(wildcards.process)
    threads: lambda wildcards: int(wildcards.path.rpartition("-")[2])
    params:
        arguments=lambda wildcards: or_exit(speed.arguments, config, STEPS, wildcards.path, int(wildcards.process)),
        seconds=config["timing"]["seconds"],
        code=digest("experiments.speed.bench"),
    shell:
        "forwardgrad bench {params.arguments} --seconds {params.seconds} --json {output.rows}"
        " --record {output.record} > {log} 2>&1"


rule speed_frames:
    input:
        rows=speed.files(config, speed.steps(config)) + GPU["rows"],
        records=speed.files(config, speed.steps(config), "-record.json")
        + [f"{path.removesuffix('.json')}-record.json" for path in GPU["rows"]],
    output:
        frame="results/frames/speed.csv",
        processes="results/frames/speed-processes.csv",
        wall="results/frames/speed-wall.csv",
        provenance="results/frames/speed-provenance.json",
    log:
        "results/logs/frames/speed.log",
    params:
        code=digest("experiments.speed.tables"),
    shell:
        "forwardgrad step-frames speed --rows {input.rows} > {log} 2>&1"
