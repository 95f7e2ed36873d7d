"""Clocks: how long work took, and how much else disturbed it.

On a CPU the clock is the processor time of this process: whatever else the machine runs, work counts only while it
is done. The wall clock is for work on several threads, whose waiting for each other counts too.
"""

import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

Clock = Callable[[Callable[[], object]], float]


def cpu(work: Callable[[], object]) -> float:
    """Return the seconds of processor time that this process spends on `work`."""
    start = time.process_time()
    work()
    return time.process_time() - start


def wall(work: Callable[[], object]) -> float:
    """Return the seconds that pass while `work` is done."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def device(work: Callable[[], object]) -> float:
    """Return the seconds between two events of the GPU, in front of `work` and behind it."""
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    work()
    end.record()
    end.synchronize()
    return start.elapsed_time(end) / 1e3


CLOCKS: dict[str, Clock] = {"cpu": cpu, "wall": wall, "device": device}


def clock_of(device: str, threads: int) -> str:
    """Return the key of the clock by which a measurement on `device` with so many threads is taken."""
    if device != "cpu":
        return "device"
    return "cpu" if threads == 1 else "wall"


def repeated(run: Callable[[], object], calls: int) -> Callable[[], None]:
    """Return a function that calls `run` so many times."""

    def work() -> None:
        for _ in range(calls):
            run()

    return work


@dataclass(frozen=True)
class Disturbance:
    """What this process had to share since it was made: `seen` gives it in numbers.

    Attributes:
        start: Wall clock.
        switches: Times that this process was taken off a processor against its will.
        steal: Seconds that the machine's host gave its processors to others; 0 where Linux does not say.
    """

    start: float
    switches: int
    steal: float

    @staticmethod
    def begin() -> "Disturbance":
        """Begin to watch."""
        switches = resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
        return Disturbance(time.perf_counter(), switches, stolen())

    def seen(self) -> dict[str, float]:
        """Return involuntary context switches a second, and the share of one processor that was stolen."""
        now = Disturbance.begin()
        passed = now.start - self.start
        return {
            "switches_per_second": (now.switches - self.switches) / passed,
            "steal": (now.steal - self.steal) / passed,
        }


def stolen(statistics: Path = Path("/proc/stat")) -> float:
    """Return the seconds of all processors that the host of a virtual machine has given to others since its start."""
    if not statistics.exists():
        return 0.0
    _, *fields = statistics.read_text().partition("\n")[0].split()
    return int(fields[7]) / os.sysconf("SC_CLK_TCK") if len(fields) > 7 else 0.0
