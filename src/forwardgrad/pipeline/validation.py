"""Everything that is wrong with a configuration, one line each, before any work is done.

A line names the key, its value and what is allowed there. The schema says what may stand where; the
rest are references between entries and with `forwardgrad.catalogue`.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path

from forwardgrad.catalogue import BENCHMARKED, DATASETS, ESTIMATORS, MEASURED, MODELS, impossible
from forwardgrad.experiments.estimators import plan as estimation
from forwardgrad.experiments.functions.definitions import FUNCTIONS
from forwardgrad.experiments.functions.plan import EXPERIMENT, METHODS
from forwardgrad.experiments.speed.plan import SPEED
from forwardgrad.experiments.training.plan import TUNED, combinations, merged_settings, tuned_rate
from forwardgrad.schema import Mapping, schema_problems, suggest


def problems(config: Mapping, schema: Mapping) -> list[str]:
    """Return one line for everything wrong with `config`; an empty list if it can be run."""
    lines = [*schema_problems(config, schema), *reference_problems(config)]
    return list(dict.fromkeys(lines or cell_problems(config)))


def reference_problems(config: Mapping) -> Iterator[str]:
    """Yield names that nothing has. Skips whatever has the wrong form: the schema tells of that."""

    def named(place: str, names: object, what: str, known: Iterable[str]) -> Iterator[str]:
        for index, name in enumerate(names if isinstance(names, list) else []):
            if isinstance(name, str) and name not in known:
                yield f"{place}[{index}] = {name!r}: unknown {what}; {suggest(name, known)}"

    experiments, cells, methods = (entries(config, key) for key in ("experiments", "cells", "methods"))
    own = [name for name in (SPEED, EXPERIMENT, estimation.EXPERIMENT) if name in config]  # with a section of its own
    every = [*(config["experiments"] if isinstance(config.get("experiments"), dict) else ()), *own]
    yield from named("run", config.get("run"), "experiment", every)
    if SPEED in experiments:
        yield f"experiments.{SPEED}: allowed is another name, this one is for measuring steps"
    if EXPERIMENT in experiments:
        yield f"experiments.{EXPERIMENT}: allowed is another name, this one is for test functions"
    speed = config.get(SPEED) if isinstance(config.get(SPEED), dict) else {}
    yield from named(f"{SPEED}.models", speed.get("models"), "network", BENCHMARKED)
    for key in ("methods", "depth_methods"):
        yield from named(f"{SPEED}.{key}", speed.get(key), "method", MEASURED)
    if estimation.EXPERIMENT in experiments:
        yield f"experiments.{estimation.EXPERIMENT}: allowed is another name, this one is for estimates of one gradient"
    drawn = config[estimation.EXPERIMENT] if isinstance(config.get(estimation.EXPERIMENT), dict) else {}
    for key, what, known in (("datasets", "data set", DATASETS), ("estimators", "estimator", ESTIMATORS)):
        yield from named(f"{estimation.EXPERIMENT}.{key}", drawn.get(key), what, known)
    for model in drawn["draws"] if isinstance(drawn.get("draws"), dict) else ():
        if model not in MODELS:
            yield f"{estimation.EXPERIMENT}.draws.{model}: unknown model; {suggest(model, MODELS)}"
    functions = config.get(EXPERIMENT) if isinstance(config.get(EXPERIMENT), dict) else {}
    yield from named(f"{EXPERIMENT}.methods", functions.get("methods"), "method", METHODS)
    for source, named_cases in entries(functions, "cases").items():
        for name, case in entries({source: named_cases}, source).items():
            yield from case_problems(f"{EXPERIMENT}.cases.{source}.{name}", case.get("function", name), case)
    for name, experiment in experiments.items():
        yield from named(f"experiments.{name}.cells", experiment.get("cells"), "cell", config.get("cells") or {})
        against = experiment.get("against")
        if isinstance(against, str) and against not in methods:
            yield f"experiments.{name}.against = {against!r}: unknown method; {suggest(against, methods)}"
    for name, cell in cells.items():
        yield from named(f"cells.{name}.datasets", cell.get("datasets"), "data set", DATASETS)
        yield from named(f"cells.{name}.models", cell.get("models"), "model", MODELS)
        yield from named(f"cells.{name}.methods", cell.get("methods"), "method", config.get("methods") or {})
    for name, method in methods.items():
        estimator = method.get("estimator")
        if isinstance(estimator, str) and estimator not in ESTIMATORS:
            yield f"methods.{name}.estimator = {estimator!r}: unknown estimator; {suggest(estimator, ESTIMATORS)}"


def case_problems(place: str, function: object, case: Mapping) -> Iterator[str]:
    """Yield what is wrong with one test function beyond its form: unknown, or started where it is not defined."""
    if function not in FUNCTIONS:
        yield f"{place}.function = {function!r}: unknown function; {suggest(function, FUNCTIONS)}"
    elif isinstance(case.get("start"), list) and isinstance(case.get("repeat", 1), int):
        given, needed = len(case["start"]) * case.get("repeat", 1), FUNCTIONS[function].dimensions
        if needed not in (None, given):
            yield f"{place}.start: {function} takes {needed} coordinates, not {given}"


def entries(config: Mapping, key: str) -> dict[str, Mapping]:
    """Return the entries below `key` that are mappings, as they should be."""
    entry = config.get(key)
    return {name: value for name, value in entry.items() if isinstance(value, dict)} if isinstance(entry, dict) else {}


def cell_problems(config: Mapping) -> Iterator[str]:
    """Yield cells that define no run, an incomplete one or one that another cell defines too."""
    for name, cell in config["cells"].items():
        pairs = list(product(cell["datasets"], cell["models"]))
        reasons = [impossible(dataset, model) for dataset, model in pairs]
        if all(reasons):
            yield f"cells.{name}: no model fits a data set: {'; '.join(map(str, reasons))}"
        for method in cell["methods"]:
            settings = merged_settings(method, cell, config)
            rate = {"learning_rate": cell["rates"]} if "rates" in cell else settings
            for key, value in {"learning_rate": rate, "steps": settings["stop"]}.items():
                if key not in value:
                    key = {"steps": "stop.steps"}.get(key, key)
                    yield f"cells.{name}: {method} has no {key}: give it in cells.{name}.settings or methods.{method}"
    for name, experiment in config["experiments"].items():
        defined: dict[tuple[str, str, str], str] = {}
        for cell in experiment["cells"]:
            for row in product(*(config["cells"][cell][key] for key in ("datasets", "models", "methods"))):
                if defined.setdefault(row, cell) != cell:
                    yield (
                        f"experiments.{name}: cells {defined[row]} and {cell} both define {' x '.join(row)}: "
                        "one of them needs a method of another name"
                    )


def untuned(config: Mapping, experiment: str) -> list[str]:
    """Return one line for every method of `experiment` whose rate is `tuned` but not in config/tuned.yaml."""
    return [
        f"config/tuned.yaml: {dataset}.{model}.{method} is missing, {experiment} trains with it: run `snakemake tuned`"
        for dataset, model, cell in combinations(config, experiment)
        for method in cell["methods"]
        if impossible(dataset, model) is None and "rates" not in cell
        if merged_settings(method, cell, config)["learning_rate"] == TUNED
        if tuned_rate(config, dataset, model, method) is None
    ]


def obstacles(folder: Path, megabytes: int = 200) -> list[str]:
    """Return one line if `folder` cannot take results: it cannot be written to, or its disk is full."""
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not (existing.is_dir() and os.access(existing, os.W_OK)):
        return [f"{existing} cannot be written to: make it writable, results go there"]
    free = shutil.disk_usage(existing).free // 2**20
    return [f"{existing} has {free} MB free, results need up to {megabytes}: make room"] if free < megabytes else []
