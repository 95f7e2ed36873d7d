"""Peak memory of one method beyond the parameters, in a process of its own.

That process is `python -m forwardgrad.experiments.speed.peaks`.
"""

import argparse
import subprocess
import sys

import torch

from forwardgrad.experiments.speed.measure import LOSS, RATE, Row, advance, data_of, model_of, variants
from forwardgrad.experiments.speed.steps import Case
from forwardgrad.machine.memory import peak_beyond


def add_peaks(rows: list[Row], network: str) -> None:
    """Measure the peak memory of every row that has a time."""
    for row in rows:
        if row["seconds"] is not None:
            row["peak_bytes"] = peak_of(network, row["method"], row["batch_size"], row["threads"], row["device"])


def peak_of(network: str, method: str, batch_size: int, threads: int, device: str) -> int:
    """Start a fresh process, measure there, return the bytes."""
    options = [network, method, device, str(batch_size), str(threads)]
    done = subprocess.run([sys.executable, "-m", __name__, *options], stdout=subprocess.PIPE, check=True)
    return int(done.stdout)


def main() -> None:
    """Measure one case and print the bytes."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("network", "method", "device"):
        parser.add_argument(name)
    for name in ("batch_size", "threads"):
        parser.add_argument(name, type=int)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    def case_of(network: str) -> Case:
        inputs = data_of(network, options.batch_size, options.device)
        return Case(model_of(network, options.device), LOSS, *inputs, RATE)

    # Libraries load their code and start their threads with the first products: not the method's doing.
    for parts, _, _ in variants(options.method, case_of("mlp_256"))[0].values():
        advance(parts, None)
    steps = [parts for parts, _, _ in variants(options.method, case_of(options.network))[0].values()]
    print(max(peak_beyond(lambda parts=parts: advance(parts, None), options.device) for parts in steps))


if __name__ == "__main__":
    main()
