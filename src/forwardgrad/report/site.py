"""The report as a small static site: a main page, a page for each experiment, and the files beside them.

A template may link to `#id` wherever on the site the id is, and to a file of the results: the file is copied beside
the pages, so that the folder can be moved, opened from a disk, and served.
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from forwardgrad.claims.verdicts import VERDICTS
from forwardgrad.experiments.training.analyses.loss_ratios import EQUIVALENCE
from forwardgrad.experiments.training.analyses.rates import by_grid, by_method
from forwardgrad.files import write_atomically
from forwardgrad.plotting import labels
from forwardgrad.report.citation import read_citation
from forwardgrad.report.markup import resolved, sentence, templates_of, tex
from forwardgrad.report.page import Sources, gather
from forwardgrad.results.statistics import FEWEST, LEVEL, RESAMPLED

MAIN = "index.html"
DOCUMENT = "report.pdf"
BESIDE = ("style.css", "script.js")  # files of the templates that every page loads

# The pages beside the main one and those of the experiments: name, title. Each is a template in `pages`.
OTHERS = {
    "ledger": "Claims and verdicts",
    "audit": "Audit of published reproductions",
    "provenance": "Deviations, data and provenance",
}


@dataclass(frozen=True)
class Page:
    """A page of the site.

    Attributes:
        path: Where it lies in the site's folder.
        key: The id of its heading; empty on the main page.
        title: Its heading.
        template: What it is written with.
        experiment: What it shows, if it is the page of an experiment.
    """

    path: str
    key: str
    title: str
    template: str
    experiment: Mapping[str, Any] | None = None

    @property
    def top(self) -> str:
        """The way from the page up to the site's folder, as the beginning of a link."""
        return "../" * self.path.count("/")


@dataclass
class Files:
    """The files that pages link to, copied to the site's folder when they are first named.

    Attributes:
        site: The site's folder.
        sources: Where everything lies.
        top: The way from the page that is being written to the site's folder.
        copied: Where copies lie in the site's folder, by the file that each is a copy of.
    """

    site: Path
    sources: Sources
    top: str = ""
    copied: dict[Path, str] = field(default_factory=dict)

    def link(self, path: Path) -> str:
        """Return the link to a file: it lies on the site as it does below the results, or the report."""
        if path not in self.copied:
            results, report = self.sources.results.folder, self.sources.root / "report"
            base = results if path.is_relative_to(results) else report
            self.copied[path] = os.path.relpath(path, base)
            copy = self.site / self.copied[path]
            copy.parent.mkdir(parents=True, exist_ok=True)
            if path.exists():  # the page of a notebook may be written after this one
                shutil.copyfile(path, copy)
        return self.top + self.copied[path]


def pages_of(content: Mapping[str, Any]) -> list[Page]:
    """Return the pages of the site, the main one first: those without content are left out."""
    experiments = [
        Page(f"pages/{each['key']}.html", each["key"], each["title"], "experiment.html.j2", each)
        for part in content["part"].values()
        for each in part
    ]
    others = [
        Page(f"pages/{key}.html", key, title, f"pages/{key}.html.j2")
        for key, title in OTHERS.items()
        if content.get({"ledger": "claims"}.get(key, key), True)
    ]
    return [Page(MAIN, "", "Main page", "main.html.j2"), *experiments, *others]


def write_site(site: Path, config: Mapping[str, Any], full: Mapping[str, Any], sources: Sources) -> None:
    """Write the site anew.

    Args:
        site: Folder of the site; what it held before goes.
        config: The configuration that was run.
        full: The configuration of the full protocol, for what is left to it.
        sources: Where everything lies.
    """
    content = gather(config, full, sources)
    pages, files = pages_of(content), Files(site, sources)
    environment = templates_of(sources.templates, autoescape=True)
    environment.globals |= {
        "labels": labels,
        "fewest": FEWEST,
        "percent": f"{LEVEL:.0%}".rstrip("%"),
        "resampled": RESAMPLED,
        "missing_share": f"{1 - LEVEL:.0%}".replace("%", "\u00a0%"),
    }
    environment.globals |= {"VERDICTS": VERDICTS, "redo": partial(redo, sources.configfiles), "by_grid": by_grid}
    environment.globals |= {"by_method": by_method, "equivalence": EQUIVALENCE, "document": DOCUMENT}
    environment.filters |= {"sentence": sentence, "tex": tex, "link": files.link}
    content |= {"pages": pages, "citation": read_citation(sources.root / "CITATION.cff")}
    shutil.rmtree(site, ignore_errors=True)
    written = {}
    for page in pages:
        files.top = page.top
        values = content | {"page": page, "experiment": page.experiment}
        written[page.path] = environment.get_template(page.template).render(values)
    for path, text in resolved(written).items():
        write_atomically(site / path, text)
    for name in BESIDE:
        shutil.copyfile(sources.templates / name, site / name)


def redo(configfiles: Sequence[str], target: object = "") -> str:
    """Return the command that makes `target` again, under the configuration that the page shows."""
    # Targets come first: --configfile takes all that follows it for files.
    named = ["--configfile", *configfiles] if configfiles else []
    return " ".join(filter(None, ["snakemake --cores all", str(target), *named]))
