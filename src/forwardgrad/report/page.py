"""The report: one page that says what was run, on what, with what outcome, from files alone.

Every number comes from a file that the pipeline wrote, from the configuration, or from the quoted
numbers of others. This module gathers them into plain values; the templates hold the prose.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from forwardgrad.claims import section as claims_section
from forwardgrad.claims.verdicts import VERDICTS
from forwardgrad.experiments.estimators import plan as estimation
from forwardgrad.experiments.estimators import section as estimators_section
from forwardgrad.experiments.functions import plan as cases
from forwardgrad.experiments.functions import section as functions_section
from forwardgrad.experiments.speed import section as speed_section
from forwardgrad.experiments.speed.plan import SPEED
from forwardgrad.experiments.training.analyses.loss_ratios import EQUIVALENCE
from forwardgrad.experiments.training.analyses.rates import by_grid, by_method
from forwardgrad.experiments.training.plan import expand
from forwardgrad.experiments.training.section import gather_experiment
from forwardgrad.experiments.training.tables import BUSY
from forwardgrad.machine import provenance
from forwardgrad.plotting import labels
from forwardgrad.plotting.page import figure
from forwardgrad.report.markup import sentence, tex, without_dead_links
from forwardgrad.report.wording import impossible_combinations, left_to
from forwardgrad.results.quoted import read_quoted
from forwardgrad.results.statistics import FEWEST, LEVEL

# Experiments about accuracy for its cost, by name or kind: they come after those about either.
FRONTIER = {"fair", "controls", "convergence", "tuning", estimation.EXPERIMENT}

# What the page shows of experiments that are no training runs.
SECTIONS = {
    SPEED: speed_section.gather,
    cases.EXPERIMENT: functions_section.gather,
    estimation.EXPERIMENT: estimators_section.gather,
}


@dataclass(frozen=True)
class Sources:
    """Where the report's parts lie.

    Attributes:
        results: Folder of results.
        figures: SVG figures to show, `.../{experiment}/{name}.svg`, in order.
        templates: Folder of templates and style.
        quoted: Numbers that others published (`tables.QUOTED`).
        root: The repository.
        configfiles: Configuration files that were named beside the default one.
        notebooks: Pages of the notebooks that were executed.
    """

    results: Path
    figures: Sequence[Path]
    templates: Path
    quoted: Path
    root: Path
    configfiles: Sequence[str] = ()
    notebooks: Sequence[Path] = ()


def write_report(output: Path, config: Mapping[str, Any], full: Mapping[str, Any], sources: Sources) -> None:
    """Write the page.

    Args:
        output: HTML file.
        config: The configuration that was run.
        full: The configuration of the full protocol, for what is left to it.
        sources: Where everything lies.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(sources.templates),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"labels": labels, "fewest": FEWEST, "percent": f"{LEVEL:.0%}".rstrip("%")}
    environment.globals |= {"VERDICTS": VERDICTS, "redo": partial(redo, sources.configfiles), "by_grid": by_grid}
    environment.globals |= {"by_method": by_method, "equivalence": EQUIVALENCE, "BUSY": BUSY}
    environment.filters |= {"sentence": sentence, "tex": tex}
    environment.filters["link"] = lambda path: os.path.relpath(path, output.parent)
    page = environment.get_template("index.html.j2").render(gather(config, full, sources))
    output.write_text(without_dead_links(page), encoding="utf-8")


def redo(configfiles: Sequence[str], target: object = "") -> str:
    """Return the command that makes `target` again, under the configuration that the page shows."""
    # Targets come first: --configfile takes all that follows it for files.
    named = ["--configfile", *configfiles] if configfiles else []
    return " ".join(filter(None, ["snakemake --cores all", str(target), *named]))


def gather(config: Mapping[str, Any], full: Mapping[str, Any], sources: Sources) -> dict[str, Any]:
    """Return everything that the page shows."""
    records = [json.loads(path.read_text()) for path in sorted((sources.results / "data").glob("*.json"))]
    runs = expand(config)
    used = {run.dataset for run in runs}
    used |= {dataset for dataset, _ in estimation.networks(config)} if estimation.EXPERIMENT in config["run"] else set()
    records = [record for record in records if record["dataset"] in used]
    missing = {record["dataset"]: record for record in records if not record["available"]}
    quoted = read_quoted(sources.quoted)
    experiments = [
        SECTIONS[name](config, full, sources.results, figures_of(name, sources))
        if name in SECTIONS
        else gather_experiment(
            name, config, runs, quoted[quoted["source"] == name], missing, sources.results, figures_of(name, sources)
        )
        for name in config["run"]
    ]
    anchors = {entry["anchor"] for experiment in experiments for entry in experiment["figures"]}
    anchors |= {entry["anchor"] for one in experiments for cell in one.get("cells", []) for entry in cell["figures"]}
    return {
        "experiments": experiments,
        "part": by_part(experiments),
        **claims_section.gather(sources.results, sources.root / "report/claims.yaml", anchors),
        "claims_table": sources.results / "tables/claims.csv",
        "audit": table_of("audit", sources),
        "audit_figures": figures_of("audit", sources),
        "results": sources.results,
        "records": records,
        "missing": [(record, sum(run.dataset == name for run in runs)) for name, record in missing.items()],
        "impossible": impossible_combinations(config),
        "left": left_to(full, runs),
        "ended": sum((experiment["ended"] for experiment in experiments), start=0),
        "planned": len(runs),
        "diverged": sum((experiment["diverged"] for experiment in experiments), start=0),
        "made": made_with(experiments),
        "notebooks": [(heading(page, sources.root), page) for page in sources.notebooks],
        "versions": provenance.versions(),
        "host": provenance.host(),
        "commit": provenance.commit(sources.root),
    }


def by_part(experiments: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Return the experiments by the part of the page that they belong to: results, cost or frontier."""
    parts: dict[str, list[Mapping[str, Any]]] = {"results": [], "cost": [], "frontier": []}
    for experiment in experiments:
        late = {experiment["key"], experiment.get("kind")} & FRONTIER
        parts["cost" if experiment["key"] == SPEED else "frontier" if late else "results"].append(experiment)
    return parts


def made_with(experiments: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the distinct software and machines, each with the `parts` that they made: (title, runs)."""
    groups: dict[str, dict[str, Any]] = {}
    for experiment in experiments:
        for made in experiment["produced_by"]:
            same = {name: value for name, value in made.items() if name != "runs"}
            group = groups.setdefault(json.dumps(same, sort_keys=True), same | {"parts": []})
            group["parts"].append((experiment["title"], made["runs"]))
    return list(groups.values())


def table_of(name: str, sources: Sources) -> list[dict[str, Any]]:
    """Return the rows of a table that belongs to no experiment; none while it has not been made."""
    path = sources.results / "tables" / f"{name}.csv"
    return pd.read_csv(path, keep_default_na=False).to_dict("records") if path.exists() else []


def figures_of(experiment: str, sources: Sources) -> list[dict[str, Any]]:
    """Return the figures of one experiment."""
    return [figure(path) for path in sources.figures if path.parent.name == experiment]


def heading(page: Path, root: Path) -> str:
    """Return the first heading of the notebook that became `page`."""
    lines = (root / "workflow/notebooks" / f"{page.stem}.py").read_text(encoding="utf-8").splitlines()
    return next(line.removeprefix("# # ") for line in lines if line.startswith("# # "))
