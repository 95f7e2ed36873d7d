"""What the experiment `speed` measures, as data."""

from dataclasses import dataclass
from itertools import product
from pathlib import PurePosixPath
from typing import Any

SPEED = "speed"  # the experiment that measures steps instead of training
PAPER_BATCH_SIZE = 64

ONCE = {"backprop_compiled"}  # compiling takes as long as all measurements of a process, and would again in each


@dataclass(frozen=True)
class Measurement:
    """Steps of one network to be timed together. `depth` is None for a model by key, else hidden layers."""

    device: str
    model: str
    depth: int | None
    batch_size: int
    methods: tuple[str, ...]
    memory: bool

    @property
    def path(self) -> str:
        """Path of its folder below that of measurements."""
        network = self.model if self.depth is None else f"{self.model}_depth_{self.depth}"
        return str(PurePosixPath(self.device, network, f"batch-{self.batch_size}"))

    def arguments(self, process: int) -> str:
        """Arguments of `forwardgrad bench` in one of several processes; the first does what is done once."""
        network = f"--models {self.model}" if self.depth is None else f"--depths {self.depth}"
        methods = [method for method in self.methods if process == 0 or method not in ONCE] or ["evaluation"]
        rest = f"--batch-size {self.batch_size} --device {self.device} --methods {','.join(methods)}"
        return f"{network} {rest}{' --memory' if self.memory and process == 0 else ''}"


def measurements(config: dict[str, Any]) -> list[Measurement]:
    """Return what the experiment `speed` measures: models at every batch size, depths at the paper's.

    `mlp` has two hidden layers: at the paper's batch size it is measured once, with what both need.
    """
    speed = config[SPEED]
    found = []
    for device in speed["devices"]:
        for model, size in product(speed["models"], speed["batch_sizes"]):
            both = (model, size) == ("mlp", PAPER_BATCH_SIZE) and 2 in speed["depths"]
            methods = dict.fromkeys([*speed["methods"], *(speed["depth_methods"] if both else [])])
            found.append(Measurement(device, model, None, size, tuple(methods), both and speed["memory"]))
        covered = {2} if any(one.model == "mlp" and one.batch_size == PAPER_BATCH_SIZE for one in found) else set()
        deep = tuple(speed["depth_methods"])
        for depth in (depth for depth in speed["depths"] if depth not in covered):
            found.append(Measurement(device, "mlp", depth, PAPER_BATCH_SIZE, deep, speed["memory"]))
    return found
