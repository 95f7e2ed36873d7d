"""The report: one page that shows what was run, on what data, with what outcome, from files alone.

Every number comes from a file that the pipeline wrote, from the configuration, or from the quoted
numbers of others. This module gathers them into plain values; the templates hold the prose.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from forwardgrad.claims import section as claims_section
from forwardgrad.claims.verdicts import VERDICTS
from forwardgrad.experiments.kinds import kind_of, part_of, plan_of, room
from forwardgrad.experiments.shown import Shown
from forwardgrad.experiments.training.analyses.loss_ratios import EQUIVALENCE
from forwardgrad.experiments.training.analyses.rates import by_grid, by_method
from forwardgrad.experiments.training.runs import expand
from forwardgrad.files import write_atomically
from forwardgrad.machine import provenance
from forwardgrad.plotting import labels
from forwardgrad.plotting.page import figure
from forwardgrad.report.markup import sentence, templates_of, tex, without_dead_links
from forwardgrad.report.not_run import impossible_combinations, left_to
from forwardgrad.results.folder import Results
from forwardgrad.results.statistics import FEWEST, LEVEL, RESAMPLED

PARTS = ("results", "cost", "frontier")


@dataclass(frozen=True)
class Sources:
    """Where the report's parts lie.

    Attributes:
        results: Where results lie.
        figures: SVG figures to show, `.../{experiment}/{name}.svg`, in order.
        templates: Folder of templates and style.
        root: The repository.
        configfiles: Configuration files that were named beside the default one.
        notebooks: Pages of the notebooks that were executed.
    """

    results: Results
    figures: Sequence[Path]
    templates: Path
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
    environment = templates_of(sources.templates, autoescape=True)
    environment.globals |= {
        "labels": labels,
        "fewest": FEWEST,
        "percent": f"{LEVEL:.0%}".rstrip("%"),
        "resampled": RESAMPLED,
        "missing_share": f"{1 - LEVEL:.0%}".replace("%", " %"),
    }
    environment.globals |= {"VERDICTS": VERDICTS, "redo": partial(redo, sources.configfiles), "by_grid": by_grid}
    environment.globals |= {"by_method": by_method, "equivalence": EQUIVALENCE}
    environment.filters |= {"sentence": sentence, "tex": tex}
    environment.filters["link"] = lambda path: os.path.relpath(path, output.parent)
    page = environment.get_template("index.html.j2").render(gather(config, full, sources))
    write_atomically(output, without_dead_links(page))


def redo(configfiles: Sequence[str], target: object = "") -> str:
    """Return the command that makes `target` again, under the configuration that the page shows."""
    # Targets come first: --configfile takes all that follows it for files.
    named = ["--configfile", *configfiles] if configfiles else []
    return " ".join(filter(None, ["snakemake --cores all", str(target), *named]))


def gather(config: Mapping[str, Any], full: Mapping[str, Any], sources: Sources) -> dict[str, Any]:
    """Return everything that the page shows."""
    results, runs = sources.results, expand(config)
    experiments = {
        name: room(kind_of(name), "section").gather(Shown(name, config, full, results, figures_of(name, sources)))
        for name in config["run"]
    }
    records = results.data_records()
    used = {dataset for name in config["run"] for dataset in plan_of(name).datasets(config, name)}
    missing = {name: record for name, record in records.items() if name in used and not record["available"]}
    figures = [entry for each in experiments.values() for entry in each["figures"]]
    figures += [entry for each in experiments.values() for cell in each.get("cells", []) for entry in cell["figures"]]
    return {
        "experiments": list(experiments.values()),
        "part": {part: [each for name, each in experiments.items() if part_of(config, name) == part] for part in PARTS},
        **claims_section.gather(
            results.folder, sources.root / "report/claims.yaml", {each["anchor"] for each in figures}
        ),
        "audit": table_of("audit", results),
        "audit_figures": figures_of("audit", sources),
        "results": results.folder,
        "records": [record for name, record in records.items() if name in used],
        "missing": [(record, sum(run.dataset == name for run in runs)) for name, record in missing.items()],
        "impossible": impossible_combinations(config),
        "left": left_to(full, runs),
        "ended": sum(each.get("ended", 0) for each in experiments.values()),
        "planned": len(runs),
        "diverged": sum(each.get("diverged", 0) for each in experiments.values()),
        "made": made_with(experiments.values()),
        "notebooks": [(heading(page, sources.root), page) for page in sources.notebooks],
        "versions": provenance.versions(),
        "host": provenance.host(),
        "commit": provenance.commit(sources.root),
    }


def made_with(experiments: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the distinct software and machines, each with the `parts` that they made: (title, runs)."""
    groups: dict[str, dict[str, Any]] = {}
    for experiment in experiments:
        for made in experiment["produced_by"]:
            same = {name: value for name, value in made.items() if name != "runs"}
            group = groups.setdefault(json.dumps(same, sort_keys=True), same | {"parts": []})
            group["parts"].append((experiment["title"], made["runs"]))
    return list(groups.values())


def table_of(name: str, results: Results) -> list[dict[str, Any]]:
    """Return the rows of a table that belongs to no experiment; none while it has not been made."""
    path = results.folder / "tables" / f"{name}.csv"
    return pd.read_csv(path, keep_default_na=False).to_dict("records") if path.exists() else []


def figures_of(experiment: str, sources: Sources) -> list[dict[str, Any]]:
    """Return the figures of one experiment."""
    return [figure(path) for path in sources.figures if path.parent.name == experiment]


def heading(page: Path, root: Path) -> str:
    """Return the first heading of the notebook that became `page`."""
    lines = (root / "workflow/notebooks" / f"{page.stem}.py").read_text(encoding="utf-8").splitlines()
    return next(line.removeprefix("# # ") for line in lines if line.startswith("# # "))
