"""Peak memory of steps."""

import resource
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

PROC = Path("/proc/self")


def peak_beyond(step: Callable[[], object], device: str, count: int = 1) -> int:
    """Return the peak number of bytes that so many steps need beyond what is held before them."""
    if device != "cpu":
        torch.cuda.reset_peak_memory_stats()
        peak = torch.cuda.max_memory_allocated
    elif (PROC / "clear_refs").exists():
        (PROC / "clear_refs").write_text("5")  # forget the peak so far
        peak = partial(resident, "VmHWM")
    else:
        peak = highest
    before = held(device)
    for _ in range(count):
        step()
    return peak() - before


def held(device: str) -> int:
    """Return the bytes that torch has allocated on a GPU, or that this process has in memory."""
    if device != "cpu":
        return torch.cuda.memory_allocated()
    return resident("VmRSS") if (PROC / "clear_refs").exists() else highest()


def resident(field: str) -> int:
    """Return a field of Linux's process status in bytes: VmRSS now, or VmHWM, the peak."""
    line = next(line for line in (PROC / "status").read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024


def highest() -> int:
    """Return the most bytes that the process has ever had in memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
