"""Peak memory of one method beyond the parameters.

On a CPU that of a process of its own, `python -m forwardgrad.experiments.speed.peaks`. On a GPU torch counts every byte
that it hands out, and no other process is needed.
"""

import argparse
import subprocess
import sys

import torch

from forwardgrad.experiments.speed.measure import LOSS, RATE, Row, advance, data_of, model_of, variants
from forwardgrad.experiments.speed.steps import Case
from forwardgrad.machine.memory import held, peak_beyond


def add_peaks(rows: list[Row], network: str) -> None:
    """Measure the peak memory of every row that has a time."""
    for row in rows:
        if row["seconds"] is not None:
            measure = peak_there if row["device"] == "cpu" else peak_here
            row["peak_bytes"] = measure(network, row["method"], row["batch_size"], row["threads"], row["device"])


def peak_there(network: str, method: str, batch_size: int, threads: int, device: str) -> int:
    """Start a fresh process, measure there, return the bytes."""
    options = [network, method, device, str(batch_size), str(threads)]
    done = subprocess.run([sys.executable, "-m", __name__, *options], stdout=subprocess.PIPE, check=True)
    return int(done.stdout)


def peak_here(network: str, method: str, batch_size: int, threads: int, device: str) -> int:
    """Measure in this process, return the bytes: what the method holds between steps, and its peak beyond that."""
    torch.set_num_threads(threads)

    def case_of(network: str) -> Case:
        return Case(model_of(network, device), LOSS, *data_of(network, batch_size, device), RATE)

    # Libraries load their code and start their threads with the first products: not the method's doing.
    for parts, _, _ in variants(method, case_of("mlp_256"))[0].values():
        advance(parts, None)
    case = case_of(network)
    before = held(device)
    steps = [parts for parts, _, _ in variants(method, case)[0].values()]
    own = held(device) - before
    return own + max(peak_beyond(lambda parts=parts: advance(parts, None), device) for parts in steps)


def main() -> None:
    """Measure one case and print the bytes."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("network", "method", "device"):
        parser.add_argument(name)
    for name in ("batch_size", "threads"):
        parser.add_argument(name, type=int)
    print(peak_here(**vars(parser.parse_args())))


if __name__ == "__main__":
    main()
