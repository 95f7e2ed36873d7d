"""What the experiment `speed` makes: measurements of steps, tables and figures, as files.

Pure functions of the configuration, standard library only. Other experiments ask for steps in the same way: each kind's
`steps` says which networks and methods it needs the cost of, and `merged` joins what all ask for, so that a step is
measured once, whoever shows it.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from forwardgrad.catalogue import MEASURED, MODELS, PLAIN, network_parts
from forwardgrad.suggestions import unknown

Config = dict[str, Any]
EXPERIMENT, PART = "speed", "cost"

PAPER_BATCH_SIZE = 64
LARGEST = 65536  # depth or width of a network: a wrong digit is told before memory is full
WALL_THREADS, WALL_PROCESSES = 2, 2  # the second table: wall time, and the same once more as its check


@dataclass(frozen=True)
class Measurement:
    """Steps of one network to be timed together.

    Attributes:
        device: cpu or cuda.
        network: A model or an architecture by key, or a model of another depth or width, such as `mlp_depth_10`.
        batch_size: Examples in one step.
        methods: What is measured, keys of MEASURED; `+adam` behind one takes Adam's step instead of SGD's.
        memory: Whether peak memory is measured too.
        parts: Whether a step is measured part by part too: draw, forward, backward, update.
        threads: 1: processor time; more: wall time.
        timed: Whether time is measured at all.
        operations: Whether torch's operations are counted too, on one thread of a CPU.
        processes: In how many processes it is measured; None: as `timing` says.
    """

    device: str
    network: str
    batch_size: int
    methods: tuple[str, ...]
    memory: bool = False
    parts: bool = False
    threads: int = 1
    timed: bool = True
    operations: bool = True
    processes: int | None = None

    @property
    def path(self) -> str:
        """Path of its folder below that of measurements."""
        return f"{self.device}/{self.network}/batch-{self.batch_size}/threads-{self.threads}"

    def arguments(self, process: int) -> str:
        """Arguments of `forwardgrad bench` in one of several processes; the first does what is done once."""
        # On a GPU, which replays a graph, torch is asked for nothing.
        count = self.operations and self.timed and self.device == "cpu" and self.threads == 1
        flags = " --memory" * self.memory + " --parts" * self.parts + " --operations" * count
        flags += " --untimed" * (not self.timed)
        return (
            f"--networks {self.network} --batch-size {self.batch_size} --device {self.device} "
            f"--threads {self.threads} --methods {','.join(self.methods)}{flags if process == 0 else ''}"
        )


def steps(config: Config, experiment: str = EXPERIMENT) -> list[Measurement]:
    """Return the steps that the experiment `speed` needs: every comparison's networks at each of its batch sizes."""
    speed, found = config[EXPERIMENT], []
    for device, comparison in product(speed["devices"], comparisons(config).values()):
        sizes = comparison.get("batch_sizes", [PAPER_BATCH_SIZE])
        for network, size in product(comparison["networks"], sizes):
            flags = {name: comparison.get(name, False) for name in ("memory", "parts")}
            one = Measurement(device, network, size, tuple(comparison["methods"]), **flags)
            found.append(one)
            if comparison.get("wall", False) and device == "cpu":
                found.append(replace(one, memory=False, parts=False, threads=WALL_THREADS))
    return merged(found)


def comparisons(config: Config) -> dict[str, Any]:
    """Return what is compared, by name."""
    return {name: one for name, one in config[EXPERIMENT]["comparisons"].items() if one is not None}


def merged(asked: Iterable[Measurement]) -> list[Measurement]:
    """Join what is asked of the same network: all methods in the order of the catalogue, and what any asks for."""
    found: dict[str, Measurement] = {}
    for one in asked:
        other = found.get(one.path, one)
        methods = ordered({*PLAIN, *one.methods, *other.methods})
        flags = ("memory", "parts", "timed", "operations")
        either = {flag: getattr(one, flag) or getattr(other, flag) for flag in flags}
        own = None if None in (one.processes, other.processes) else max(one.processes, other.processes)
        found[one.path] = replace(one, methods=methods, processes=own, **either)
    return list(found.values())


def ordered(methods: Collection[str]) -> tuple[str, ...]:
    """Return the methods in the order of the catalogue, those with Adam last."""
    order = list(MEASURED)
    return tuple(sorted(methods, key=lambda key: (key.partition("+")[2], order.index(key.partition("+")[0]))))


def files(config: Config, asked: Iterable[Measurement], suffix: str = ".json") -> list[str]:
    """Return the files of the measurements, each in every process, that end in `suffix`."""
    return [
        f"results/steps/{one.path}/process-{process}{suffix}"
        for one in asked
        for process in range(processes(config, one))
    ]


def processes(config: Config, one: Measurement) -> int:
    """Return in how many processes a measurement is made."""
    if not one.timed:
        return 1
    return one.processes or config["timing"]["processes"] if one.threads == 1 else WALL_PROCESSES


def arguments(config: Config, asked: Iterable[Measurement], path: str, process: int) -> str:
    """Return the arguments of `forwardgrad bench` for the measurement whose folder is `path`, in one process.

    Raises:
        ValueError: None of `asked` lies there, or it is not measured in so many processes.
    """
    found = {one.path: one for one in asked}
    if path not in found or process >= processes(config, found[path]):
        raise ValueError(f"results/steps/{path}/process-{process}: the configuration asks for no such measurement")
    return found[path].arguments(process)


def datasets(config: Config, experiment: str = EXPERIMENT) -> list[str]:
    """Return the data sets that are needed: none, steps take random inputs."""
    return []


def measured(config: Config, experiment: str = EXPERIMENT, available: Collection[str] = ()) -> list[str]:
    """Return everything that is measured, every file of it."""
    return [path for end in (".json", "-record.json") for path in files(config, steps(config), end)]


def tables(config: Config, experiment: str = EXPERIMENT) -> list[str]:
    """Return the tables, with those of what was measured on a GPU elsewhere (`gpu.plan.found`)."""
    own = [f"results/tables/speed/{name}.csv" for name in ("ratios", "regimes")]
    return [*own, *config.get("gpu", {}).get("tables", [])]


def figures(config: Config, experiment: str = EXPERIMENT, available: Collection[str] = ()) -> list[str]:
    """Return the figures that the measurements allow, for every device, with those of a GPU elsewhere."""
    devices, names = config[EXPERIMENT]["devices"], figure_names(steps(config))
    own = [f"results/figures/speed/{device}-{name}.svg" for device in devices for name in names]
    return [*own, *config.get("gpu", {}).get("figures", [])]


def figure_names(measurements: Iterable[Measurement]) -> list[str]:
    """Return the names of the figures that measurements on one device allow."""
    found = [one for one in measurements if one.threads == 1]
    named = [one for one in found if network_parts(one.network)[1] is None]
    axes = {
        "depth": {one.network for one in found if network_parts(one.network)[1] == "depth"},
        "size": {one.network for one in found if network_parts(one.network)[1] == "width"},
        "batch": {one.batch_size for one in named} - {PAPER_BATCH_SIZE},
    }
    memory = [one for one in found if one.memory]
    names = ["cost", *(["parts"] if any(one.parts for one in found) else [])]
    names += [axis for axis, others in axes.items() if others]
    names += ["memory"] if len({(one.network, one.batch_size) for one in memory}) > 1 else []
    return names + (["methods"] if "parts" in names else [])


def problems(config: Config) -> Iterator[str]:
    """Yield what is wrong with the section `speed` of a configuration that has the right form."""
    for name, comparison in comparisons(config).items():
        place = f"speed.comparisons.{name}"
        bases = [network_parts(network)[0] for network in comparison["networks"]]
        yield from unknown(f"{place}.networks", bases, "network", MODELS)
        yield from unknown(f"{place}.methods", comparison["methods"], "method", MEASURED)
        for index, network in enumerate(comparison["networks"]):
            if (network_parts(network)[2] or 0) > LARGEST:
                yield f"{place}.networks[{index}] = {network!r}: allowed is a depth or width of at most {LARGEST}"
