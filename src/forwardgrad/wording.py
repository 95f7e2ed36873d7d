"""The settings of runs in words, and what a configuration leaves out."""

from collections.abc import Mapping, Sequence
from typing import Any

from forwardgrad.catalogue import impossible
from forwardgrad.configuration import AT, Run, combinations, expand
from forwardgrad.plotting import labels


def settings(runs: Sequence[Run]) -> list[tuple[str, list[str], int]]:
    """Return (settings in words, labels of the methods that share them, number of seeds), in order."""
    shared: dict[str, list[Run]] = {}
    for run in runs:
        shared.setdefault(in_words(run), []).append(run)
    return [
        (
            words,
            list(dict.fromkeys(labels.method(run.method.partition(AT)[0], run.settings.estimator) for run in group)),
            len({run.seed for run in group}),
        )
        for words, group in shared.items()
    ]


def in_words(run: Run) -> str:
    """The settings of a run as one phrase."""
    chosen, stop = run.settings, run.settings.stop
    rate = "each rate of the grid" if AT in run.method else f"rate {chosen.learning_rate:g}"
    decay = f" \u00d7 exp(\u2212{chosen.decay:g} i) at step i" if chosen.decay else ""
    batch = f"batches of {chosen.batch_size:,}" if chosen.batch_size else "the whole training split at every step"
    end = f"until the {labels.split(stop.split)} loss is at most {stop.loss:g}, " if stop.loss is not None else ""
    scaled = "inputs standardised by ({:g}, {:g}), ".format(*chosen.normalisation) if chosen.normalisation else ""
    return (
        f"{chosen.optimizer.upper() if chosen.optimizer == 'sgd' else chosen.optimizer.capitalize()}, {rate}{decay}, "
        f"{batch}, {scaled}{end}{'at most ' if end else ''}{stop.steps:,} steps"
    )


def impossible_combinations(config: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return (data set with model, reason) of every declared combination that cannot be run."""
    found = {}
    for experiment in config["run"]:
        for dataset, model, _ in combinations(config, experiment):
            if reason := impossible(dataset, model):
                found[labels.cell(dataset, model)] = reason
    return list(found.items())


def left_to(full: Mapping[str, Any], runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Return the groups of runs of the full protocol that are not among `runs`."""
    done = set(runs)
    groups: dict[tuple[str, str, str], list[Run]] = {}
    for run in expand(full):
        if run not in done:
            groups.setdefault((run.experiment, run.dataset, run.model), []).append(run)
    return [
        {
            "experiment": full["experiments"][experiment]["title"],
            "cell": labels.cell(dataset, model),
            "settings": settings(group),
            "runs": len(group),
        }
        for (experiment, dataset, model), group in groups.items()
    ]
