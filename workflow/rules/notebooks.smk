# Notebooks: text under version control, executed here and rendered to pages beside the report.

from forwardgrad.report import plan as notebooks


rule notebook:
    input:
        source="workflow/notebooks/{notebook}.py",
        data=lambda wildcards: notebooks.reads(config, wildcards.notebook),
        templates=expand("report/templates/{name}", name=["notebook.html.j2", "notebook.css", "style.css"]),
    output:
        page=shown("report/notebooks/{notebook}.html", "Notebooks", "{notebook}"),
    log:
        "results/logs/notebooks/{notebook}.log",
    params:
        parameters=lambda wildcards: notebooks.parameters(config, wildcards.notebook),
        caption="A notebook as it was executed: text, code and output. It opens without a network.",
        code=digest(
            "report.notebook",
            "plotting.animation",
            "plotting.inline",
            "experiments.speed.baselines",
            "experiments.functions.descent",
            "experiments.functions.figures.contours",
            "experiments.training.figures.curves",
            "experiments.training.frames",
            "experiments.training.train",
        ),
    shell:
        "forwardgrad notebook {input.source} --output {output.page} --parameters {params.parameters:q} > {log} 2>&1"


rule notebooks:
    input:
        notebooks.pages(config),
