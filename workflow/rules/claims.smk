# The ledger: every claim judged by its evidence, each a target of its own; and what must hold whatever the verdicts.

ENTRIES = {name: ledger.entry_of(LEDGER, name, config["run"]) for name in LEDGER["claims"]}


# One claim by itself: what it queries is made first, and nothing else.
rule claim:
    input:
        lambda wildcards: ledger.frames_asked(or_exit(ledger.entry_of, LEDGER, wildcards.claim, config["run"])),
    output:
        row="results/claims/{claim}.json",
    log:
        "results/logs/claims/{claim}.log",
    wildcard_constraints:
        claim="[a-z][a-z0-9_]*",
    params:
        claim=lambda wildcards: json.dumps(ENTRIES[wildcards.claim], sort_keys=True),
        code=digest("claims.verdicts"),
    shell:
        "forwardgrad claim --claim {params.claim:q} --output {output.row} > {log} 2>&1"


# A verdict never fails the build.
rule claims:
    input:
        sorted({frame for entry in ENTRIES.values() for frame in ledger.frames_asked(entry)}),
    output:
        table=shown("results/tables/claims.csv", "Tables", "claims"),
    log:
        "results/logs/tables/claims.log",
    params:
        run=config["run"],
        caption="Every claim of the ledger (report/claims.yaml): what was measured, its 95 % interval, and the verdict.",
        claims=as_text(ENTRIES),
        code=digest("claims.verdicts"),
    shell:
        "forwardgrad claims --run {params.run} --output {output.table} > {log} 2>&1"


# A broken invariant stops the build: it is a fault of the program, not a result.
rule invariants:
    input:
        frames=[frame for experiment in config["run"] for frame in ledger.frames_made_by(experiment)],
    output:
        table="results/tables/invariants.csv",
    log:
        "results/logs/tables/invariants.log",
    params:
        code=digest("claims.invariants"),
    shell:
        "forwardgrad invariants {input.frames} --output {output.table} > {log} 2>&1"
