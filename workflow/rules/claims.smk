# The ledger: every claim judged by its evidence, each a target of its own; and what must hold whatever comes of them.


wildcard_constraints:
    claim="[a-z][a-z0-9_]*",


# A verdict never fails the build.
rule claim:
    input:
        run=lambda wildcards: evidence_of(wildcards.claim),
        published=lambda wildcards: published_evidence_of(wildcards.claim),
    output:
        row="results/claims/{claim}.json",
    log:
        "results/logs/claims/{claim}.log",
    params:
        claim=lambda wildcards: json.dumps(entry_of(wildcards.claim), sort_keys=True),
        code=digest("claims"),
    shell:
        "forwardgrad claim --claim {params.claim:q} --run {input.run} --published {input.published}"
        " --output {output.row} > {log} 2>&1"


# A claim whose experiment is not run has no evidence: its row says so, without a job of its own.
rule claims:
    input:
        rows=[f"results/claims/{name}.json" for name in LEDGER["claims"] if has_evidence(name)],
    output:
        table=report(
            "results/tables/claims.csv", caption="../report/claims.rst", category="Tables", labels={"table": "claims"}
        ),
    log:
        "results/logs/tables/claims.log",
    params:
        rest=json.dumps([entry_of(name) for name in LEDGER["claims"] if not has_evidence(name)], sort_keys=True),
        order=list(LEDGER["claims"]),
        code=digest("claims"),
    script:
        "../scripts/claims.py"


# A broken invariant stops the build: it is a fault of the program, not a result.
rule invariants:
    input:
        frames=[ledger.path_of(frame) for experiment in config["run"] for frame in ledger.frames_made_by(experiment)],
    output:
        table="results/tables/invariants.csv",
    log:
        "results/logs/tables/invariants.log",
    params:
        code=digest("invariants"),
    script:
        "../scripts/invariants.py"
