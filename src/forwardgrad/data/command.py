"""The commands `forwardgrad data`: find data sets, prepare them, search again for what is missing."""

import argparse
import os
from pathlib import Path
from typing import Any

from forwardgrad.arguments import add_results, calling, count, key_of


def add(commands: Any) -> None:
    """Add the commands to the parser's `commands`."""
    command = commands.add_parser("data", help="find and prepare data sets")
    command.add_argument("--retry", action="store_true", help="search again, online too, for what is missing")
    add_results(command)
    add_data_dir(command)
    command.set_defaults(carry_out=retry, usage=command)
    steps = command.add_subparsers(metavar="{locate,prepare}")

    step = steps.add_parser("locate", help="find the files of a data set and record what was found")
    step.add_argument("dataset", type=key_of("DATASETS"))
    step.add_argument(
        "--record", required=True, type=Path, metavar="JSON", help="record to write, whatever the outcome"
    )
    step.add_argument("--searched", nargs="*", metavar="STATE", help="what to record as the state of the data folder")
    step.add_argument("--raw", required=True, type=Path, metavar="DIR", help="folder of verified copies")
    add_data_dir(step)
    step.set_defaults(carry_out=locate)

    step = steps.add_parser("prepare", help="turn the files of a data set into arrays")
    step.add_argument("dataset", type=key_of("DATASETS"))
    step.add_argument("--record", required=True, type=Path, metavar="JSON", help="what `locate` recorded")
    step.add_argument("--seeds", required=True, type=count, metavar="N", help="number of seeds to split for")
    step.add_argument("--output", required=True, type=Path, metavar="NPZ", help="file to write")
    names = ("dataset", "record", "seeds", "output")
    step.set_defaults(carry_out=calling("prepare:prepare", *names, package="data"))


def add_data_dir(command: argparse.ArgumentParser) -> None:
    """Add the option --data-dir to `command`."""
    command.add_argument(
        "--data-dir",
        type=Path,
        default=os.environ.get("FORWARDGRAD_DATA") or None,
        metavar="DIR",
        help="your data folder (default: FORWARDGRAD_DATA)",
    )


def locate(options: argparse.Namespace) -> int:
    """Find the files of a data set and record what was found."""
    from forwardgrad.data.locate import locate

    report(locate(options.dataset, options.record, options.raw, options.data_dir, searched=options.searched))
    return 0


def retry(options: argparse.Namespace) -> int:
    """Search again, online too, for every data set that is recorded as unavailable; 1 if one still is."""
    from forwardgrad.data.locate import retry

    if not options.retry:
        options.usage.error("give --retry, locate or prepare")
    records = retry(options.results, options.data_dir)
    for record in records:
        report(record)
    if not records:
        print("no data set is recorded as unavailable")
    return int(not all(record["available"] for record in records))


def report(record: dict[str, Any]) -> None:
    """Print one line: that a data set is available, or why it is not and what to do."""
    from forwardgrad.data.record import unavailable

    print(f"{record['dataset']} is available" if record["available"] else unavailable(record))
