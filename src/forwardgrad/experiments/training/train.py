"""One training run: from its settings and a prepared data set to `metrics.csv`, `times.csv` and `run.json`.

The loop adds next to nothing to the bare step: batches are gathered into one buffer, no value is
brought to the host between evaluations, and evaluation is not part of the time.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from statistics import fmean

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forwardgrad.core.estimates import write_gradient_
from forwardgrad.core.estimator import Estimator, make_estimator
from forwardgrad.core.models import build
from forwardgrad.core.units import detached
from forwardgrad.data.prepared import Dataset, Examples, read
from forwardgrad.experiments.training.columns import METRICS, TIMES
from forwardgrad.experiments.training.runs import Method, Run
from forwardgrad.experiments.training.score import score
from forwardgrad.files import csv_text, write_sealed
from forwardgrad.machine import graphs
from forwardgrad.machine.allocator import keep_freed_memory
from forwardgrad.machine.clocks import CLOCKS, clock_of, repeated
from forwardgrad.machine.provenance import made_here
from forwardgrad.seeds import batch_seed, derive_seed, initialisation_seed, tangent_seed

DIVERGED = 1e4  # training loss above which a run has diverged


def train_run(run: Run, data: Path, output: Path, device: str = "cpu") -> None:
    """Carry out a run, on a CPU on one thread, and write its folder.

    `metrics.csv` is deterministic: same run, same data, same machine, same bytes. What is not (times,
    host) lies in `times.csv` and `run.json`.
    """
    keep_freed_memory()
    torch.set_num_threads(1)
    dataset = moved(read(data, run.seed, run.settings.normalisation, run.tuning), device)
    metrics, times = train(run, dataset)
    files = {output / "times.csv": csv_text(TIMES, times), output / "metrics.csv": csv_text(METRICS, metrics)}
    write_sealed(output / "run.json", run_record(run, dataset, metrics[-1], device), files)


def moved(data: Dataset, device: str) -> Dataset:
    """Return the data with their tensors on `device`."""
    parts = {name: Examples(part.inputs.to(device), part.labels.to(device)) for name, part in data.splits.items()}
    return replace(data, **parts)


def train(run: Run, data: Dataset) -> tuple[list[dict], list[dict]]:
    """Train where the data are, evaluating before the first step, every `evaluate_every` steps and at the end.

    Returns:
        Rows of metrics and rows of times, one per evaluation.
    """
    device = data.train.inputs.device
    clock = CLOCKS[clock_of(device.type, threads=1)]
    model = build(run.model, initialisation_seed(run.dataset, run.model, run.seed)).to(device)
    if run.settings.initial_scale != 1:
        torch._foreach_mul_(list(detached(model).values()), run.settings.initial_scale)
    update = updates(model, run, loaded(run, data))
    cosine = cosine_meter(model, run, data) if run.probes else None
    metrics, times, step, seconds = [], [], 0, 0.0
    while True:
        row = evaluate(model, data) | {"step": step, "weight_norm": weight_norm(model)}
        if cosine:
            row["cosine"] = cosine()
        row["status"] = status(row, run.settings, step)
        metrics.append(row)
        times.append({"step": step, "seconds": seconds})
        if row["status"] != "running":
            return metrics, times
        steps = min(run.evaluate_every, run.settings.stop.steps - step)
        seconds += clock(repeated(partial(next, update), steps))
        step += steps


def loaded(run: Run, data: Dataset) -> Iterator[tuple[Tensor, Tensor]]:
    """Return the batches that `run` trains on, each gathered when it is asked for."""
    order = batch_seed(run.experiment, run.dataset, run.model, run.seed)
    return batches(data.train.inputs, data.train.labels, run.settings.batch_size, order)


def batches(inputs: Tensor, labels: Tensor, size: int | None, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield batches for ever, in a new random order each epoch; the last of an epoch may be smaller.

    Every batch is gathered into the same memory, which stays in the cache: use it before asking for the next.
    """
    if size is None or size >= len(labels):
        while True:
            yield inputs, labels
    generator = torch.Generator().manual_seed(seed)
    images, classes = torch.empty_like(inputs[:size]), torch.empty_like(labels[:size])
    while True:
        order = torch.randperm(len(labels), generator=generator).to(labels.device)  # the same on every device
        for index in order.split(size):
            batch = images[: len(index)], classes[: len(index)]
            torch.index_select(inputs, 0, index, out=batch[0])
            torch.index_select(labels, 0, index, out=batch[1])
            yield batch


def updates(model: nn.Sequential, run: Run, stream: Iterator[tuple[Tensor, Tensor]]) -> Iterator[None]:
    """Do one update of `model` whenever the next item is asked for."""
    settings: Method = run.settings
    seed = tangent_seed(run.experiment, run.dataset, run.model, run.method, run.seed)
    estimate = make_estimator(settings.estimator, model, nn.CrossEntropyLoss(), seed)
    adam = (
        torch.optim.Adam(model.parameters(), lr=settings.learning_rate, fused=True)
        if settings.optimizer == "adam"
        else None
    )
    parameters = list(detached(model).values())
    norm = torch.nn.utils.get_total_norm(parameters)
    for step, (inputs, labels) in enumerate(stream):
        rate = settings.learning_rate * math.exp(-settings.decay * step)
        gradient = estimate(inputs, labels)
        if adam is None:
            gradient.add_to_(-rate)
        else:
            write_gradient_(model, gradient, accumulate=False)
            adam.param_groups[0]["lr"] = rate
            adam.step()
        if settings.keep_norm:
            torch._foreach_mul_(parameters, norm / torch.nn.utils.get_total_norm(parameters))
        yield


def evaluate(model: nn.Sequential, data: Dataset) -> dict[str, float | int | str]:
    """Return the metrics of every split by column name; empty where there is no such split."""
    row: dict[str, float | int | str] = dict.fromkeys(METRICS, "")
    for split, examples in data.splits.items():
        result = score(model, examples.inputs, examples.labels)
        row |= {f"{split}_loss": result.loss, f"{split}_accuracy": result.accuracy}
        if split == "test":
            row["test_misclassified"] = result.misclassified
    return row


def weight_norm(model: nn.Module) -> float:
    """Return the Euclidean norm of all parameters together."""
    return torch.nn.utils.get_total_norm(list(detached(model).values())).item()


def cosine_meter(model: nn.Sequential, run: Run, data: Dataset) -> Callable[[], float]:
    """Return what measures the mean cosine between `run.probes` fresh estimates and the gradient, on one batch.

    Its tangents have a seed of their own: a run trains the same with it and without it.
    """
    seed = derive_seed("probe", tangent_seed(run.experiment, run.dataset, run.model, run.method, run.seed))
    estimate, exact = (
        make_estimator(key, model, nn.CrossEntropyLoss(), seed) for key in (run.settings.estimator, "backprop")
    )
    batch = data.train.inputs[: run.settings.batch_size], data.train.labels[: run.settings.batch_size]

    def flat(estimator: Estimator) -> Tensor:
        return torch.cat([part.flatten() for part in estimator(*batch).dense().values()])

    def measure() -> float:
        gradient = flat(exact)
        return fmean(F.cosine_similarity(flat(estimate), gradient, dim=0).item() for _ in range(run.probes))

    return measure


def status(row: dict, settings: Method, step: int) -> str:
    """Return `running`, or why the run ends here."""
    stop, loss = settings.stop, row["train_loss"]
    if not math.isfinite(loss) or loss > DIVERGED:
        return "diverged"
    if stop.loss is not None and row[f"{stop.split}_loss"] <= stop.loss:
        return "threshold"
    return "completed" if step >= stop.steps else "running"


def run_record(run: Run, data: Dataset, last: dict, device: str) -> dict:
    """Return what produced a run, settings, data, versions and machine; `last` is its last row of metrics."""
    return {
        "run": asdict(run),
        "status": last["status"],
        "steps": last["step"],
        "estimator": run.settings.estimator,
        "parameters": sum(parameter.numel() for parameter in build(run.model, 0).parameters()),
        "data": {key: data.provenance[key] for key in ("source", "sha256")},
        **made_here(torch.get_num_threads(), graphs.name(device)),
    }
