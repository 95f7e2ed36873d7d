"""The commands about published results: publish those of a run, and compare a run with them."""

import argparse
import sys
from pathlib import Path
from typing import Any

from forwardgrad.arguments import RefusalError, add_reference, add_results


def add(commands: Any) -> None:
    """Add them to the parser's `commands`."""
    command = commands.add_parser("verify", help="compare results with the published ones")
    add_results(command)
    add_reference(command)
    command.set_defaults(carry_out=verify)

    command = commands.add_parser("publish", help="publish the results of a run, its site, and README's results")
    command.add_argument(
        "--again", type=Path, metavar="DIR", help="results of a second run: by how much times differ between two"
    )
    command.add_argument(
        "--full", nargs="+", metavar="NAME", help="publish the runs of these experiments at full scale instead"
    )
    add_results(command)
    add_reference(command)
    command.set_defaults(carry_out=publish)

    command = commands.add_parser("redraw", help="make every figure, table and page from the published results")
    command.add_argument(
        "--output", type=Path, default=Path("build/published"), metavar="DIR", help="folder to work in"
    )
    add_reference(command)
    command.set_defaults(carry_out=redraw)


def verify(options: argparse.Namespace) -> int:
    """Compare results with the published ones; 1 if they differ where they should not."""
    from forwardgrad.reference import publish as reference
    from forwardgrad.reference import verify

    published, made_by = reference.load(options.reference)
    if not (options.results / "frames").is_dir():
        print(f"forwardgrad: {options.results} holds no frames: run `snakemake --cores all` first", file=sys.stderr)
        return 1
    changed = verify.circumstances(reference.record(options.results), made_by)
    checks = verify.compare(reference.gather(options.results), published, changed)
    print(verify.as_text(checks, changed))
    return int(verify.failed(checks))


def publish(options: argparse.Namespace) -> int:
    """Publish a run."""
    from forwardgrad.experiments.published.plan import FULL, OTHER
    from forwardgrad.reference.frames import pack
    from forwardgrad.reference.minutes import KEPT
    from forwardgrad.reference.pages import publish_pages
    from forwardgrad.reference.publish import publish, publish_full
    from forwardgrad.reference.readme import require_networks

    if options.full:
        for experiment in options.full:
            publish_full(options.results, options.reference, experiment, OTHER.get(experiment, FULL))
    else:
        require_networks(options.results / "frames/speed.csv")
        if options.again and not (options.again / "frames/speed.csv").exists():
            raise RefusalError(f"{options.again} holds no frames of `speed`: name the results of a second run")
        publish(options.results, options.reference, options.again, options.results.parent / KEPT)
        pack(options.results, options.reference)
        publish_pages(options.reference, Path("report"), Path())
    return 0


def redraw(options: argparse.Namespace) -> int:
    """Make everything from the published results."""
    from forwardgrad.reference.redraw import redraw

    status = redraw(options.output, options.reference, Path("report/reference"))
    if status == 0:
        print(f"The site is {options.output}/report/site/index.html")
    return status
