"""The command `forwardgrad`: what the workflow runs, and what one would run by hand.

Nothing heavy is imported before it is needed: a run that a server carries out starts in milliseconds.
"""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from traceback import extract_tb

from forwardgrad.arguments import Parser, RefusalError
from forwardgrad.claims import command as claims
from forwardgrad.data import command as data
from forwardgrad.experiments import command as products
from forwardgrad.experiments.gpu import command as gpu
from forwardgrad.experiments.kinds import AUDIT, KINDS, room
from forwardgrad.pipeline import client
from forwardgrad.reference import command as reference
from forwardgrad.report import command as report

TRACEBACK = "FORWARDGRAD_TRACEBACK"  # environment variable: a traceback in place of one line

# What libraries say when memory is short, those of them that raise something else than a MemoryError.
NO_MEMORY = ("allocate memory", "out of memory", "malloc")

# Commands for which the run server does not import what they need, or that must have a process of their own.
ALONE = ("bench", "data", "descent-cost", "document", "gpu", "notebook", "publish", "verify")


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the command line `arguments`, those of the process if None; return the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    options = parser().parse_args(arguments)
    try:
        status = None if options.command in ALONE else client.ask(arguments)
        return options.carry_out(options) if status is None else status
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except (OSError, RefusalError) as error:  # nothing that a traceback would explain
        print(f"forwardgrad: {error}", file=sys.stderr)
        return 1
    except Exception as error:
        if TRACEBACK in os.environ:
            raise
        print(f"forwardgrad: {unexpected(error)}", file=sys.stderr)
        return 1


def unexpected(error: Exception) -> str:
    """Return one line for an error that nobody foresaw: what, where, and how to see more."""
    if isinstance(error, MemoryError) or any(words in str(error) for words in NO_MEMORY):
        return "the memory is used up: free some, or give fewer --cores, and run the same command again"
    place = extract_tb(error.__traceback__)[-1]
    what = " ".join(f"{type(error).__name__}: {error}".split())
    where = f"{Path(place.filename).name}, line {place.lineno}"
    return f"{what} ({where}): a fault of the program or of a file that it reads; run it with {TRACEBACK}=1 to see more"


def parser() -> Parser:
    """Return the parser of every command."""
    top = Parser(prog="forwardgrad", description="Gradients without backpropagation.")
    commands = top.add_subparsers(dest="command", required=True)
    kinds = (room(kind, "command") for kind in (*KINDS, AUDIT))
    for folder in (data, *kinds, gpu, products, claims, report, reference):
        folder.add(commands)
    return top


if __name__ == "__main__":
    sys.exit(main())
