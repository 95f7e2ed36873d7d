"""What the experiment `speed` makes: measurements of steps, a table and figures, as files.

Pure functions of the configuration, standard library only.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import PurePosixPath
from typing import Any

from forwardgrad.catalogue import BENCHMARKED, MEASURED
from forwardgrad.suggestions import unknown

Config = dict[str, Any]
EXPERIMENT, PART = "speed", "cost"

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


def measurements(config: Config) -> list[Measurement]:
    """Return what the experiment `speed` measures: models at every batch size, depths at the paper's.

    `mlp` has two hidden layers: at the paper's batch size it is measured once, with what both need.
    """
    speed = config[EXPERIMENT]
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


def datasets(config: Config, experiment: str = EXPERIMENT) -> list[str]:
    """Return the data sets that are needed: none, steps take random inputs."""
    return []


def files(config: Config, suffix: str) -> list[str]:
    """Return the files of all measurements, each in every process, that end in `suffix`."""
    processes = range(config[EXPERIMENT]["processes"])
    return [f"results/speed/{one.path}/process-{n}{suffix}" for one in measurements(config) for n in processes]


def measured(config: Config, experiment: str = EXPERIMENT, available: Collection[str] = ()) -> list[str]:
    """Return everything that is measured."""
    return files(config, ".json")


def tables(config: Config, experiment: str = EXPERIMENT) -> list[str]:
    """Return the tables."""
    return ["results/tables/speed/ratios.csv"]


def figures(config: Config, experiment: str = EXPERIMENT, available: Collection[str] = ()) -> list[str]:
    """Return the figures that the measurements allow, for every device."""
    speed = config[EXPERIMENT]
    deep = len(speed["depths"]) > 1
    names = {"cost": True, "depth": deep, "memory": deep and speed["memory"], "batch": len(speed["batch_sizes"]) > 1}
    shown = [name for name, possible in names.items() if possible]
    return [f"results/figures/speed/{device}-{name}.svg" for device in speed["devices"] for name in shown]


def arguments(config: Config, path: str, process: int) -> str:
    """Return the arguments of `forwardgrad bench` for the measurement whose folder is `path`, in one process.

    Raises:
        ValueError: The configuration has no such measurement, or not in so many processes.
    """
    found = {one.path: one for one in measurements(config)}
    if path not in found or process >= config[EXPERIMENT]["processes"]:
        raise ValueError(f"results/speed/{path}/process-{process}: the configuration has no such measurement")
    return found[path].arguments(process)


def problems(config: Config) -> Iterator[str]:
    """Yield what is wrong with the section `speed` of a configuration that has the right form."""
    section = config[EXPERIMENT]
    yield from unknown("speed.models", section["models"], "network", BENCHMARKED)
    for key in ("methods", "depth_methods"):
        yield from unknown(f"speed.{key}", section[key], "method", MEASURED)
