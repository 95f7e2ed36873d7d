# The audit: what the defects of published reproductions do, each by a small computation.

from forwardgrad.experiments.audit import plan as audit


rule audit_table:
    input:
        defects="report/audit.yaml",
        data=arrays_of([audit.DATASET]),
    output:
        table=shown(audit.TABLE, "Tables", "audit"),
        moments=audit.MOMENTS,
    log:
        "results/logs/tables/audit.log",
    params:
        data=lambda wildcards, input: f"--data {input.data}" if input.data else "",
        caption="Defects of published reproductions: the correct value of a number, and what it is with the defect.",
        code=digest("experiments.audit.compute"),
    shell:
        "forwardgrad audit --defects {input.defects} {params.data} --output {output.table} --moments {output.moments}"
        " > {log} 2>&1"


rule audit:
    input:
        arrays_of([audit.DATASET]),
        audit.TABLE,
        audit.MOMENTS,
        with_beside(audit.FIGURE),
