"""One step as a CUDA graph: recorded once, then started by a single call.

On a GPU the kernels of these networks are so short that starting them one by one takes longer than
running them; a graph starts all of a step at once. What is recorded must be the same in every step: no
value may be brought to the host, and random numbers must be drawn inside (`draws.TangentStream` does).
"""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch

WARM_UP = 3  # steps in which libraries choose their kernels and reserve their memory, before the recording


@dataclass(frozen=True)
class Captured:
    """A recorded step. Holds on to the original, whose buffers the recording reads and writes."""

    graph: torch.cuda.CUDAGraph
    step: Callable[[], object]

    def __call__(self) -> None:
        """Start the whole step; returns before the device has done it."""
        self.graph.replay()


@cache
def side_stream() -> torch.cuda.Stream:
    """Return the one stream on which steps are recorded: libraries keep memory of their own for every stream."""
    return torch.cuda.Stream()


def captured(step: Callable[[], object], generator: torch.Generator) -> Captured:
    """Record `step`, which draws from `generator`: later calls draw anew, from where the generator stands.

    Raises:
        RuntimeError: It cannot be recorded. The stream of the caller is the current one again.
    """
    side = side_stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(WARM_UP):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    graph.register_generator_state(generator)
    with torch.cuda.stream(side), torch.cuda.graph(graph, stream=side):  # a recording that fails leaves its stream set
        step()
    return Captured(graph, step)


def obstacle(device: str) -> str | None:
    """Return why torch cannot compute on `device` here, and what to do; None if it can."""
    if device == "cuda" and not torch.cuda.is_available():
        return "cuda: torch finds no CUDA device on this machine, use --device cpu"
    return None


def name(device: str) -> str:
    """Return `device`, with the name of the GPU."""
    return f"{device}: {torch.cuda.get_device_name()}" if device == "cuda" else device


def described(device: str) -> dict[str, Any]:
    """Return what a record says of the GPU: its name, memory in bytes, CUDA and driver; nothing of a processor."""
    if device == "cpu":
        return {}
    found = torch.cuda.get_device_properties(0)
    return {"gpu": found.name, "memory": found.total_memory, "cuda": torch.version.cuda, "driver": driver()}


def driver() -> str | None:
    """Return the version of NVIDIA's driver; None where its own tool does not tell."""
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.partition("\n")[0].strip()
