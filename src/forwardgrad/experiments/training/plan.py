"""What an experiment that trains makes: runs, measurements of cost, tables and figures, as files.

Pure functions of the configuration, standard library only. `available` are the data sets that were found: what needs
another one is left out.
"""

from collections.abc import Collection, Iterator, Mapping
from itertools import product
from typing import Any

from forwardgrad.catalogue import AT, DATASETS, ESTIMATORS, MODELS, impossible
from forwardgrad.experiments.speed.plan import Measurement, files, merged
from forwardgrad.experiments.training.products import ANALYSES, FIGURES
from forwardgrad.experiments.training.runs import Run, expand, merged_settings, seeds, step_key, untuned
from forwardgrad.suggestions import unknown, unknown_value

Config = dict[str, Any]
PART = "results"
OF_FRAMEWORK = ("jvp", "forward_ad")  # the framework's own forward mode, which can stand for that of GAUSSIAN
GAUSSIAN = "forward_gaussian"
SAME_STEPS = ("backprop_by_hand", "backprop_checkpoint")  # backpropagation by other means, with less memory
PATHS = [figure.path for figure in FIGURES]


def all_runs(config: Config, experiment: str) -> list[Run]:
    """Return the runs of `experiment`, available or not."""
    return expand(config | {"run": [experiment]})


def runs_of(config: Config, experiment: str, available: Collection[str] = DATASETS) -> list[Run]:
    """Return the runs of `experiment` whose data are available.

    Raises:
        ValueError: There is no such experiment, or a learning rate has not been tuned yet; a line for each.
    """
    if experiment not in config["experiments"]:
        raise ValueError(f"{experiment}: the configuration has no such experiment")
    if faults := untuned(config, experiment):
        raise ValueError("\n".join(faults))
    return [run for run in all_runs(config, experiment) if run.dataset in available]


def datasets(config: Config, experiment: str) -> list[str]:
    """Return the data sets of `experiment`."""
    return sorted({run.dataset for run in all_runs(config, experiment)})


def cells_of(runs: Collection[Run]) -> dict[tuple[str, str], list[Run]]:
    """Return the runs by (data set, model), in their order."""
    cells: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        cells.setdefault((run.dataset, run.model), []).append(run)
    return cells


def is_grid(runs: Collection[Run]) -> bool:
    """Return whether `runs` compare the rates of a grid: none is timed, and their outcome is the choice."""
    return any(AT in run.method for run in runs)


def metrics(config: Config, experiment: str, available: Collection[str]) -> list[str]:
    """Return the metrics of every run."""
    return [f"results/runs/{run.folder}/metrics.csv" for run in runs_of(config, experiment, available)]


def steps(config: Config, experiment: str, available: Collection[str] = DATASETS) -> list[Measurement]:
    """Return the steps whose cost the experiment needs: of every network, at its batch size, with every method."""
    runs = [run for run in all_runs(config, experiment) if run.dataset in available and AT not in run.method]
    analyses = config["experiments"].get(experiment, {}).get("analyses", [])
    found = []
    for run in runs:
        train = DATASETS[run.dataset].train
        size = run.settings.examples(train)
        methods = [step_key(run.settings), *(["gathering"] if size < train else [])]
        methods += OF_FRAMEWORK if "times" in analyses and run.settings.estimator == GAUSSIAN else []
        memory = "memory" in analyses
        methods += SAME_STEPS if memory and run.method == "backprop" else []
        found.append(Measurement("cpu", run.model, size, tuple(methods), memory))
    return merged(found)


def costs(config: Config, experiment: str, available: Collection[str]) -> list[str]:
    """Return the measurements of steps that the experiment needs."""
    return files(config, steps(config, experiment, available))


def measured(config: Config, experiment: str, available: Collection[str]) -> list[str]:
    """Return everything that is measured for `experiment`, every file of it."""
    folders = [run.folder for run in runs_of(config, experiment, available)]
    asked = steps(config, experiment, available)
    runs = [f"results/runs/{folder}/{name}" for folder in folders for name in ("metrics.csv", "times.csv", "run.json")]
    return [*runs, *files(config, asked), *files(config, asked, "-record.json")]


def run_at(runs: Mapping[str, Run], experiment: str, dataset: str, model: str, method: str, seed: str) -> Run:
    """Return the run of these names; `runs` are all runs by their folders.

    Raises:
        ValueError: There is none.
    """
    folder = f"{experiment}/{dataset}/{model}/{method}/seed-{seed}"
    if folder not in runs:
        raise ValueError(f"results/runs/{folder}: the configuration has no such run")
    return runs[folder]


def in_short(metrics: Collection[str]) -> list[str]:
    """Return the folders of runs, those that differ in their seed as one word for Bash: `.../seed-{0,1,2}`."""
    seeds: dict[str, list[str]] = {}
    for path in metrics:
        folder, _, seed = path.removesuffix("/metrics.csv").rpartition("/seed-")
        seeds.setdefault(folder, []).append(seed)
    several = {folder: own[0] if len(own) == 1 else f"{{{','.join(own)}}}" for folder, own in seeds.items()}
    return [f"{folder}/seed-{seed}" for folder, seed in several.items()]


def seeds_of(config: Config, dataset: str) -> int:
    """Return the number of seeds that a data set must be split for."""
    cells = [cell for cell in config["cells"].values() if dataset in cell["datasets"]]
    return max((seeds(cell).stop for cell in cells), default=1)


def tables(config: Config, experiment: str) -> list[str]:
    """Return the tables of `experiment`."""
    settings = config["experiments"].get(experiment, {})
    names = ["methods", "paired"]
    names += ["rates"] if is_grid(all_runs(config, experiment)) else []
    names += ["loss-ratios"] if "against" in settings else []
    names += [table for analysis in settings.get("analyses", []) for table in ANALYSES[analysis]]
    return [f"results/tables/{experiment}/{name}.csv" for name in names]


def figures(config: Config, experiment: str, available: Collection[str]) -> list[str]:
    """Return the figures of `experiment`: those of all its cells together, then those of each cell."""
    runs, settings = runs_of(config, experiment, available), config["experiments"][experiment]
    analyses = settings.get("analyses", [])
    if not runs:
        return []
    names = ["rates"] if is_grid(runs) else []
    if not names:
        names += ["loss-ratios"] if "against" in settings else []
        names += ["steps-to-threshold"] if any(run.settings.stop.loss is not None for run in runs) else []
        names += [name for name in analyses if f"figures/{{experiment}}/{name}.svg" in PATHS]
        for (dataset, model), own in cells_of(runs).items():
            names += [f"{dataset}-{model}-by-step"] if (dataset, model) in with_curves(config, experiment) else []
            names += [f"{dataset}-{model}-cosines"] if any(run.probes for run in own) else []
    return [f"results/figures/{experiment}/{name}.svg" for name in names]


def with_curves(config: Config, experiment: str) -> set[tuple[str, str]]:
    """Return the data sets with models whose curves the report shows; the others are rows of its tables."""
    settings = config["experiments"][experiment]
    cells = [config["cells"][name] for name in settings.get("curves", settings["cells"])]
    return {pair for cell in cells for pair in product(cell["datasets"], cell["models"])}


def curves(config: Config, experiment: str, dataset: str, model: str) -> dict[str, Any]:
    """Tell a figure of curves whether it shows the norm of the weights.

    Raises:
        ValueError: The configuration has no such cell.
    """
    cell(config, experiment, dataset, model)
    return {"norms": "norms" in config["experiments"][experiment].get("analyses", [])}


def cell(config: Config, experiment: str, dataset: str, model: str) -> dict[str, Any]:
    """Give a figure of one cell nothing else.

    Raises:
        ValueError: The configuration has no such cell.
    """
    if (dataset, model) not in cells_of(runs_of(config, experiment)):
        raise ValueError(f"{experiment}: {dataset} with {model} is none of its cells")
    return {}


def compared(config: Config, experiment: str) -> dict[str, Any]:
    """Give a table the method that all others are compared with.

    Raises:
        ValueError: The experiment compares with none.
    """
    if "against" not in config["experiments"].get(experiment, {}):
        raise ValueError(f"{experiment}: it compares with no method, its key `against` would name one")
    return {"against": config["experiments"][experiment]["against"]}


def paper_settings(config: Config, experiment: str) -> dict[str, Any]:
    """Tell the table of times whether the experiment has the paper's settings, to show the paper's times."""
    return {"paper_settings": config["experiments"].get(experiment, {}).get("paper_settings", False)}


def problems(config: Config) -> Iterator[str]:
    """Yield what is wrong with `experiments`, `cells` and `methods` of a configuration that has the right form."""
    yield from list(references(config)) or incomplete(config)


def references(config: Config) -> Iterator[str]:
    """Yield names that nothing has."""
    cells, methods = config["cells"], config["methods"]
    for name, experiment in config["experiments"].items():
        yield from unknown(f"experiments.{name}.cells", experiment["cells"], "cell", cells)
        yield from unknown(
            f"experiments.{name}.curves", experiment.get("curves", []), "cell of it", experiment["cells"]
        )
        yield from unknown(f"experiments.{name}.analyses", experiment.get("analyses", []), "analysis", ANALYSES)
        if "against" in experiment:
            yield from unknown_value(f"experiments.{name}.against", experiment["against"], "method", methods)
    for name, cell in cells.items():
        yield from unknown(f"cells.{name}.datasets", cell["datasets"], "data set", DATASETS)
        yield from unknown(f"cells.{name}.models", cell["models"], "model", MODELS)
        yield from unknown(f"cells.{name}.methods", cell["methods"], "method", methods)
    for name, method in methods.items():
        if "estimator" in method:
            yield from unknown_value(f"methods.{name}.estimator", method["estimator"], "estimator", ESTIMATORS)


def incomplete(config: Config) -> Iterator[str]:
    """Yield cells that define no run, an incomplete one or one that another cell defines too."""
    for name, cell in config["cells"].items():
        pairs = list(product(cell["datasets"], cell["models"]))
        reasons = [impossible(dataset, model) for dataset, model in pairs]
        if all(reasons):
            yield f"cells.{name}: no model fits a data set: {'; '.join(map(str, reasons))}"
        for method in cell["methods"]:
            settings = merged_settings(method, cell, config)
            missing = [] if "rates" in cell or "learning_rate" in settings else ["learning_rate"]
            missing += [] if "steps" in settings["stop"] else ["stop.steps"]
            for key in missing:
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
