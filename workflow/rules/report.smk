# The site that says what was run, on what, with what outcome, the same as a PDF in it; and the first words of
# `snakemake --report`.


report: "../report/workflow.rst"


# The configuration of the full protocol, for what this run leaves out.
FULL = or_exit(read_mapping, Path("config/config.yaml"))
update_config(FULL, or_exit(read_mapping, Path("config/paper.yaml")) | {"tuned": config["tuned"]})


rule report:
    input:
        records=[record for experiment in config["run"] for record in records_of(experiment)],
        provenance=expand("results/frames/{experiment}-provenance.json", experiment=config["run"]),
        tables=[table for experiment in config["run"] for table in tables_of(experiment)],
        figures=lambda _: [svg for name in config["run"] for svg in files_of("figures", name)(_)]
        + [audit.FIGURE, *published.PATHS],
        audit=audit.TABLE,
        templates=sorted(str(path) for path in Path("report/templates").rglob("*.*")),
        claims="results/tables/claims.csv",
        invariants="results/tables/invariants.csv",
        ledger="report/claims.yaml",
        notebooks=notebooks.pages(config),
        citation="CITATION.cff",
        quoted="report/quoted.csv",
    output:
        site=report(
            directory("report/site"), caption="../report/caption.rst", category="Report", htmlindex="index.html"
        ),
    log:
        "results/logs/report.log",
    params:
        config=as_text(asked_for(config)),
        full=as_text(asked_for(FULL)),
        configfiles=[os.path.relpath(path) for path in workflow.overwrite_configfiles],
        caption="The report: what was run, on what data, with what outcome.",
        code=digest("report.site", "report.document", "catalogue", *(f"experiments.{kind}.section" for kind in KINDS)),
    shell:
        "(forwardgrad report --config {params.config:q} --full {params.full:q} --figures {input.figures}"
        " --notebooks {input.notebooks} --configfiles {params.configfiles:q} --output {output.site}"
        " && forwardgrad document {output.site} --output {output.site}/report.pdf) > {log} 2>&1"
