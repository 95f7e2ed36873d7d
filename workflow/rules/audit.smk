# What the defects of published reproductions do, each by a small computation; and the tangents of three of them.


rule audit_table:
    input:
        defects="report/audit.yaml",
        data=arrays_if_found("penguins"),
    output:
        table=report(
            "results/tables/audit.csv", caption="../report/audit.rst", category="Tables", labels={"table": "audit"}
        ),
        moments="results/frames/audit-moments.csv",
    log:
        "results/logs/tables/audit.log",
    params:
        data=lambda wildcards, input: f"--data {input.data}" if input.data else "",
        code=digest("experiments.audit.compute"),
    shell:
        "forwardgrad audit --defects {input.defects} {params.data} --output {output.table} --moments {output.moments}"
        " > {log} 2>&1"


rule audit_figure:
    input:
        moments=rules.audit_table.output.moments,
    output:
        figure=report(
            "results/figures/audit/second-moments.svg",
            caption="../report/second_moments.rst",
            category="Figures",
            labels={"figure": "second moments of tangents"},
        ),
        beside=multiext("results/figures/audit/second-moments", ".png", ".csv"),
    log:
        "results/logs/figures/audit/second-moments.log",
    params:
        code=digest("experiments.audit.figures.second_moments"),
    script:
        "../scripts/second_moments.py"


rule audit:
    input:
        rules.audit_table.output.table,
        rules.audit_figure.output.figure,
