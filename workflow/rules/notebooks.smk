# Notebooks: text under version control, executed here and rendered to pages beside the report.


rule notebook:
    input:
        source="workflow/notebooks/{notebook}.py",
        data=notebook_data,
        templates=expand("report/templates/{name}", name=["notebook.html.j2", "notebook.css", "style.css"]),
    output:
        page=report(
            "report/notebooks/{notebook}.html",
            caption="../report/notebook.rst",
            category="Notebooks",
            labels={"notebook": "{notebook}"},
        ),
    log:
        "results/logs/notebooks/{notebook}.log",
    params:
        parameters=notebook_parameters,
        code=digest(
            "report.notebook", "plotting.animation", "plotting.inline", "experiments.speed.baselines", "experiments.functions.definitions", "experiments.training.frames", "experiments.training.train"
        ),
    shell:
        "forwardgrad notebook {input.source} --output {output.page} --parameters {params.parameters:q} > {log} 2>&1"


rule notebooks:
    input:
        notebook_pages(),
