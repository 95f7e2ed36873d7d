# The experiment `networks`: its steps are measured by the rule `bench` of `speed`, and this is their frame.

from forwardgrad.experiments.networks import plan as architectures
from forwardgrad.experiments.speed import plan as speed


rule networks_frame:
    input:
        rows=speed.files(config, architectures.steps(config)),
        records=speed.files(config, architectures.steps(config), "-record.json"),
    output:
        frame="results/frames/networks.csv",
        provenance="results/frames/networks-provenance.json",
    log:
        "results/logs/frames/networks.log",
    params:
        code=digest("experiments.speed.tables"),
    shell:
        "forwardgrad step-frames networks --rows {input.rows} > {log} 2>&1"
