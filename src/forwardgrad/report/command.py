"""The commands that write pages: the report, the same as a PDF, and notebooks."""

import argparse
from pathlib import Path
from typing import Any

from forwardgrad.arguments import add_results, calling, mapping, writable

TEMPLATES = Path("report/templates")


def add(commands: Any) -> None:
    """Add them to the parser's `commands`."""
    command = commands.add_parser("report", help="write the report as a site")
    command.add_argument("--config", required=True, type=mapping, metavar="JSON", help="the configuration that was run")
    command.add_argument("--full", required=True, type=mapping, metavar="JSON", help="that of the full protocol")
    command.add_argument("--figures", nargs="*", type=Path, default=[], metavar="SVG", help="figures to show, in order")
    command.add_argument("--notebooks", nargs="*", type=Path, default=[], metavar="HTML", help="pages of notebooks")
    command.add_argument("--configfiles", nargs="*", default=[], metavar="YAML", help="named beside the default one")
    command.add_argument("--quoted", type=Path, default=Path("report/quoted.csv"), help="published numbers")
    command.add_argument("--output", required=True, type=Path, metavar="DIR", help="folder of the site to write")
    add_templates(command)
    add_results(command)
    command.set_defaults(carry_out=report)

    command = commands.add_parser("document", help="write the report as a PDF")
    command.add_argument("site", type=Path, help="folder of the report's site")
    command.add_argument("--style", type=Path, default=TEMPLATES / "report.typ", help="Typst's style sheet for it")
    command.add_argument("--output", required=True, type=writable, metavar="PDF", help="document to write")
    command.set_defaults(carry_out=calling("document:write_document", "site", "style", "output", package="report"))

    command = commands.add_parser("notebook", help="execute a notebook and write it as a page")
    command.add_argument("source", type=Path, help="the notebook, as py:percent text")
    command.add_argument("--output", required=True, type=writable, metavar="HTML", help="page to write")
    command.add_argument("--parameters", type=mapping, default={}, metavar="JSON", help="values of its parameters")
    add_templates(command)
    names = ("source", "output", "templates", "parameters")
    command.set_defaults(carry_out=calling("notebook:render", *names, package="report"))


def add_templates(command: argparse.ArgumentParser) -> None:
    """Add the option --templates to `command`."""
    command.add_argument("--templates", type=Path, default=TEMPLATES, metavar="DIR", help=f"default: {TEMPLATES}")


def report(options: argparse.Namespace) -> int:
    """Write the report."""
    from forwardgrad.report.page import Sources
    from forwardgrad.report.site import write_site
    from forwardgrad.results.folder import Results

    sources = Sources(
        results=Results(options.results, options.quoted),
        figures=options.figures,
        templates=options.templates,
        root=Path.cwd(),
        configfiles=options.configfiles,
        notebooks=options.notebooks,
    )
    write_site(options.output, options.config, options.full, sources)
    return 0
