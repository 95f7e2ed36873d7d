# Notebooks: text under version control, executed here and rendered to pages beside the report.


def explored():
    """Return the experiment that the notebook on results reads: the first to be run that trains at fixed rates."""
    trained = [name for name in config["run"] if kind_of(name) == "training"]
    return next((name for name in trained if not training.is_grid(training.all_runs(config, name))), None)


def notebook_pages():
    """Return the pages of the notebooks that the configuration names and that have something to show."""
    names = config.get("notebooks", {}).get("show", [])
    return [f"report/notebooks/{name}.html" for name in names if name != "explore_results" or explored()]


def notebook_data(wildcards):
    """Return the results that a notebook reads."""
    frames = [f"results/frames/{explored()}{end}" for end in (".csv", "-runs.csv", "-costs.csv", "-provenance.json")]
    return {"forward_gradient": ["results/data/mnist5k.npz"], "explore_results": frames}.get(wildcards.notebook, [])


def notebook_parameters(wildcards):
    """Return the parameters of a notebook, as JSON."""
    if wildcards.notebook == "explore_results":
        return json.dumps({"experiment": explored()})
    return json.dumps({"quick": config["notebooks"]["quick"]})


rule notebook:
    input:
        source="workflow/notebooks/{notebook}.py",
        data=notebook_data,
        templates=expand("report/templates/{name}", name=["notebook.html.j2", "notebook.css", "style.css"]),
    output:
        page=shown("report/notebooks/{notebook}.html", "Notebooks", "{notebook}"),
    log:
        "results/logs/notebooks/{notebook}.log",
    params:
        parameters=notebook_parameters,
        caption="A notebook as it was executed: text, code and output. It opens without a network.",
        code=digest(
            "report.notebook",
            "plotting.animation",
            "plotting.inline",
            "experiments.speed.baselines",
            "experiments.functions.definitions",
            "experiments.training.frames",
            "experiments.training.train",
        ),
        # fmt: skip
    shell:
        "forwardgrad notebook {input.source} --output {output.page} --parameters {params.parameters:q} > {log} 2>&1"


rule notebooks:
    input:
        notebook_pages(),
