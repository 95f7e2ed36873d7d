"""What the report shows: what was run, on what data, with what outcome, from files alone.

Every number comes from a file that the pipeline wrote, from the configuration, or from the quoted
numbers of others. This module gathers them into plain values; the templates hold the prose.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forwardgrad.claims import section as claims_section
from forwardgrad.experiments.audit import section as audit_section
from forwardgrad.experiments.kinds import AUDIT, PUBLISHED, kind_of, part_of, plan_of, room
from forwardgrad.experiments.published import section as published_section
from forwardgrad.experiments.shown import Shown
from forwardgrad.experiments.training.runs import expand
from forwardgrad.machine import provenance
from forwardgrad.plotting.page import figure
from forwardgrad.report.not_run import impossible_combinations, left_to
from forwardgrad.results.folder import Results
from forwardgrad.results.reading import read_csv

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
    cells = [(name, cell) for name, each in experiments.items() for cell in each.get("cells", [])]
    anchors = {f"{name}-{cell['dataset']}-{cell['model']}" for name, cell in cells}
    figures = [told(each["figures"], each.get("alternatives", {})) for each in experiments.values()]
    figures += [told(cell["figures"], experiments[name]["alternatives"]) for name, cell in cells]
    published, audit = figures_of(PUBLISHED, sources), figures_of(AUDIT, sources)
    figures += [told(published, published_section.alternatives(results) if published else {})]
    figures += [told(audit, audit_section.alternatives(results) if audit else {})]
    figures = [entry for own in figures for entry in own]
    return {
        "experiments": list(experiments.values()),
        "figure": {each["name"]: each for each in figures},
        "part": {part: [each for name, each in experiments.items() if part_of(config, name) == part] for part in PARTS},
        **claims_section.gather(
            results.folder, sources.root / "report/claims.yaml", anchors | {each["anchor"] for each in figures}
        ),
        "paper": quoted_of("paper", results),
        "audit": table_of("audit", results),
        "audit_figures": audit,
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
    return read_csv(path, keep_default_na=False).to_dict("records") if path.exists() else []


def quoted_of(source: str, results: Results) -> dict[str, float]:
    """Return the numbers that `source` published of networks, by `network/method/quantity`."""
    quoted = results.quoted()
    own = quoted[(quoted["source"] == source) & (quoted["dataset"] == "")]
    return {f"{row.model}/{row.method}/{row.quantity}": float(row.value) for row in own.itertuples()}


def figures_of(experiment: str, sources: Sources) -> list[dict[str, Any]]:
    """Return the figures of one experiment."""
    return [figure(path) for path in sources.figures if path.parent.name == experiment]


def told(figures: Iterable[dict[str, Any]], findings: Mapping[str, str]) -> list[dict[str, Any]]:
    """Give every figure as its `alternative` text what it finds, its heading and caption if nobody says that."""
    for entry in figures:
        entry["alternative"] = findings.get(entry["stem"]) or entry["words"]
    return list(figures)


def heading(page: Path, root: Path) -> str:
    """Return the first heading of the notebook that became `page`."""
    lines = (root / "workflow/notebooks" / f"{page.stem}.py").read_text(encoding="utf-8").splitlines()
    return next(line.removeprefix("# # ") for line in lines if line.startswith("# # "))
