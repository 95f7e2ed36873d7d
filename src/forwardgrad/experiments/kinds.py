"""The kinds of experiment: each is a folder beside this module, and all have the same rooms.

A room is a module or folder: `plan` (what the configuration asks for, as files), `products` (tables and figures as
data), `columns` (the frames), `tables`, `figures`, `section` (of the report) and `command` (of `forwardgrad`). Only
`training` has several experiments, under `experiments` in the configuration. The audit and the figures of published
runs have none; they are always made.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from forwardgrad.arguments import RefusalError

if TYPE_CHECKING:
    from forwardgrad.experiments.products import Product

KINDS = ("training", "speed", "networks", "functions", "estimators")
AUDIT = "audit"
PUBLISHED = "published"


def kind_of(experiment: str) -> str:
    """Return the kind of an experiment."""
    return experiment if experiment in KINDS else "training"


def room(kind: str, name: str) -> Any:
    """Return a module of a kind, such as `plan`; it is imported when it is asked for."""
    return import_module(f"forwardgrad.experiments.{kind}.{name}")


def plan_of(experiment: str) -> Any:
    """Return the plan of an experiment's kind."""
    return room(kind_of(experiment), "plan")


def experiments(config: Mapping[str, Any]) -> list[str]:
    """Return every experiment that the configuration defines, selected or not."""
    return [*config["experiments"], *(kind for kind in KINDS if kind in config)]


def settings_of(config: Mapping[str, Any], experiment: str) -> Mapping[str, Any]:
    """Return what the configuration says of an experiment."""
    return config[experiment] if experiment in KINDS else config["experiments"][experiment]


def steps(config: Mapping[str, Any]) -> list[Any]:
    """Return the measurements of steps (`speed.plan.Measurement`) that the configuration's experiments ask for.

    Those that are run decide what is measured of a network; what only others ask for can be measured too.
    """
    merged = room("speed", "plan").merged
    others, run = (
        {one.path: one for one in merged(one for name in names for one in plan_of(name).steps(config, name))}
        for names in (experiments(config), config["run"])
    )
    return list((others | run).values())


def part_of(config: Mapping[str, Any], experiment: str) -> str:
    """Return the part of the page that shows an experiment: results, cost or frontier."""
    return settings_of(config, experiment).get("part", plan_of(experiment).PART)


def products(what: str) -> Iterator["Product"]:
    """Yield every product of all kinds: `what` is TABLES or FIGURES."""
    for kind in (*KINDS, AUDIT, PUBLISHED):
        yield from getattr(room(kind, "products"), what)


def product_at(what: str, path: str) -> tuple["Product", dict[str, str]]:
    """Return the product that lies at `path` below the folder of results, and the names in its path.

    Raises:
        RefusalError: There is none.
    """
    found = [(product, names) for product in products(what) if (names := product.match(path)) is not None]
    if found:
        return min(found, key=lambda each: len(each[1]))  # a file of its own before one of many
    raise RefusalError(f"{path}: nothing makes it; `snakemake --list-target-rules` names what can be made")
