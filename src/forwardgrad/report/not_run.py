"""What a configuration leaves out: combinations that do not fit, and runs of the full protocol."""

from collections.abc import Mapping, Sequence
from typing import Any

from forwardgrad.catalogue import impossible
from forwardgrad.experiments.training.runs import Run, combinations, expand
from forwardgrad.experiments.training.section import settings_in_words
from forwardgrad.plotting import labels


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
            "settings": settings_in_words(group),
            "runs": len(group),
        }
        for (experiment, dataset, model), group in groups.items()
    ]
