"""A run as data: which experiment, data set, model, method and seed, and every setting that produces it.

Expands a checked configuration (a plain mapping) into runs. Standard library only, so that the
workflow can list a thousand runs without importing anything heavy.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

from forwardgrad.catalogue import ADAM, AT, impossible

TUNED = "tuned"  # a learning rate that the grid of an experiment chose
# Where the grids of these experiments are written, below config/.
FILES = {"tuning": "tuned", "tuning_full": "tuned_full", "tuning_map": "tuned_map"}


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
        initial_scale: Factor of all initial weights and biases.
        keep_norm: Whether all parameters are scaled after every step, by one factor, to the norm they began with.
    """

    estimator: str
    learning_rate: float
    stop: Stop
    optimizer: str = "sgd"
    decay: float = 0.0
    batch_size: int | None = None
    normalisation: tuple[float, float] | None = None
    initial_scale: float = 1.0
    keep_norm: bool = False

    def examples(self, train: int) -> int:
        """Return the number of examples in one step, of `train` in the training split."""
        return min(self.batch_size or train, train)

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
        return f"{self.experiment}/{self.dataset}/{self.model}/{self.method}/seed-{self.seed}"

    def to_json(self) -> str:
        """One line of JSON; `from_json` reads it back."""
        return json.dumps(asdict(self), sort_keys=True)

    @staticmethod
    def from_json(text: str) -> "Run":
        """Inverse of `to_json`."""
        fields = json.loads(text)
        return Run(**fields | {"settings": Method.from_mapping(fields["settings"])})


def step_key(settings: Method) -> str:
    """Return the key under which a step with these settings is measured."""
    return settings.estimator + (ADAM if settings.optimizer == "adam" else "")


def merged_settings(name: str, cell: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of method `name` in `cell`: the cell's, overridden by the method's own and its `steps`."""
    common, own = cell.get("settings", {}), config["methods"][name]
    steps = {"steps": cell["steps"][name]} if name in cell.get("steps", {}) else {}
    return common | own | {"stop": common.get("stop", {}) | own.get("stop", {}) | steps}


def tuned_rate(config: dict[str, Any], dataset: str, model: str, method: str) -> float | None:
    """Return the rate that a grid chose for `method`, None if none did."""
    return config.get(TUNED, {}).get(dataset, {}).get(model, {}).get(method)


def rates_of(cell: dict[str, Any], name: str) -> list[float]:
    """Return the grid of learning rates of method `name` in `cell`: its own or that of all methods; empty if none."""
    rates = cell.get("rates", [])
    return rates.get(name, []) if isinstance(rates, dict) else rates


def variants(name: str, dataset: str, model: str, cell: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of method `name` by the name of its runs: one, or one for each rate of a grid.

    A method whose tuned rate is not known has none yet (`untuned` says so).
    """
    settings = merged_settings(name, cell, config)
    if rates := rates_of(cell, name):
        return {f"{name}{AT}{rate:g}": settings | {"learning_rate": rate} for rate in rates}
    if settings["learning_rate"] == TUNED:
        rate = tuned_rate(config, dataset, model, name)
        return {} if rate is None else {name: settings | {"learning_rate": rate}}
    return {name: settings}


def seeds(cell: dict[str, Any]) -> range:
    """Return the seeds of a cell."""
    first = cell.get("first_seed", 0)
    return range(first, first + cell["seeds"])


def evaluate_every(cell: dict[str, Any], settings: dict[str, Any]) -> int:
    """Return the number of steps between evaluations: the cell's, or its share of the steps of a run."""
    every = cell["evaluate_every"]
    return every if every >= 1 else max(1, round(every * settings["stop"]["steps"]))


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
            evaluate_every=evaluate_every(cell, settings),
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


def written_by(config: dict[str, Any], dataset: str, model: str) -> str:
    """Return the target that writes the tuned rates of `model` on `dataset`, which has the name of their file."""
    cells = {name: [cell[:2] for cell in combinations(config, name)] for name in FILES}
    return next((FILES[name] for name in FILES if (dataset, model) in cells[name]), FILES["tuning"])


def untuned(config: dict[str, Any], experiment: str) -> list[str]:
    """Return one line for every method of `experiment` whose rate is `tuned` but not known yet."""
    return [
        f"config/{written_by(config, dataset, model)}.yaml: {dataset}.{model}.{method} is missing, {experiment} trains "
        f"with it: run `snakemake {written_by(config, dataset, model)}`"
        for dataset, model, cell in combinations(config, experiment)
        for method in cell["methods"]
        if impossible(dataset, model) is None and not variants(method, dataset, model, cell, config)
    ]
