"""A run as data: which experiment, data set, model, method and seed, and every setting that produces it.

Expands a checked configuration (a plain mapping) into runs. Standard library only, so that the
workflow can list a thousand runs without importing anything heavy.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import PurePosixPath
from typing import Any

from forwardgrad.catalogue import impossible

TUNED = "tuned"  # a learning rate that the tuning experiment chose
AT = "@"  # between a method and the rate of a grid at which it is run

# Tables that an experiment can ask for, by the analysis that makes them.
ANALYSES = {"times": ("times", "times-summary"), "budgets": ("budgets",), "norms": ("norms",)}


@dataclass(frozen=True)
class Stop:
    """When a run ends: after `steps` updates, or earlier once the loss of `split` is at or below `loss`."""

    steps: int
    loss: float | None = None
    split: str = "train"


@dataclass(frozen=True)
class Method:
    """How a model is trained.

    Attributes:
        estimator: Key of the gradient estimator.
        learning_rate: Rate lr_0 of the first step.
        stop: When to stop.
        optimizer: `sgd` or `adam`.
        decay: k in lr_i = lr_0 exp(-k i); 0 keeps the rate constant.
        batch_size: Examples per step; None takes the whole training split.
        normalisation: Mean and standard deviation by which inputs are standardised, in units of the
            prepared inputs (images in [0, 1]); None leaves them as they are.
    """

    estimator: str
    learning_rate: float
    stop: Stop
    optimizer: str = "sgd"
    decay: float = 0.0
    batch_size: int | None = None
    normalisation: tuple[float, float] | None = None

    @staticmethod
    def from_mapping(settings: dict[str, Any]) -> "Method":
        """Return the method that `settings`, as YAML or JSON hold them, describe."""
        settings = settings | {"stop": Stop(**settings["stop"])}
        if settings.get("batch_size") == "full":
            settings["batch_size"] = None
        if settings.get("normalisation"):
            settings["normalisation"] = tuple(settings["normalisation"])
        return Method(**settings)


@dataclass(frozen=True)
class Run:
    """One training run.

    `evaluate_every` is the number of steps between evaluations, `tuning` whether the run chooses settings
    by its validation part, `probes` the number of estimates whose cosine with the gradient is measured at
    every evaluation.
    """

    experiment: str
    dataset: str
    model: str
    method: str
    seed: int
    settings: Method
    evaluate_every: int
    tuning: bool = False
    probes: int = 0

    @property
    def folder(self) -> str:
        """Path of the run below the folder of runs."""
        return str(PurePosixPath(self.experiment, self.dataset, self.model, self.method, f"seed-{self.seed}"))

    def to_json(self) -> str:
        """One line of JSON; `from_json` reads it back."""
        return json.dumps(asdict(self), sort_keys=True)

    @staticmethod
    def from_json(text: str) -> "Run":
        """Inverse of `to_json`."""
        fields = json.loads(text)
        return Run(**fields | {"settings": Method.from_mapping(fields["settings"])})


def merged_settings(name: str, cell: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of method `name` in `cell`: the cell's, overridden by the method's own."""
    common, own = cell.get("settings", {}), config["methods"][name]
    return common | own | {"stop": common.get("stop", {}) | own.get("stop", {})}


def tuned_rate(config: dict[str, Any], dataset: str, model: str, method: str) -> float | None:
    """Return the rate that config/tuned.yaml has for `method`, None if it has none."""
    return config.get(TUNED, {}).get(dataset, {}).get(model, {}).get(method)


def variants(name: str, dataset: str, model: str, cell: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of method `name` by the name of its runs: one, or one for each rate of a grid.

    A method whose tuned rate is not known has none yet (`validation.untuned` says so).
    """
    settings = merged_settings(name, cell, config)
    if "rates" in cell:
        return {f"{name}{AT}{rate:g}": settings | {"learning_rate": rate} for rate in cell["rates"]}
    if settings["learning_rate"] == TUNED:
        rate = tuned_rate(config, dataset, model, name)
        return {} if rate is None else {name: settings | {"learning_rate": rate}}
    return {name: settings}


def variant(method: str, estimator: str) -> str:
    """Return what the name of a method adds to that of its estimator, such as `low_rate`; empty if nothing."""
    return method.removeprefix(estimator).strip("_")


def seeds(cell: dict[str, Any]) -> range:
    """Return the seeds of a cell."""
    first = cell.get("first_seed", 0)
    return range(first, first + cell["seeds"])


def combinations(config: dict[str, Any], experiment: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (dataset, model, cell) for every cell of `experiment`, impossible ones included."""
    for name in config["experiments"].get(experiment, {"cells": []})["cells"]:
        cell = config["cells"][name]
        for dataset, model in product(cell["datasets"], cell["models"]):
            yield dataset, model, cell


def expand(config: dict[str, Any]) -> list[Run]:
    """Return every possible run of the selected experiments, in the order of the configuration."""
    return [
        Run(
            experiment=experiment,
            dataset=dataset,
            model=model,
            method=method,
            seed=seed,
            settings=Method.from_mapping(settings),
            evaluate_every=cell["evaluate_every"],
            tuning=cell.get("tuning", False),
            probes=cell.get("probes", 0),
        )
        for experiment in config["run"]
        for dataset, model, cell in combinations(config, experiment)
        if impossible(dataset, model) is None
        for name in cell["methods"]
        for method, settings in variants(name, dataset, model, cell, config).items()
        for seed in seeds(cell)
    ]


def data_folder(config: dict[str, Any]) -> str | None:
    """Return the user's data folder: FORWARDGRAD_DATA if that is set, else the configuration's `data_dir`."""
    return os.environ.get("FORWARDGRAD_DATA") or config.get("data_dir")


SPEED = "speed"  # the experiment that measures steps instead of training
PAPER_BATCH_SIZE = 64

AUDIT_SPLITS = 20  # splits of penguins on which the audit computes
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
