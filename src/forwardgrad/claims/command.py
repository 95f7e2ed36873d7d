"""The commands that judge: one claim, all of them, and what must hold of any results."""

import argparse
from pathlib import Path
from typing import Any

from forwardgrad.arguments import RefusalError, mapping, writable


def add(commands: Any) -> None:
    """Add them to the parser's `commands`."""
    command = commands.add_parser("claim", help="judge one claim of the ledger by its evidence")
    command.add_argument("--claim", required=True, type=mapping, metavar="JSON", help="it, with the frames it queries")
    command.add_argument("--output", required=True, type=writable, metavar="JSON", help="file to write")
    command.set_defaults(carry_out=claim, usage=command)

    command = commands.add_parser("claims", help="judge every claim of the ledger")
    command.add_argument("--ledger", type=Path, default=Path("report/claims.yaml"), help="default: report/claims.yaml")
    command.add_argument("--run", nargs="*", default=[], metavar="NAME", help="experiments that were run")
    command.add_argument("--output", required=True, type=writable, metavar="CSV", help="file to write")
    command.set_defaults(carry_out=claims)

    command = commands.add_parser("invariants", help="check what must hold of any results")
    command.add_argument("frames", nargs="+", type=Path, metavar="CSV", help="frames of results")
    command.add_argument("--output", required=True, type=writable, metavar="CSV", help="file to write")
    command.set_defaults(carry_out=invariants)


def claim(options: argparse.Namespace) -> int:
    """Judge one claim by its evidence."""
    from forwardgrad.claims.verdicts import judge, write_row

    if missing := [key for key in ("id", "claim", "tolerances", "run", "published") if key not in options.claim]:
        options.usage.error(f"argument --claim: no {missing[0]!r}; ask by target: snakemake results/claims/ID.json")
    write_row(options.output, judge(options.claim))
    return 0


def claims(options: argparse.Namespace) -> int:
    """Judge every claim; a verdict never fails."""
    from forwardgrad.claims.ledger import entry_of
    from forwardgrad.claims.verdicts import judge_all
    from forwardgrad.results.reading import write_made
    from forwardgrad.yaml_file import read_mapping

    ledger = read_mapping(options.ledger)
    write_made(options.output, judge_all(entry_of(ledger, name, options.run) for name in ledger["claims"]))
    return 0


def invariants(options: argparse.Namespace) -> int:
    """Check the frames; a line for everything that is broken."""
    from forwardgrad.claims.evidence import read_frame
    from forwardgrad.claims.invariants import check
    from forwardgrad.results.reading import write_made

    checked, broken = check({frame.stem: read_frame(frame) for frame in options.frames})
    if broken:
        raise RefusalError("\n".join(broken))
    write_made(options.output, checked)
    return 0
