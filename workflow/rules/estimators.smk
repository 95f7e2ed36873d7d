# The experiment `estimators`: many estimates of one gradient, drawn for each network, joined into frames.

from forwardgrad.experiments.estimators import plan as estimators


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


rule curvature:
    input:
        data=arrays_of([estimators.CURVED]),
    output:
        rows=estimators.CURVATURE,
        record=estimators.CURVATURE_RECORD,
    log:
        "results/logs/estimators/curvature.log",
    params:
        data=lambda wildcards, input: f"--data {input.data}" if input.data else "",
        draws=estimators.curvature_draws(config) if estimators.EXPERIMENT in config else 1,
        code=digest("experiments.estimators.curvature"),
    shell:
        "forwardgrad curvature {params.data} --draws {params.draws} --output {output.rows} > {log} 2>&1"


rule variance:
    input:
        data=arrays_of([estimators.CURVED]),
    output:
        rows=estimators.VARIANCE,
        record=estimators.VARIANCE_RECORD,
    log:
        "results/logs/estimators/variance.log",
    params:
        data=lambda wildcards, input: f"--data {input.data}" if input.data else "",
        draws=estimators.variance_draws(config) if estimators.EXPERIMENT in config else 1,
        code=digest("experiments.estimators.variance"),
    shell:
        "forwardgrad variance {params.data} --draws {params.draws} --output {output.rows} > {log} 2>&1"


rule estimators_frames:
    input:
        curvature=estimators.CURVATURE,
        curvature_record=estimators.CURVATURE_RECORD,
        variance=estimators.VARIANCE,
        variance_record=estimators.VARIANCE_RECORD,
        rows=lambda _: estimators.files(config, available(estimators.datasets(config)), ".csv"),
        clouds=lambda _: estimators.files(config, available(estimators.datasets(config)), "-cloud.csv"),
        records=lambda _: estimators.files(config, available(estimators.datasets(config)), "-record.json"),
    output:
        frame="results/frames/estimators.csv",
        clouds="results/frames/estimators-clouds.csv",
        curvature="results/frames/estimators-curvature.csv",
        variance="results/frames/estimators-variance.csv",
        provenance="results/frames/estimators-provenance.json",
    log:
        "results/logs/frames/estimators.log",
    params:
        code=digest("experiments.estimators.tables"),
    shell:
        "forwardgrad estimators-frames --rows {input.rows} --curvature {input.curvature}"
        " --variance {input.variance} > {log} 2>&1"
