"""The commands of the experiment `estimators`: many estimates of one gradient, and their frames."""

from pathlib import Path
from typing import Any

from forwardgrad.arguments import add_results, calling, count, key_of, keys_of, writable


def add(commands: Any) -> None:
    """Add them to the parser's `commands`."""
    command = commands.add_parser("estimates", help="draw many estimates of one gradient: bias, size and angle")
    command.add_argument("--dataset", required=True, type=key_of("DATASETS"), metavar="KEY", help="data set")
    command.add_argument("--model", required=True, type=key_of("MODELS"), metavar="KEY", help="network")
    command.add_argument("--data", required=True, type=Path, metavar="NPZ", help="the prepared data set")
    command.add_argument("--estimators", required=True, type=keys_of("ESTIMATORS"), metavar="KEYS", help="to be drawn")
    command.add_argument("--draws", type=count, default=1000, metavar="N", help="tangents for each (default: 1000)")
    command.add_argument("--batch-size", type=count, default=64, metavar="N", help="examples (default: 64)")
    command.add_argument("--output", required=True, type=writable, metavar="CSV", help="file to write")
    names = ("dataset", "model", "data", "estimators", "draws", "batch_size", "output")
    command.set_defaults(carry_out=calling("estimators.sample:measure_network", *names))

    command = commands.add_parser("curvature", help="measure what steps of forward gradients do to second order")
    command.add_argument("--data", type=Path, metavar="NPZ", help="prepared mnist5k; left out, the network is too")
    command.add_argument("--draws", type=count, default=1000, metavar="N", help="tangents of each kind (default: 1000)")
    command.add_argument("--output", required=True, type=writable, metavar="CSV", help="file to write")
    command.set_defaults(carry_out=calling("estimators.curvature:measure", "data", "draws", "output"))

    command = commands.add_parser("variance", help="measure how noisy estimates of a gradient are")
    command.add_argument("--data", type=Path, metavar="NPZ", help="prepared mnist5k; left out, nothing is measured")
    command.add_argument("--draws", type=count, default=50, metavar="N", help="estimates of each kind (default: 50)")
    command.add_argument("--output", required=True, type=writable, metavar="CSV", help="file to write")
    command.set_defaults(carry_out=calling("estimators.variance:measure", "data", "draws", "output"))

    command = commands.add_parser("estimators-frames", help="join the estimates of all networks into frames")
    command.add_argument("--rows", nargs="*", type=Path, default=[], metavar="CSV", help="estimates of each network")
    command.add_argument("--curvature", required=True, type=Path, metavar="CSV", help="what `curvature` wrote")
    command.add_argument("--variance", required=True, type=Path, metavar="CSV", help="what `variance` wrote")
    add_results(command)
    command.set_defaults(
        carry_out=calling("estimators.tables:write_frames", "rows", "curvature", "variance", "results")
    )
