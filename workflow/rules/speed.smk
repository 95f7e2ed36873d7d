# What one step costs: measured on untrained networks, joined, set beside the paper's numbers, drawn.


# Alone on the machine: it takes every core, though torch gets two threads whatever there is. A network is measured in
# several processes, because what differs between two of them is not seen within one.
rule bench:
    output:
        rows="results/speed/{device}/{network}/batch-{batch_size}/process-{process}.json",
        record="results/speed/{device}/{network}/batch-{batch_size}/process-{process}-record.json",
    log:
        "results/logs/speed/{device}/{network}/batch-{batch_size}-process-{process}.log",
    threads: workflow.cores
    params:
        arguments=lambda wildcards: measurement_at(wildcards).arguments(int(wildcards.process)),
        seconds=config["speed"]["seconds"] / config["speed"]["processes"],
        code=digest("experiments.speed.measure"),
    shell:
        "forwardgrad bench {params.arguments} --threads 2 --seconds {params.seconds} --rounds 3"
        " --json {output.rows} --record {output.record} > {log} 2>&1"


rule speed_frame:
    input:
        rows=speed_files(".json"),
        records=speed_files("-record.json"),
    output:
        frame="results/frames/speed.csv",
        processes="results/frames/speed-processes.csv",
        provenance="results/frames/speed-provenance.json",
    log:
        "results/logs/frames/speed.log",
    params:
        code=digest("experiments.speed.tables"),
    script:
        "../scripts/speed_frame.py"


rule speed_table:
    input:
        frame=rules.speed_frame.output.frame,
        quoted="report/quoted.csv",
    output:
        ratios=report(
            "results/tables/speed/ratios.csv",
            caption="../report/speed_ratios.rst",
            category="Tables",
            subcategory="speed",
            labels={"table": "cost of a step"},
        ),
    log:
        "results/logs/tables/speed.log",
    params:
        code=digest("experiments.speed.tables", "experiments.training.tables"),
    script:
        "../scripts/speed_table.py"


for name, title in {
    "cost": "cost of a step by method",
    "depth": "cost against depth",
    "memory": "memory against depth",
    "batch": "cost against batch size",
}.items():

    rule:
        name:
            f"speed_{name}"
        input:
            frame=rules.speed_frame.output.frame,
            quoted="report/quoted.csv",
        output:
            figure=report(
                f"results/figures/speed/{{device}}-{name}.svg",
                caption=f"../report/speed_{name}.rst",
                category="Figures",
                subcategory="speed",
                labels={"device": "{device}", "figure": title},
            ),
            beside=multiext(f"results/figures/speed/{{device}}-{name}", ".png", ".csv"),
        log:
            f"results/logs/figures/speed/{{device}}-{name}.log",
        params:
            name=name,
            code=digest("experiments.speed.figures.scaling", "experiments.speed.tables"),
        script:
            "../scripts/speed_figure.py"
