# The experiment `estimators`: many estimates of one gradient, drawn for each network, joined into frames.

from forwardgrad.experiments.estimators import plan as estimators


def estimates(suffix):
    """Return an input function for the files of estimates of every network that has its data."""
    return lambda _: estimators.files(config, available(estimators.datasets(config)), suffix)


rule estimates:
    input:
        arrays="results/data/{dataset}.npz",
    output:
        rows="results/estimators/{dataset}/{model}.csv",
        cloud="results/estimators/{dataset}/{model}-cloud.csv",
        record="results/estimators/{dataset}/{model}-record.json",
    log:
        "results/logs/estimators/{dataset}/{model}.log",
    params:
        arguments=lambda wildcards: or_exit(estimators.arguments, config, **wildcards),
        code=digest("experiments.estimators.sample"),
    shell:
        "forwardgrad estimates {params.arguments} --data {input.arrays} --output {output.rows} > {log} 2>&1"


rule estimators_frames:
    input:
        rows=estimates(".csv"),
        clouds=estimates("-cloud.csv"),
        records=estimates("-record.json"),
    output:
        frame="results/frames/estimators.csv",
        clouds="results/frames/estimators-clouds.csv",
        provenance="results/frames/estimators-provenance.json",
    log:
        "results/logs/frames/estimators.log",
    params:
        code=digest("experiments.estimators.tables"),
    shell:
        "forwardgrad estimators-frames --rows {input.rows} > {log} 2>&1"
