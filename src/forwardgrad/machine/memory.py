"""Peak memory of a few steps."""

import resource
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
