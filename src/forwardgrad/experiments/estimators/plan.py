"""What the experiment `estimators` makes: many estimates of one gradient of each network, a table and figures.

Pure functions of the configuration, standard library only. `available` are the data sets that were found: a network
on another one is left out.
"""

from collections.abc import Collection, Iterator
from itertools import product
from typing import Any

from forwardgrad.catalogue import DATASETS, ESTIMATORS, MODELS, impossible
from forwardgrad.suggestions import suggest, unknown

Config = dict[str, Any]
EXPERIMENT, PART = "estimators", "frontier"
CURVED = "mnist5k"  # the data set of the networks whose curvature and variance are measured
CURVATURE, CURVATURE_RECORD = "results/estimators/curvature.csv", "results/estimators/curvature-record.json"
VARIANCE, VARIANCE_RECORD = "results/estimators/variance.csv", "results/estimators/variance-record.json"


def networks(config: Config, available: Collection[str] = DATASETS) -> list[tuple[str, str]]:
    """Return (data set, model) of every network whose gradient is estimated, in the order of the configuration."""
    section = config[EXPERIMENT]
    pairs = product(section["draws"], section["datasets"])
    return [(data, model) for model, data in pairs if data in available and impossible(data, model) is None]


def arguments(config: Config, dataset: str, model: str) -> str:
    """Return the arguments of `forwardgrad estimates` for one network, without its files.

    Raises:
        ValueError: The configuration has no such network.
    """
    if (dataset, model) not in networks(config):
        raise ValueError(f"results/estimators/{dataset}/{model}: the configuration has no such network")
    section = config[EXPERIMENT]
    drawn = f"--estimators {','.join(section['estimators'])} --draws {section['draws'][model]}"
    return f"--dataset {dataset} --model {model} {drawn} --batch-size {section['batch_size']}"


def steps(config: Config, experiment: str = EXPERIMENT) -> list[Any]:
    """Return the steps of networks whose cost is needed: none."""
    return []


def datasets(config: Config, experiment: str = EXPERIMENT) -> list[str]:
    """Return the data sets of the networks."""
    return sorted({CURVED, *(dataset for dataset, _ in networks(config))})


def files(config: Config, available: Collection[str], suffix: str) -> list[str]:
    """Return the files of estimates that end in `suffix`."""
    return [f"results/estimators/{dataset}/{model}{suffix}" for dataset, model in networks(config, available)]


def measured(config: Config, experiment: str, available: Collection[str]) -> list[str]:
    """Return everything that is measured, every file of it."""
    of_networks = [path for end in (".csv", "-cloud.csv", "-record.json") for path in files(config, available, end)]
    return [*of_networks, *([CURVATURE, CURVATURE_RECORD, VARIANCE, VARIANCE_RECORD] if CURVED in available else [])]


def curvature_draws(config: Config) -> int:
    """Return the number of tangents of every kind for the stability term on a network."""
    return config[EXPERIMENT].get("curvature", 1000)


def variance_draws(config: Config) -> int:
    """Return the number of estimates of every kind whose variance is measured."""
    return config[EXPERIMENT].get("variance", 50)


def tables(config: Config, experiment: str = EXPERIMENT) -> list[str]:
    """Return the tables."""
    return ["results/tables/estimators/summary.csv"]


def figures(config: Config, experiment: str, available: Collection[str]) -> list[str]:
    """Return the figures."""
    names = ["variance", "curvature"] if CURVED in available else []
    names += ["moments", "closing", "cloud"] if networks(config, available) else []
    return [f"results/figures/estimators/{name}.svg" for name in names]


def problems(config: Config) -> Iterator[str]:
    """Yield what is wrong with the section `estimators` of a configuration that has the right form."""
    section = config[EXPERIMENT]
    yield from unknown("estimators.datasets", section["datasets"], "data set", DATASETS)
    yield from unknown("estimators.estimators", section["estimators"], "estimator", ESTIMATORS)
    for model in section["draws"]:
        if model not in MODELS:
            yield f"estimators.draws.{model}: unknown model; {suggest(model, MODELS)}"
