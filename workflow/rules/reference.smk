# The published results: written from a run on request, and compared with a run.

from forwardgrad.reference import readme


# Under version control, and with it what README and ARTIFACT.md state: ask for it after a default run on a quiet
# machine. These two are no outputs here, since outputs are deleted before a job runs.
rule reference:
    input:
        rules.all.input,
        templates=[
            f"report/templates/{Path(file).stem.lower()}_{name}.md.j2"
            for file, names in readme.BLOCKS.items()
            for name in names
        ],
    output:
        record="results/reference/record.json",
        site=directory("report/reference"),
    log:
        "results/logs/reference.log",
    params:
        code=digest("reference.pages", "reference.publish"),
    shell:
        "forwardgrad publish > {log} 2>&1"


# The runs on all of MNIST, hours of them, and the steps of more networks, for claims that a default run has no evidence
# for. Published runs of experiments that are not in `run` stay: nothing here is an output, which would be deleted first.
FULL_RUNS = [experiment for experiment in ("mnist", "controls", "frontier") if experiment in config["run"]]


rule reference_paper:
    input:
        [all_of(experiment) for experiment in FULL_RUNS],
        "results/frames/speed.csv" if "speed" in config["run"] else [],
    log:
        "results/logs/reference-paper.log",
    params:
        experiments=FULL_RUNS,
        code=digest("reference.publish"),
    shell:
        "forwardgrad publish --full {params.experiments} --reference results/reference/paper > {log} 2>&1"


rule verify:
    input:
        rules.all.input,
    log:
        "results/logs/verify.log",
    shell:
        "forwardgrad verify | tee {log}"
