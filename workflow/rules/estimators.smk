# Many estimates of one gradient: drawn for each network, joined, set beside their formulae, drawn as figures.


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
        arguments=lambda wildcards: estimation.arguments(config, *network_at(wildcards)),
        code=digest("experiments.estimators.sample"),
    shell:
        "forwardgrad estimates {params.arguments} --data {input.arrays} --output {output.rows} > {log} 2>&1"


rule estimators_frame:
    input:
        rows=lambda _: estimator_files(".csv"),
        clouds=lambda _: estimator_files("-cloud.csv"),
        records=lambda _: estimator_files("-record.json"),
    output:
        frame="results/frames/estimators.csv",
        clouds="results/frames/estimators-clouds.csv",
        provenance="results/frames/estimators-provenance.json",
    log:
        "results/logs/frames/estimators.log",
    params:
        code=digest("experiments.estimators.tables"),
    script:
        "../scripts/estimators_frame.py"


rule estimators_table:
    input:
        frame=rules.estimators_frame.output.frame,
    output:
        summary=report(
            "results/tables/estimators/summary.csv",
            caption="../report/estimators_summary.rst",
            category="Tables",
            subcategory="estimators",
            labels={"table": "measured and formula"},
        ),
    log:
        "results/logs/tables/estimators.log",
    params:
        code=digest("experiments.estimators.tables"),
    script:
        "../scripts/estimators_table.py"


for name, title in {
    "moments": "measured over formula",
    "closing": "mean of many estimates",
    "cloud": "single estimates",
}.items():

    rule:
        name:
            f"estimators_{name}"
        input:
            frame=rules.estimators_frame.output.frame,
            clouds=rules.estimators_frame.output.clouds,
        output:
            figure=report(
                f"results/figures/estimators/{name}.svg",
                caption=f"../report/estimators_{name}.rst",
                category="Figures",
                subcategory="estimators",
                labels={"figure": title},
            ),
            beside=multiext(f"results/figures/estimators/{name}", ".png", ".csv"),
        log:
            f"results/logs/figures/estimators/{name}.log",
        params:
            name=name,
            code=digest("experiments.estimators.figures.estimates"),
        script:
            "../scripts/estimators_figure.py"
