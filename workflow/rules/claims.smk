# The ledger: every claim judged by its evidence, each a target of its own; and what must hold whatever comes of them.


wildcard_constraints:
    claim="[a-z][a-z0-9_]*",


# One claim by itself: what it asks is made first, and nothing else.
rule claim:
    input:
        lambda wildcards: frames_asked(wildcards.claim),
    output:
        row="results/claims/{claim}.json",
    log:
        "results/logs/claims/{claim}.log",
    params:
        claim=lambda wildcards: json.dumps(entry_of(wildcards.claim), sort_keys=True),
        code=digest("claims.verdicts"),
    shell:
        "forwardgrad claim --claim {params.claim:q} --output {output.row} > {log} 2>&1"


# A verdict never fails the build.
rule claims:
    input:
        sorted({frame for name in LEDGER["claims"] for frame in frames_asked(name)}),
    output:
        table=report(
            "results/tables/claims.csv", caption="../report/claims.rst", category="Tables", labels={"table": "claims"}
        ),
    log:
        "results/logs/tables/claims.log",
    params:
        claims=json.dumps([entry_of(name) for name in LEDGER["claims"]], sort_keys=True),
        code=digest("claims.verdicts"),
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
        code=digest("claims.invariants"),
    script:
        "../scripts/invariants.py"
