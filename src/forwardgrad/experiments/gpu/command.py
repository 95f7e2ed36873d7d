"""The command `forwardgrad gpu`: measure on a GPU all that the report shows of one."""

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from forwardgrad.arguments import RefusalError, duration
from forwardgrad.experiments.gpu import FOLDERS, PLAN

DATA = Path("results/data/mnist5k.npz")


def add(commands: Any) -> None:
    """Add it to the parser's `commands`."""
    command = commands.add_parser("gpu", help="measure on a GPU, with torch and numpy alone, what the report shows")
    command.add_argument("--output", type=Path, default=FOLDERS[0], metavar="DIR", help=f"default: {FOLDERS[0]}")
    command.add_argument("--device", choices=("cpu", "cuda"), default="cuda", help="default: cuda")
    command.add_argument("--minutes", type=duration, default=8.0, metavar="M", help="time to spend (default: 8)")
    command.add_argument(
        "--data", type=Path, metavar="NPZ", help=f"prepared data set (default: {DATA}, if it is there)"
    )
    command.add_argument("--plan", type=Path, default=PLAN, metavar="JSON", help=f"what to measure (default: {PLAN})")
    command.set_defaults(carry_out=gpu, usage=command)


def gpu(options: argparse.Namespace) -> int:
    """Measure; what failed or was left out is printed at the end, and in the record."""
    from forwardgrad.experiments.gpu.kit import measure_all
    from forwardgrad.experiments.gpu.plan import load
    from forwardgrad.machine import graphs

    if reason := graphs.obstacle(options.device):
        options.usage.error(f"argument --device: {reason}")
    if options.data and not options.data.exists():
        raise RefusalError(f"{options.data} does not exist: prepare it first, `forwardgrad data prepare`")
    data = options.data or (DATA if DATA.exists() else None)
    report = partial(print, flush=True)
    notes = measure_all(load(options.plan), options.output, options.device, options.minutes, data, report)
    for path, note in notes.items():
        report(f"{path}: {note}")
    return 0
