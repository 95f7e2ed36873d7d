"""The command `forwardgrad`: what the workflow runs, and what one would run by hand.

Nothing heavy is imported before it is needed: a run that a server carries out starts in milliseconds.
"""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from forwardgrad.arguments import Parser, add_results, count, counts, duration, key_of, keys_of, mapping, writable
from forwardgrad.claims.command import claim
from forwardgrad.data import command as data_command
from forwardgrad.experiments.audit.command import audit
from forwardgrad.experiments.estimators.command import estimates
from forwardgrad.experiments.functions import command as functions_command
from forwardgrad.experiments.speed.command import bench
from forwardgrad.experiments.training.command import cost, run, run_of, runs_of
from forwardgrad.pipeline import client
from forwardgrad.reference.command import verify
from forwardgrad.report.command import notebook

# What a fork of the run server carries out if there is one (`forwardgrad.server`): all that trains or judges.
FORKED = ("run", "cost", "claim", "estimates", "audit", "descend", "contract", "descent-cost")


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the command line `arguments`, those of the process if None; return the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    options = parser().parse_args(arguments)
    try:
        status = client.ask(arguments) if options.command in FORKED else None
        return options.carry_out(options) if status is None else status
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except OSError as error:  # a missing file, a full disk: nothing that a traceback would explain
        print(f"forwardgrad: {error}", file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    """Return the parser of every command."""
    top = Parser(prog="forwardgrad", description="Gradients without backpropagation.")
    commands = top.add_subparsers(dest="command", required=True)

    command = commands.add_parser("run", help="train one run and write its folder")
    command.add_argument("--run", required=True, type=run_of, metavar="JSON", help="the run with all its settings")
    command.add_argument("--data", required=True, type=Path, metavar="NPZ", help="the prepared data set")
    command.add_argument("--output", required=True, type=Path, metavar="DIR", help="folder to write")
    command.set_defaults(carry_out=run)

    command = commands.add_parser("claim", help="judge one claim of the ledger by its evidence")
    command.add_argument("--claim", required=True, type=mapping, metavar="JSON", help="it, with the frames it asks")
    command.add_argument("--output", required=True, type=Path, metavar="JSON", help="file to write")
    command.set_defaults(carry_out=claim, usage=command)

    command = commands.add_parser("cost", help="measure the time of one step of every method of a cell")
    command.add_argument("--runs", required=True, type=runs_of, metavar="JSON", help="one run per method, a line each")
    command.add_argument("--data", required=True, type=Path, metavar="NPZ", help="the prepared data set")
    command.add_argument("--output", required=True, type=Path, metavar="CSV", help="file to write")
    command.add_argument("--seconds", type=float, default=3.0, metavar="S", help="time to measure for (default: 3)")
    command.set_defaults(carry_out=cost)

    command = commands.add_parser("bench", help="measure what one step of every method costs, beside backpropagation")
    command.add_argument("--models", type=keys_of("BENCHMARKED"), default=[], metavar="KEYS", help="such as lr,mlp,cnn")
    command.add_argument(
        "--depths", type=counts, default=[], metavar="N,N", help="the paper's MLP, so many hidden layers"
    )
    command.add_argument(
        "--batch-size", type=counts, default=[64], metavar="N,N", help="examples per step (default: 64)"
    )
    command.add_argument("--methods", type=keys_of("MEASURED"), metavar="KEYS", help="what to measure (default: all)")
    command.add_argument("--memory", action="store_true", help="measure peak memory too")
    command.add_argument("--threads", type=count, default=2, metavar="N", help="threads of torch (default: 2)")
    command.add_argument("--seconds", type=duration, default=30.0, metavar="S", help="for each network (default: 30)")
    command.add_argument("--rounds", type=count, default=10, metavar="N", help="least number of rounds (default: 10)")
    command.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="default: cpu")
    command.add_argument("--json", required=True, type=writable, metavar="FILE", help="rows to write")
    command.add_argument("--record", type=writable, metavar="FILE", help="versions and machine to write")
    command.set_defaults(carry_out=bench, usage=command)

    functions_command.add(commands)

    command = commands.add_parser("verify", help="compare results with the published reference")
    add_results(command)
    command.add_argument(
        "--reference", type=Path, default=Path("results/reference"), help="its folder (default: results/reference)"
    )
    command.set_defaults(carry_out=verify)

    command = commands.add_parser("audit", help="compute what defects of published reproductions do")
    command.add_argument("--defects", required=True, type=Path, metavar="YAML", help="what they are")
    command.add_argument("--data", type=Path, metavar="NPZ", help="prepared penguins; left out, what needs them is too")
    command.add_argument("--output", required=True, type=writable, metavar="CSV", help="table to write")
    command.add_argument("--moments", required=True, type=writable, metavar="CSV", help="moments of tangents to write")
    command.set_defaults(carry_out=audit)

    command = commands.add_parser("notebook", help="execute a notebook and write it as a page")
    command.add_argument("source", type=Path, help="the notebook, as py:percent text")
    command.add_argument("--output", required=True, type=writable, metavar="HTML", help="page to write")
    command.add_argument(
        "--templates", type=Path, default=Path("report/templates"), metavar="DIR", help="default: report/templates"
    )
    command.add_argument("--parameters", type=mapping, default={}, metavar="JSON", help="values of its parameters")
    command.set_defaults(carry_out=notebook)

    command = commands.add_parser("estimates", help="draw many estimates of one gradient: bias, size and angle")
    command.add_argument("--dataset", required=True, type=key_of("DATASETS"), metavar="KEY", help="data set")
    command.add_argument("--model", required=True, type=key_of("MODELS"), metavar="KEY", help="network")
    command.add_argument("--data", required=True, type=Path, metavar="NPZ", help="the prepared data set")
    command.add_argument("--estimators", required=True, type=keys_of("ESTIMATORS"), metavar="KEYS", help="to be drawn")
    command.add_argument("--draws", type=count, default=1000, metavar="N", help="tangents for each (default: 1000)")
    command.add_argument("--batch-size", type=count, default=64, metavar="N", help="examples (default: 64)")
    command.add_argument("--output", required=True, type=writable, metavar="CSV", help="file to write")
    command.set_defaults(carry_out=estimates)

    data_command.add(commands)
    return top


if __name__ == "__main__":
    sys.exit(main())
