"""The commands of the experiment `functions`: runs on test functions, what their steps do and cost, their frames."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forwardgrad.arguments import add_results, calling, duration, writable

if TYPE_CHECKING:
    from forwardgrad.experiments.functions.plan import Case


def add(commands: Any) -> None:
    """Add them to the parser's `commands`."""
    command = commands.add_parser("descend", help="descend a test function by every method, all seeds at once")
    command.add_argument("--case", required=True, type=case_of, metavar="JSON", help="the function and its settings")
    command.add_argument("--output", required=True, type=writable, metavar="STEM", help="files to write, but suffix")
    command.set_defaults(carry_out=calling("functions.descent:run_case", "case", "output"))

    command = commands.add_parser("contract", help="measure by what factor one step changes a function on average")
    command.add_argument("--case", required=True, type=case_of, metavar="JSON", help="the function and its settings")
    command.add_argument("--output", required=True, type=writable, metavar="CSV", help="file to write")
    command.set_defaults(carry_out=calling("functions.descent:contract", "case", "output"))

    command = commands.add_parser("descent-cost", help="measure the time of a step on test functions")
    command.add_argument("--cases", required=True, type=cases_of, metavar="JSON", help="the functions, a line each")
    command.add_argument("--output", required=True, type=writable, metavar="CSV", help="file to write")
    command.add_argument("--seconds", type=duration, default=8.0, metavar="S", help="time to measure (default: 8)")
    command.set_defaults(carry_out=calling("functions.cost:measure_costs", "cases", "output", "seconds"))

    command = commands.add_parser("functions-frames", help="join the runs on test functions into frames")
    for name in ("curves", "runs", "contraction", "costs", "records"):
        command.add_argument(f"--{name}", nargs="*", type=Path, default=[], metavar="FILE", help="of every case")
    add_results(command)
    parts = ("curves", "runs", "contraction", "costs")
    command.set_defaults(carry_out=calling("functions.tables:write_frames", "results", "records", *parts))


def case_of(text: str) -> "Case":
    """Read a case from JSON, as the workflow writes it."""
    from forwardgrad.experiments.functions.plan import Case

    try:
        return Case.from_json(text)
    except (ValueError, TypeError, KeyError, AttributeError):
        example = '{"source": "ours", "name": "sphere_2", ...}'
        raise argparse.ArgumentTypeError(f"{text!r}: allowed is a case as JSON, such as {example}") from None


def cases_of(text: str) -> "list[Case]":
    """Read one case per line."""
    return [case_of(line) for line in text.splitlines()]
