# The page that says what was run, on what, with what outcome; the same as a PDF; notebooks; and the first words of
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
        figures=lambda _: [svg for name in config["run"] for svg in files_of("figures", name)(_)] + [audit.FIGURE],
        audit=audit.TABLE,
        templates=sorted(str(path) for path in Path("report/templates").rglob("*.*")),
        claims="results/tables/claims.csv",
        invariants="results/tables/invariants.csv",
        ledger="report/claims.yaml",
        quoted="report/quoted.csv",
    output:
        page=shown("report/index.html", "Report", "page"),
    log:
        "results/logs/report.log",
    params:
        config=as_text(config),
        full=as_text(FULL),
        notebooks=notebooks.pages(config),
        configfiles=[os.path.relpath(path) for path in workflow.overwrite_configfiles],
        caption="The report: what was run, on what data, with what outcome.",
        code=digest("report.page", "catalogue", *(f"experiments.{kind}.section" for kind in KINDS)),
    shell:
        "forwardgrad report --config {params.config:q} --full {params.full:q} --figures {input.figures}"
        " --notebooks {params.notebooks} --configfiles {params.configfiles:q} --output {output.page} > {log} 2>&1"


rule document:
    input:
        page=rules.report.output.page,
        style="report/templates/report.typ",
    output:
        document=shown("report/report.pdf", "Report", "PDF"),
    log:
        "results/logs/document.log",
    params:
        caption="The report, to print.",
        code=digest("report.document"),
    shell:
        "forwardgrad document {input.page} --output {output.document} > {log} 2>&1"
