# The experiment `speed`: what one step costs, measured on untrained networks, joined into frames.

from forwardgrad.experiments.speed import plan as speed


# Alone on the machine: it takes every core, though torch gets two threads whatever there is. A network is measured in
# several processes, because what differs between two of them is not seen within one.
rule bench:
    output:
        rows="results/speed/{path}/process-{process}.json",
        record="results/speed/{path}/process-{process}-record.json",
    log:
        "results/logs/speed/{path}/process-{process}.log",
    wildcard_constraints:
        path="[a-z]+/[a-z][a-z0-9_]*/batch-[0-9]+",
        process="[0-9]+",
    threads: workflow.cores
    params:
        arguments=lambda wildcards: or_exit(speed.arguments, config, wildcards.path, int(wildcards.process)),
        seconds=config["speed"]["seconds"] / config["speed"]["processes"],
        code=digest("experiments.speed.measure"),
    shell:
        "forwardgrad bench {params.arguments} --threads 2 --seconds {params.seconds} --rounds 3"
        " --json {output.rows} --record {output.record} > {log} 2>&1"


rule speed_frames:
    input:
        rows=speed.files(config, ".json"),
        records=speed.files(config, "-record.json"),
    output:
        frame="results/frames/speed.csv",
        processes="results/frames/speed-processes.csv",
        provenance="results/frames/speed-provenance.json",
    log:
        "results/logs/frames/speed.log",
    params:
        code=digest("experiments.speed.tables"),
    shell:
        "forwardgrad speed-frames --rows {input.rows} > {log} 2>&1"
