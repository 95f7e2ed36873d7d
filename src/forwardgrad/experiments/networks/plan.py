"""What the experiment `networks` makes: steps of architectures, measured as those of `speed`, and a figure."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from forwardgrad.catalogue import ARCHITECTURES, MEASURED
from forwardgrad.experiments.speed.plan import Measurement, files, merged
from forwardgrad.suggestions import unknown

Config = dict[str, Any]
EXPERIMENT, PART = "networks", "cost"


def steps(config: Config, experiment: str = EXPERIMENT) -> list[Measurement]:
    """Return what is measured of every network: time at one batch size, peak memory at another."""
    own, found = config[EXPERIMENT], []
    for network in own["networks"]:
        time = Measurement(
            "cpu", network, own["batch_size"], tuple(own["methods"]), operations=False, processes=own["processes"]
        )
        found += [time, replace(time, batch_size=own["memory_batch_size"], memory=True, timed=False)]
    return merged(found)


def datasets(config: Config, experiment: str = EXPERIMENT) -> list[str]:
    """Return the data sets that are needed: none, steps take random inputs."""
    return []


def measured(config: Config, experiment: str = EXPERIMENT, available: Collection[str] = ()) -> list[str]:
    """Return everything that is measured, every file of it."""
    return [path for end in (".json", "-record.json") for path in files(config, steps(config), end)]


def tables(config: Config, experiment: str = EXPERIMENT) -> list[str]:
    """Return the tables: none but the frame."""
    return []


def figures(config: Config, experiment: str = EXPERIMENT, available: Collection[str] = ()) -> list[str]:
    """Return the figure."""
    return ["results/figures/networks/cost-and-memory.svg"]


def sizes(config: Config, **names: str) -> dict[str, int]:
    """Give the figure the batch sizes of time and of memory."""
    return {name: config[EXPERIMENT][name] for name in ("batch_size", "memory_batch_size")}


def problems(config: Config) -> Iterator[str]:
    """Yield what is wrong with the section `networks` of a configuration that has the right form."""
    own = config[EXPERIMENT]
    yield from unknown("networks.networks", own["networks"], "network", ARCHITECTURES)
    yield from unknown("networks.methods", own["methods"], "method", MEASURED)
