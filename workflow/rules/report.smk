# The page that says what was run, on what, with what outcome; the same on paper; and the first words of
# `snakemake --report`.


report: "../report/workflow.rst"


rule report:
    input:
        records=[record for experiment in config["run"] for record in records_of(experiment)],
        provenance=expand("results/frames/{experiment}-provenance.json", experiment=config["run"]),
        tables=[table for experiment in config["run"] for table in tables_of(experiment)],
        figures=lambda wildcards: [
            *(svg for experiment in config["run"] for svg in figures_of(experiment)(wildcards)),
            rules.audit_figure.output.figure,
        ],
        audit=rules.audit_table.output.table,
        templates=sorted(str(path) for path in Path("report/templates").rglob("*.*")),
        claims="results/tables/claims.csv",
        invariants="results/tables/invariants.csv",
        ledger="report/claims.yaml",
        quoted="report/quoted.csv",
        default="config/config.yaml",
        full="config/paper.yaml",
    output:
        page=report("report/index.html", caption="../report/page.rst", category="Report", labels={"page": "report"}),
    log:
        "results/logs/report.log",
    params:
        config=json.dumps(config, sort_keys=True),
        notebooks=notebook_pages(),
        configfiles=[os.path.relpath(path) for path in workflow.overwrite_configfiles],
        code=digest("report.page"),
    script:
        "../scripts/report.py"


rule document:
    input:
        page=rules.report.output.page,
        style="report/templates/report.typ",
    output:
        document=report(
            "report/report.pdf", caption="../report/page.rst", category="Report", labels={"page": "report, to print"}
        ),
    log:
        "results/logs/document.log",
    params:
        code=digest("report.document"),
    script:
        "../scripts/document.py"
