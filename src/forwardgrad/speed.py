"""What one update costs in a configured cell: every method of the cell, interleaved, alone on the machine."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from forwardgrad.allocator import keep_freed_memory
from forwardgrad.columns import COSTS
from forwardgrad.configuration import Run
from forwardgrad.dataset import Dataset, read
from forwardgrad.models import build
from forwardgrad.seeds import batch_seed, initialisation_seed
from forwardgrad.timing import Steps, interleave, median_interval
from forwardgrad.training import batches, train, updates, write_csv

THREADS = 2
SECONDS = 3.0
WHOLE_SECONDS = 1.0
RATE = 1e-9  # a measurement must not change what it measures


def bare_updates(runs: list[Run], data: Dataset) -> Steps:
    """Return the update of each run, batch included, as a function."""
    steps = {}
    for run in runs:
        order = batch_seed(run.experiment, run.dataset, run.model, run.seed)
        stream = batches(data.train.inputs, data.train.labels, run.settings.batch_size, order)
        model = build(run.model, initialisation_seed(run.dataset, run.model, run.seed))
        slow = replace(run, settings=replace(run.settings, learning_rate=RATE))
        steps[run.method] = updates(model, slow, stream).__next__
    return steps


def whole_run(run: Run, data: Dataset, seconds_per_step: float) -> tuple[int, float]:
    """Train as configured, but about a second at most; return the steps done and the seconds they took."""
    steps = max(1, min(run.settings.stop.steps, int(WHOLE_SECONDS / seconds_per_step)))
    shortened = replace(run, settings=replace(run.settings, stop=replace(run.settings.stop, steps=steps)))
    _, times = train(shortened, data)
    return times[-1]["step"], times[-1]["seconds"]


def measure_cell(runs: list[Run], data: Path, output: Path, seconds: float = SECONDS) -> None:
    """Measure the update of every run of a cell and write one row for each.

    Args:
        runs: One run per method, all of one experiment, data set and model.
        data: The prepared data set.
        output: CSV to write, with the columns `columns.COSTS`.
        seconds: Time to spend on the interleaved measurement.
    """
    keep_freed_memory()
    torch.set_num_threads(THREADS)
    dataset = read(data, runs[0].seed, runs[0].settings.normalisation, runs[0].tuning)
    samples = interleave(bare_updates(runs, dataset), seconds)
    rows = []
    for run in runs:
        median = float(np.median(samples[run.method]))
        low, high = median_interval(samples[run.method])
        whole_steps, whole_seconds = whole_run(run, dataset, median)
        identity = {key: getattr(run, key) for key in ("experiment", "dataset", "model", "method")}
        measured = {"seconds_per_step": median, "low": low, "high": high, "repetitions": len(samples[run.method])}
        size = run.settings.batch_size or len(dataset.train)
        setting = {"estimator": run.settings.estimator, "threads": THREADS, "batch_size": size}
        rows.append(identity | setting | measured | {"whole_steps": whole_steps, "whole_seconds": whole_seconds})
    output.parent.mkdir(parents=True, exist_ok=True)
    write_csv(output, COSTS, rows)
