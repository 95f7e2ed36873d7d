"""What one step of every method costs on any network, beside backprop: the benchmark behind `forwardgrad bench`.

Needs torch and numpy alone, so that it can be taken to any machine.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from forwardgrad import baselines, draws, memory
from forwardgrad.allocator import keep_freed_memory
from forwardgrad.catalogue import MODELS
from forwardgrad.flops import floor, products
from forwardgrad.forward import network
from forwardgrad.gradients import ESTIMATORS, Estimator, along, detached
from forwardgrad.models import build, deep
from forwardgrad.timing import Samples, Steps, cost, interleave, ratio

RATE = 1e-9  # a measurement must not change what it measures
LOSS = nn.CrossEntropyLoss()
METHODS = ("evaluation", "backprop", *baselines.BASELINES, *(key for key in ESTIMATORS if key != "backprop"))
Row = dict[str, object]


def model_of(name: str, depth: int | None, device: str) -> nn.Sequential:
    """Return a model by key, or the paper's MLP of `depth` hidden layers, in the layout convolutions are fast in."""
    model = build(name, 0) if depth is None else deep(depth)
    return model.to(device, memory_format=torch.channels_last)


def data_of(name: str, batch_size: int, device: str) -> tuple[Tensor, Tensor]:
    """Return random inputs of the model's shape and random classes."""
    shape, generator = MODELS[name], torch.Generator().manual_seed(0)
    inputs = torch.rand(batch_size, *shape.inputs, generator=generator)
    if inputs.dim() == 4:
        inputs = inputs.contiguous(memory_format=torch.channels_last)
    return inputs.to(device), torch.randint(shape.classes, (batch_size,), generator=generator).to(device)


def estimator_step(estimator: Estimator, model: nn.Sequential, inputs: Tensor, targets: Tensor) -> baselines.Step:
    """Return one update of plain SGD along the estimate."""
    parameters = detached(model)
    return lambda: estimator(inputs, targets).add_to_(parameters, -RATE)


def drawn_layers(model: nn.Sequential, generator: torch.Generator) -> Iterator[Estimator]:
    """Yield, for each layer, the estimator that `forward_rank_one_layer` is when that layer is drawn."""
    net = network(model, LOSS)
    cut = partial(draws.rank_one, scale=len(net.moving) ** 0.5)
    for name, layer in net.moving.items():
        yield along(net, detached(model), draws.Block({name: layer}, cut, draws.rademacher_, generator))


def steps_of(method: str, model: nn.Sequential, inputs: Tensor, targets: Tensor) -> Steps:
    """Return the functions that `method` is timed by: one, or the variants of backprop, or one per drawn layer."""
    generator = torch.Generator(inputs.device).manual_seed(0)
    if method == "evaluation":
        return {method: baselines.evaluation(model, LOSS, inputs, targets)}
    if method == "backprop":
        makes = baselines.LIBRARY.items()
        return {f"{method}/{name}": make(model, LOSS, inputs, targets, RATE) for name, make in makes}
    if method in baselines.BASELINES:
        return {method: baselines.BASELINES[method](model, LOSS, inputs, targets, RATE)}
    if method == "forward_rank_one_layer":
        estimators = enumerate(drawn_layers(model, generator))
        return {f"{method}/{layer}": estimator_step(each, model, inputs, targets) for layer, each in estimators}
    return {method: estimator_step(ESTIMATORS[method](model, LOSS, generator), model, inputs, targets)}


def parts_of(method: str, samples: Samples) -> list[np.ndarray]:
    """Return the samples that make up `method`: of the fastest variant of backprop, of every drawn layer."""
    parts = [values for name, values in samples.items() if name.split("/")[0] == method]
    return [min(parts, key=np.median)] if method == "backprop" else parts


def absent(method: str) -> str | None:
    """Return why `method` cannot be measured on this machine, or None."""
    if method == "backprop_compiled" and not (shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")):
        return "torch.compile needs a C++ compiler, and this machine has none: install g++"
    return None


def measure(
    name: str, depth: int | None, batch_size: int, methods: Sequence[str], threads: int, device: str, seconds: float
) -> list[Row]:
    """Measure one network: all methods on the same weights, in one interleaved run.

    Returns:
        One row per method. `low` and `high` bound `ratio_to_backprop` (95 %).
    """
    keep_freed_memory()
    torch.set_num_threads(threads)
    model = model_of(name, depth, device)
    inputs, targets = data_of(name, batch_size, device)
    present = [method for method in methods if not absent(method)]
    wait: Callable[[], None] = torch.cuda.synchronize if device != "cpu" else lambda: None
    steps = {key: step for method in present for key, step in steps_of(method, model, inputs, targets).items()}
    samples = interleave(steps, seconds, wait=wait)
    layers = products(model, inputs)
    base = {key: parts_of(key, samples) for key in ("evaluation", "backprop", "backprop_by_hand")}
    rows = []
    for method in methods:
        row: Row = {"model": name, "method": method, "batch_size": batch_size, "depth": depth_of(model, name)}
        row |= {"threads": threads, "device": device}
        row |= dict.fromkeys(("seconds", "ratio_to_evaluation", "ratio_to_backprop", "low", "high"))
        row |= {"ratio_to_backprop_by_hand": None, "flop_floor": floor(method, layers), "peak_bytes": None}
        row["note"] = absent(method)
        if method in present:
            parts = parts_of(method, samples)
            row["seconds"] = cost(parts)
            row["ratio_to_evaluation"] = cost(parts) / cost(base["evaluation"])
            row["ratio_to_backprop"], row["low"], row["high"] = ratio(parts, base["backprop"][0])
            row["ratio_to_backprop_by_hand"] = cost(parts) / cost(base["backprop_by_hand"])
        rows.append(row)
    return rows


def depth_of(model: nn.Sequential, name: str) -> int | None:
    """Return the number of hidden layers of a network of linear layers; None for a CNN."""
    if any(isinstance(module, nn.Conv2d) for module in model):
        return None
    return sum(isinstance(module, nn.Linear) for module in model) - 1


def add_peaks(rows: list[Row], depth: int | None) -> None:
    """Measure the peak memory of every row that has a time, each in a process of its own."""
    for row in rows:
        if row["seconds"] is not None:
            case = (row["model"], depth, row["method"], row["batch_size"], row["threads"], row["device"])
            row["peak_bytes"] = memory.measure(*case)


def bench(
    models: Sequence[str],
    batch_sizes: Sequence[int] = (64,),
    depths: Sequence[int] = (),
    methods: Sequence[str] = METHODS,
    threads: int = 2,
    device: str = "cpu",
    seconds: float = 30.0,
    peaks: bool = False,
    report: Callable[[str], None] = print,
) -> list[Row]:
    """Measure every network at every batch size; `depths` adds the paper's MLP with that many hidden layers.

    Args:
        models: Model keys.
        batch_sizes: Examples per step.
        depths: Numbers of hidden layers.
        methods: Of `METHODS`; the baselines that ratios are taken to are always measured.
        threads: Threads of torch.
        device: `cpu` or `cuda`.
        seconds: Time to spend on each network.
        peaks: Whether to measure peak memory too.
        report: Called with one line per row as it is measured.
    """
    needed = [key for key in METHODS if key in {"evaluation", "backprop", "backprop_by_hand", *methods}]
    cases = [(name, None) for name in models] + [("mlp", depth) for depth in depths]
    rows: list[Row] = []
    for name, depth in cases:
        for batch_size in batch_sizes:
            measured = measure(name, depth, batch_size, needed, threads, device, seconds)
            if peaks:
                add_peaks(measured, depth)
            for row in measured:
                report(describe(row))
            rows += measured
    return rows


def describe(row: Row) -> str:
    """Return one line for people."""
    head = f"{row['model']:>4} depth {row['depth'] or '-':>3} batch {row['batch_size']:>4}  {row['method']:<32}"
    if row["seconds"] is None:
        return f"{head} not measured: {row['note']}"
    interval = f"{row['ratio_to_backprop']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
    peak = "" if row["peak_bytes"] is None else f"  peak {row['peak_bytes'] / 2**20:.0f} MiB"
    hand, base = row["ratio_to_backprop_by_hand"], row["ratio_to_evaluation"]
    return f"{head} {row['seconds'] * 1e6:11.1f} us  R {base:6.2f}  /backprop {interval}  /by hand {hand:.2f}{peak}"
