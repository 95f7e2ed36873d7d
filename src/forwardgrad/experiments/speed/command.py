"""The commands of the experiment `speed`: what one step costs, and the frames of all measurements."""

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from forwardgrad.arguments import add_results, count, counts, duration, require, writable


def add(commands: Any) -> None:
    """Add them to the parser's `commands`."""
    command = commands.add_parser("bench", help="measure what one step of every method costs, beside backpropagation")
    what = command.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--networks", type=networks, metavar="NAMES", help="such as lr,mlp,cnn,mlp_depth_10,cnn_width_8,gpt"
    )
    what.add_argument(
        "--network", type=factory, metavar="MODULE:FUNCTION",
        help="a network of yours; the function returns model, loss, inputs, targets",
    )  # fmt: skip
    command.add_argument("--batch-size", type=counts, metavar="N,N", help="examples per step (default: 64)")
    command.add_argument(
        "--methods", type=methods, metavar="KEYS", help="what to measure (default: all; with --network the usual)"
    )
    command.add_argument("--parts", action="store_true", help="measure a step part by part too")
    command.add_argument("--operations", action="store_true", help="count torch's operations in a step too")
    command.add_argument("--memory", action="store_true", help="measure peak memory too")
    command.add_argument("--untimed", action="store_true", help="measure no time: with --memory, memory alone")
    command.add_argument(
        "--threads", type=count, default=1, metavar="N", help="threads of torch; more than 1: wall time (default: 1)"
    )
    command.add_argument("--seconds", type=duration, default=30.0, metavar="S", help="for each network (default: 30)")
    command.add_argument("--rounds", type=count, default=3, metavar="N", help="least number of rounds (default: 3)")
    command.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="default: cpu")
    command.add_argument("--json", required=True, type=writable, metavar="FILE", help="rows to write")
    command.add_argument("--record", type=writable, metavar="FILE", help="versions and machine to write")
    command.set_defaults(carry_out=bench, usage=command)

    command = commands.add_parser("step-frames", help="join the measurements of steps into frames of an experiment")
    command.add_argument("experiment", choices=("speed", "networks"))
    command.add_argument("--rows", nargs="+", type=Path, required=True, metavar="JSON", help="what `bench` wrote")
    add_results(command)
    command.set_defaults(carry_out=frames)


def networks(text: str) -> list[str]:
    """Read names of networks: models by key, or of another depth or width."""
    from forwardgrad.catalogue import ARCHITECTURES, MODELS, network_parts

    known = MODELS.keys() | ARCHITECTURES.keys()
    for name in text.split(","):
        allowed = f"one of {', '.join([*MODELS, *ARCHITECTURES])}, or mlp_depth_N, mlp_width_N, cnn_width_N"
        require(network_parts(name)[0] in known, name, allowed)
    return text.split(",")


def factory(text: str) -> str:
    """Read the place of a function, `module:function`."""
    module, _, name = text.partition(":")
    allowed = "MODULE:FUNCTION, such as my_networks:make"
    require(name.isidentifier() and all(part.isidentifier() for part in module.split(".")), text, allowed)
    return text


def methods(text: str) -> list[str]:
    """Read keys of what is measured, each with or without `+adam`."""
    from forwardgrad.catalogue import ADAM, ESTIMATORS, MEASURED

    for name in text.split(","):
        known = ESTIMATORS if name.endswith(ADAM) else MEASURED
        require(name.removesuffix(ADAM) in known, name, f"one of {', '.join(MEASURED)}")
    return text.split(",")


def bench(options: argparse.Namespace) -> int:
    """Measure what a step of every method costs; needs torch and numpy alone."""
    from forwardgrad.catalogue import MEASURED, USUAL
    from forwardgrad.experiments.speed.bench import measure_all
    from forwardgrad.files import json_text, write_json, write_sealed
    from forwardgrad.machine import graphs
    from forwardgrad.machine.provenance import made_here

    if reason := graphs.obstacle(options.device):
        options.usage.error(f"argument --device: {reason}")
    rows = measure_all(
        workloads(options), options.methods or (USUAL if options.network else tuple(MEASURED)), options.threads,
        None if options.untimed else options.seconds, options.rounds, options.parts, options.memory,
        options.operations, report=partial(print, flush=True),
    )  # fmt: skip
    if options.record:
        made = made_here(options.threads, graphs.name(options.device))
        write_sealed(options.record, made, {options.json: json_text(rows)})
    else:
        write_json(options.json, rows)
    return 0


def workloads(options: argparse.Namespace) -> list[Any]:
    """Return what is to be measured: the user's network, or each of the named ones at every batch size."""
    from forwardgrad.experiments.speed import own_network
    from forwardgrad.experiments.speed.workloads import named

    if options.network is None:
        sizes = options.batch_size or [64]
        return [named(name, size, options.device) for name in options.networks for size in sizes]
    if options.batch_size:
        options.usage.error("argument --batch-size: not with --network, whose function makes the batch")
    return [own_network.workload(own_network.imported(options.network), options.network, options.device)]


def frames(options: argparse.Namespace) -> int:
    """Join the measurements: one row of all processes, one per process, and wall times beside their check."""
    from forwardgrad.experiments.kinds import room
    from forwardgrad.experiments.speed.tables import join
    from forwardgrad.results.folder import Results

    frames, made = join(options.rows)
    own = {suffix: frames[suffix] for suffix in room(options.experiment, "columns").FRAMES}
    Results(options.results).write_frames(options.experiment, own, made)
    return 0
