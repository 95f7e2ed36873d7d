"""What is measured on a GPU, in which order, and what the workflow makes of it.

`config/gpu.json` says what: it has the form of the workflow's configuration, as JSON, which Python reads without any
package. Standard library only.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from forwardgrad.experiments import kinds
from forwardgrad.experiments.gpu import FOLDERS, PLAN
from forwardgrad.experiments.speed.plan import Measurement, figure_names, merged
from forwardgrad.experiments.training.runs import Run, expand

Config = dict[str, Any]
EXPERIMENT = "gpu"
RECORD = "record.json"
TABLES = (f"results/tables/{EXPERIMENT}/times-summary.csv",)
NOTHING: Mapping[str, list[str]] = {name: [] for name in ("rows", "runs", "tables", "figures")}


@dataclass(frozen=True)
class Job:
    """One measurement in one process, or one run.

    Attributes:
        work: What is measured or trained.
        process: In which of the processes.
        path: What it writes last, below the folder of the results: there once it is done.
    """

    work: Measurement | Run
    process: int
    path: str


def load(path: Path = PLAN) -> Config:
    """Read what is measured."""
    return json.loads(path.read_text(encoding="utf-8"))


def steps(config: Config, device: str) -> list[Measurement]:
    """Return the steps to measure, those first whose parts are measured too: of the paper's networks."""
    found = merged(replace(one, device=device) for one in kinds.steps(config))
    return sorted(found, key=lambda one: not one.parts)


def jobs(config: Config, device: str) -> list[Job]:
    """Return everything that is measured, in the order of its importance: what comes last may find no time left."""
    measured = [
        Job(one, process, f"steps/{one.path}/process-{process}.json")
        for one in steps(config, device)
        for process in range(config["timing"]["processes"])
    ]
    runs = [Job(run, 0, f"runs/{run.folder}/metrics.csv") for run in expand(config)]
    first = sum(job.work.parts for job in measured)
    return [*measured[:first], *runs, *measured[first:]]


def found(root: Path = Path()) -> Mapping[str, list[str]]:
    """Return what the kit has left below `root`, and what is made of it; all lists are empty where there is nothing.

    Returns:
        `rows` (measurements of steps), `runs` (folders), and the `tables` and `figures` that these allow.
    """
    folder = next((each for each in FOLDERS if (root / each / RECORD).exists()), None)
    if folder is None:
        return NOTHING
    there = [job for job in jobs(load(root / PLAN), "cuda") if (root / folder / job.path).exists()]
    measured = [job for job in there if isinstance(job.work, Measurement)]
    runs = [(folder / job.path).parent.as_posix() for job in there if isinstance(job.work, Run)]
    names = figure_names([job.work for job in measured])
    return {
        "rows": [(folder / job.path).as_posix() for job in measured],
        "runs": runs,
        "tables": [*TABLES] if runs and measured else [],
        "figures": [f"results/figures/speed/cuda-{name}.svg" for name in names] if measured else [],
    }
