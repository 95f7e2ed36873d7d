"""Peak memory of one method beyond the parameters, in a process of its own: `python -m forwardgrad.memory`."""

import argparse
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import torch

STEPS = 3
PROC = Path("/proc/self")


def resident(field: str) -> int:
    """Return a field of Linux's process status in bytes: VmRSS now, or VmHWM, the peak."""
    line = next(line for line in (PROC / "status").read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024


def peak_beyond(step: Callable[[], object], device: str) -> int:
    """Return the peak number of bytes that a few steps need beyond what is resident before them."""
    if device != "cpu":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        for _ in range(STEPS):
            step()
        return torch.cuda.max_memory_allocated() - before
    if (PROC / "clear_refs").exists():
        (PROC / "clear_refs").write_text("5")  # forget the peak so far
        before = resident("VmRSS")
        for _ in range(STEPS):
            step()
        return resident("VmHWM") - before
    unit = 1 if sys.platform == "darwin" else 1024
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(STEPS):
        step()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit


def measure(model: str, depth: int | None, method: str, batch_size: int, threads: int, device: str) -> int:
    """Start a fresh process, measure there, return the bytes."""
    options = [model, method, device, str(depth or 0), str(batch_size), str(threads)]
    done = subprocess.run([sys.executable, "-m", "forwardgrad.memory", *options], stdout=subprocess.PIPE, check=True)
    return int(done.stdout)


def main() -> None:
    """Measure one case and print the bytes."""
    from forwardgrad.bench import data_of, model_of, steps_of

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
