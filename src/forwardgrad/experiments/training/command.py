"""Command."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forwardgrad.experiments.training.plan import Run


def run_of(text: str) -> "Run":
    """Read a run from JSON, as the workflow and every `run.json` write it."""
    from forwardgrad.experiments.training.plan import Run

    try:
        return Run.from_json(text)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise argparse.ArgumentTypeError(f"{text!r}: allowed is a run as JSON, as under `run` in a run.json") from None


def runs_of(text: str) -> "list[Run]":
    """Read one run per line."""
    return [run_of(line) for line in text.splitlines()]


def run(options: argparse.Namespace) -> int:
    """Train one run."""
    from forwardgrad.experiments.training.train import train_run

    train_run(options.run, options.data, options.output)
    return 0


def cost(options: argparse.Namespace) -> int:
    """Measure the time of one step of every method of a cell, interleaved, in this process alone."""
    from forwardgrad.experiments.training.cost import measure_cell

    measure_cell(options.runs, options.data, options.output, options.seconds)
    return 0
