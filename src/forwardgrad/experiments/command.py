"""The commands `forwardgrad table` and `forwardgrad figure`: make one from the name of its file."""

import argparse
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from forwardgrad.arguments import RefusalError, add_results, mapping, writable


def add(commands: Any) -> None:
    """Add them to the parser's `commands`."""
    for name, make, ending in (("table", table, "CSV"), ("figure", figure, "SVG")):
        command = commands.add_parser(name, help=f"make one {name} from the frames of results")
        command.add_argument("output", type=writable, metavar=ending, help="its file below the folder of results")
        command.add_argument(
            "--given", type=mapping, default={}, metavar="JSON", help="what it takes of the configuration"
        )
        command.add_argument("--quoted", type=Path, default=Path("report/quoted.csv"), help="published numbers")
        add_results(command)
        command.set_defaults(carry_out=make)


def table(options: argparse.Namespace) -> int:
    """Make a table."""
    from forwardgrad.results.reading import write_made

    make, _ = maker("TABLES", options)
    write_made(options.output, make())
    return 0


def figure(options: argparse.Namespace) -> int:
    """Draw a figure; the plotted values go beside it."""
    from pandas import DataFrame

    from forwardgrad.plotting.pieces import NothingToDraw, add_caption, blank
    from forwardgrad.plotting.style import save, style

    make, caption = maker("FIGURES", options)
    with style():
        try:
            drawn, data = make()
        except NothingToDraw as nothing:
            drawn, data = blank(str(nothing)), DataFrame({"nothing to draw": [str(nothing)]})
    add_caption(drawn, caption)
    save(drawn, data, options.output.with_suffix(""), caption)
    return 0


def maker(what: str, options: argparse.Namespace) -> tuple[Callable[[], Any], str]:
    """Return what makes the output, and its caption."""
    from forwardgrad.experiments.kinds import product_at
    from forwardgrad.results.folder import Results

    output, results = options.output.absolute(), options.results.absolute()
    if not output.is_relative_to(results):
        raise RefusalError(f"{options.output} does not lie below {options.results}: name a file there, or --results")
    product, names = product_at(what, output.relative_to(results).as_posix())
    make = getattr(import_module(f"forwardgrad.{product.module}"), product.function)
    return lambda: make(Results(options.results, options.quoted), **names, **options.given), product.caption
