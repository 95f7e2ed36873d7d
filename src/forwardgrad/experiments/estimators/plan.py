"""The experiment `estimators` as the configuration has it: its networks, its files, figures and tables.

It draws many estimates of one gradient of each network. Standard library only.
"""

from itertools import product
from typing import Any

from forwardgrad.catalogue import impossible

EXPERIMENT = "estimators"
FIGURES = ("moments", "closing", "cloud")


def networks(config: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (data set, model) of every network whose gradient is estimated, in the order of the configuration."""
    section = config[EXPERIMENT]
    pairs = product(section["draws"], section["datasets"])
    return [(dataset, model) for model, dataset in pairs if impossible(dataset, model) is None]


def arguments(config: dict[str, Any], dataset: str, model: str) -> str:
    """Return the arguments of `forwardgrad estimates` for one network, without its files."""
    section = config[EXPERIMENT]
    drawn = f"--estimators {','.join(section['estimators'])} --draws {section['draws'][model]}"
    return f"--dataset {dataset} --model {model} {drawn} --batch-size {section['batch_size']}"


def figures() -> list[str]:
    """Return the figures of the experiment."""
    return [f"results/figures/{EXPERIMENT}/{name}.svg" for name in FIGURES]


def tables() -> list[str]:
    """Return the tables of the experiment."""
    return [f"results/tables/{EXPERIMENT}/summary.csv"]
