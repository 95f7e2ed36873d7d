"""The commands of experiments that train: a run, the frames of all, and the rates that were chosen."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forwardgrad.arguments import add_results, calling, writable

if TYPE_CHECKING:
    from forwardgrad.experiments.training.runs import Run


def add(commands: Any) -> None:
    """Add them to the parser's `commands`."""
    command = commands.add_parser("run", help="train one run and write its folder")
    command.add_argument("--run", required=True, type=run_of, metavar="JSON", help="the run with all its settings")
    command.add_argument("--data", required=True, type=Path, metavar="NPZ", help="the prepared data set")
    command.add_argument("--output", required=True, type=Path, metavar="DIR", help="folder to write")
    command.set_defaults(carry_out=calling("training.train:train_run", "run", "data", "output"))

    command = commands.add_parser("frames", help="join the runs and costs of one experiment into frames")
    command.add_argument("experiment", help="its name")
    command.add_argument("--runs", nargs="*", type=Path, default=[], metavar="DIR", help="folders of its runs")
    command.add_argument("--costs", nargs="*", type=Path, default=[], metavar="JSON", help="what `bench` wrote")
    add_results(command)
    command.set_defaults(carry_out=frames)

    command = commands.add_parser("tuned", help="write the learning rates that the grid of an experiment chose")
    command.add_argument("experiment", help="its name")
    command.add_argument("--output", required=True, type=writable, metavar="YAML", help="file to write")
    add_results(command)
    command.set_defaults(carry_out=tuned)


def frames(options: argparse.Namespace) -> int:
    """Join what the runs wrote."""
    from forwardgrad.experiments.training.frames import read_experiment, write_frames
    from forwardgrad.files import write_json
    from forwardgrad.results.folder import Results

    joined, produced_by = read_experiment(options.runs, options.costs)
    write_frames(joined, Results(options.results), options.experiment)
    write_json(options.results / "frames" / f"{options.experiment}-provenance.json", produced_by)
    return 0


def tuned(options: argparse.Namespace) -> int:
    """Write the chosen rates where the configuration finds them."""
    from forwardgrad.experiments.training.analyses.rates import write_tuned
    from forwardgrad.results.folder import Results

    write_tuned(Results(options.results), options.experiment, options.output)
    return 0


def run_of(text: str) -> "Run":
    """Read a run from JSON, as the workflow and every `run.json` write it."""
    from forwardgrad.experiments.training.runs import Run

    try:
        return Run.from_json(text)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise argparse.ArgumentTypeError(f"{text!r}: allowed is a run as JSON, as under `run` in a run.json") from None
