"""What one update costs in a configured cell: every method of the cell, interleaved, alone on the machine."""

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import repeat
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from forwardgrad.core.models import build
from forwardgrad.data.prepared import Dataset, read
from forwardgrad.experiments.training.columns import COSTS
from forwardgrad.experiments.training.runs import Method, Run
from forwardgrad.experiments.training.train import loaded, updates
from forwardgrad.files import write_csv
from forwardgrad.machine.allocator import keep_freed_memory
from forwardgrad.machine.timing import interleave, median_interval
from forwardgrad.seeds import initialisation_seed

THREADS = 2
SECONDS = 3.0  # of the interleaved measurement
ROUNDS = 5  # of it, at least
WHOLE_SECONDS = 0.6  # of the whole timed run, at most
RATE = 1e-9  # a measurement must not change what it measures


def measure_cell(runs: list[Run], data: Path, output: Path, seconds: float = SECONDS) -> None:
    """Measure the update of every run of a cell and write one row for each; runs that differ in their rate share one.

    Args:
        runs: One run per method, all of one experiment, data set and model.
        data: The prepared data set.
        output: CSV to write, with the columns `columns.COSTS`.
        seconds: Time to spend on the interleaved measurement; at least five rounds are done whatever it takes.
    """
    keep_freed_memory()
    torch.set_num_threads(THREADS)
    dataset = read(data, runs[0].seed, runs[0].settings.normalisation, runs[0].tuning)
    alike = {at_rest(run.settings): run for run in reversed(runs)}
    resting = [replace(run, settings=settings) for settings, run in alike.items()]
    steps = {run.method: untrained(run, loaded(run, dataset)).__next__ for run in resting}
    held = {f"{run.method} in memory": untrained(run, in_memory(run, dataset)).__next__ for run in resting}
    samples = interleave(steps | held, seconds, ROUNDS)
    measured = {}
    for settings, run in alike.items():
        own, memory = samples[run.method], samples[f"{run.method} in memory"]
        median = float(np.median(own))
        whole_steps, whole_seconds = whole_run(run, dataset, median)
        measured[settings] = {
            "estimator": settings.estimator,
            "threads": THREADS,
            "batch_size": settings.batch_size or len(dataset.train),
            "seconds_per_step": median,
            **dict(zip(("low", "high"), median_interval(own), strict=True)),
            "seconds_in_memory": float(np.median(memory)),
            **dict(zip(("in_memory_low", "in_memory_high"), median_interval(memory), strict=True)),
            "repetitions": len(own),
            "whole_steps": whole_steps,
            "whole_seconds": whole_seconds,
        }
    identity = ("experiment", "dataset", "model", "method")
    rows = [{key: getattr(run, key) for key in identity} | measured[at_rest(run.settings)] for run in runs]
    output.parent.mkdir(parents=True, exist_ok=True)
    write_csv(output, COSTS, rows)


def in_memory(run: Run, data: Dataset) -> Iterator[tuple[Tensor, Tensor]]:
    """Return one batch again and again: it is in memory when it is asked for."""
    size = run.settings.batch_size
    return repeat((data.train.inputs[:size], data.train.labels[:size]))


def untrained(run: Run, stream: Iterator[tuple[Tensor, Tensor]]) -> Iterator[None]:
    """Return the updates of a model as it is before training."""
    return updates(build(run.model, initialisation_seed(run.dataset, run.model, run.seed)), run, stream)


def at_rest(settings: Method) -> Method:
    """Return `settings` at a rate that leaves the weights where they are: those that differ in their rate are equal."""
    return replace(settings, learning_rate=RATE, decay=0.0)


def whole_run(run: Run, data: Dataset, seconds_per_step: float) -> tuple[int, float]:
    """Update as configured, but for about half a second at most; return the updates done and the seconds they took."""
    steps = max(1, min(run.settings.stop.steps, int(WHOLE_SECONDS / seconds_per_step)))
    update = untrained(run, loaded(run, data))
    start = time.perf_counter()
    for _ in range(steps):
        next(update)
    return steps, time.perf_counter() - start
