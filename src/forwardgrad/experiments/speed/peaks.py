"""Peak memory of one method beyond the parameters, in a process of its own.

That process is `python -m forwardgrad.experiments.speed.peaks`.
"""

import argparse
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import torch

from forwardgrad.experiments.speed.measure import Row, data_of, model_of, steps_of
from forwardgrad.machine.memory import peak_beyond


def add_peaks(rows: list[Row], depth: int | None) -> None:
    """Measure the peak memory of every row that has a time, each in a process of its own, two at a time."""
    # What a compiler needs is not the step's own.
    timed = [row for row in rows if row["seconds"] is not None and row["method"] != "backprop_compiled"]
    cases = [(row["model"], depth, row["method"], row["batch_size"], row["threads"], row["device"]) for row in timed]
    with ThreadPoolExecutor(2) as pool:
        for row, peak in zip(timed, pool.map(lambda case: peak_of(*case), cases), strict=True):
            row["peak_bytes"] = peak


def peak_of(model: str, depth: int | None, method: str, batch_size: int, threads: int, device: str) -> int:
    """Start a fresh process, measure there, return the bytes."""
    options = [model, method, device, str(depth or 0), str(batch_size), str(threads)]
    done = subprocess.run([sys.executable, "-m", __name__, *options], stdout=subprocess.PIPE, check=True)
    return int(done.stdout)


def main() -> None:
    """Measure one case and print the bytes."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("model", "method", "device"):
        parser.add_argument(name)
    for name in ("depth", "batch_size", "threads"):
        parser.add_argument(name, type=int)
    case = parser.parse_args()
    torch.set_num_threads(case.threads)
    inputs, targets = data_of(case.model, case.batch_size, case.device)
    # Libraries load their code and start their threads with the first products: not the method's doing.
    warm = model_of("mlp_256", None, case.device)
    images, classes = data_of("mlp_256", case.batch_size, case.device)
    generator = torch.Generator(case.device).manual_seed(0)
    for step in steps_of(case.method, warm, images, classes, generator).values():
        step()
    model = model_of(case.model, case.depth or None, case.device)
    steps = steps_of(case.method, model, inputs, targets, generator)
    print(max(peak_beyond(step, case.device) for step in steps.values()))


if __name__ == "__main__":
    main()
