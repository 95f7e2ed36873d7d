"""The commands of the experiment `speed`: what one step costs, and the frames of all measurements."""

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from forwardgrad.arguments import add_results, count, counts, duration, keys_of, writable


def add(commands: Any) -> None:
    """Add them to the parser's `commands`."""
    command = commands.add_parser("bench", help="measure what one step of every method costs, beside backpropagation")
    command.add_argument("--models", type=keys_of("BENCHMARKED"), default=[], metavar="KEYS", help="such as lr,mlp,cnn")
    command.add_argument("--depths", type=counts, default=[], metavar="N,N", help="hidden layers of the paper's MLP")
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

    command = commands.add_parser("speed-frames", help="join the measurements of steps into frames")
    command.add_argument("--rows", nargs="+", type=Path, required=True, metavar="JSON", help="what `bench` wrote")
    add_results(command)
    command.set_defaults(carry_out=frames)


def bench(options: argparse.Namespace) -> int:
    """Measure what a step of every method costs; needs torch and numpy alone."""
    if not options.models and not options.depths:
        options.usage.error("give --models, --depths or both")
    from forwardgrad.experiments.speed.bench import bench
    from forwardgrad.experiments.speed.measure import METHODS
    from forwardgrad.files import write_json
    from forwardgrad.machine import graphs
    from forwardgrad.machine.provenance import made_here

    if reason := graphs.obstacle(options.device):
        options.usage.error(f"argument --device: {reason}")
    rows = bench(
        options.models, options.batch_size, options.depths, options.methods or METHODS, options.threads,
        options.device, options.seconds, options.rounds, options.memory, report=partial(print, flush=True),
    )  # fmt: skip
    write_json(options.json, rows)
    if options.record:
        write_json(options.record, made_here(options.threads, graphs.name(options.device)))
    return 0


def frames(options: argparse.Namespace) -> int:
    """Join the measurements: one row per process, and one of all processes."""
    from forwardgrad.experiments.speed.tables import join
    from forwardgrad.files import write_json

    frame, processes, produced_by = join(options.rows)
    stem = options.results / "frames/speed"
    frame.to_csv(f"{stem}.csv", index=False)
    processes.to_csv(f"{stem}-processes.csv", index=False)
    write_json(Path(f"{stem}-provenance.json"), produced_by)
    return 0
