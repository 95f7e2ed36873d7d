"""What one step of every method costs on one network, beside backprop.

Needs torch and numpy alone, so that it can be taken to any machine.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from forwardgrad.catalogue import MODELS
from forwardgrad.core import draws
from forwardgrad.core.estimates import Estimator, detached
from forwardgrad.core.flops import layer_costs, relative
from forwardgrad.core.forward import network
from forwardgrad.core.gradients import ESTIMATORS, along
from forwardgrad.core.models import build, deep
from forwardgrad.experiments.speed import baselines
from forwardgrad.machine import graphs
from forwardgrad.machine.allocator import keep_freed_memory
from forwardgrad.machine.timing import Samples, Steps, cost, cost_ratio, interleave

RATE = 1e-9  # a measurement must not change what it measures
LOSS = nn.CrossEntropyLoss()
METHODS = ("evaluation", "backprop", *baselines.BASELINES, *(key for key in ESTIMATORS if key != "backprop"))
RATIOS_TO = ("evaluation", "backprop", "backprop_by_hand")  # always measured

Row = dict[str, object]


def measure_network(
    name: str,
    depth: int | None,
    batch_size: int,
    methods: Sequence[str],
    threads: int,
    device: str,
    seconds: float,
    rounds: int = 10,
) -> list[Row]:
    """Measure all methods on one network, with the same weights, in one interleaved run; arguments as of `bench`.

    Returns:
        One row per method. `low` and `high` bound `ratio_to_backprop` (95 %) within this process; another one can
        differ by more.
    """
    keep_freed_memory()
    torch.set_num_threads(threads)
    model = model_of(name, depth, device)
    inputs, targets = data_of(name, batch_size, device)
    ready = {method: prepared(method, model, inputs, targets) for method in methods}
    wait: Callable[[], None] = torch.cuda.synchronize if device != "cpu" else lambda: None
    every = {name: step for steps, _ in ready.values() for name, step in steps.items()}
    samples = interleave(every, seconds, rounds, wait)
    layers = layer_costs(model, inputs)
    base = {key: parts_of(key, samples) for key in RATIOS_TO}
    rows = []
    for method, (steps, reason) in ready.items():
        row: Row = {"model": name, "method": method, "batch_size": batch_size, "depth": depth_of(model, name)}
        row |= {"threads": threads, "device": device}
        row |= dict.fromkeys(("seconds", "ratio_to_evaluation", "ratio_to_backprop", "low", "high"))
        row |= {"ratio_to_backprop_by_hand": None, "flop_floor": relative(method, layers), "peak_bytes": None}
        row["note"] = reason
        if steps:
            parts = parts_of(method, samples)
            row["seconds"] = cost(parts)
            row["ratio_to_evaluation"] = cost(parts) / cost(base["evaluation"])
            row["ratio_to_backprop"], row["low"], row["high"] = cost_ratio(parts, base["backprop"][0])
            row["ratio_to_backprop_by_hand"] = cost(parts) / cost(base["backprop_by_hand"])
        rows.append(row)
    return rows


def prepared(method: str, model: nn.Sequential, inputs: Tensor, targets: Tensor) -> tuple[Steps, str | None]:
    """Return the functions that `method` is timed by, or none of them and why this machine cannot run it."""
    compiles = method == "backprop_compiled"
    if compiles and not any(map(shutil.which, ("c++", "g++", "clang++"))):
        return {}, "torch.compile needs a C++ compiler, and this machine has none: install g++"
    if inputs.is_cuda and method.startswith("forward_projected"):
        return {}, "its system of equations is solved on the host, which a CUDA graph cannot wait for: use the CPU"
    generator = torch.Generator(inputs.device).manual_seed(0)
    try:
        steps = steps_of(method, model, inputs, targets, generator)
        if inputs.is_cuda:
            return {name: graphs.captured(step, generator) for name, step in steps.items()}, None
        for step in steps.values() if compiles else ():
            step()
    except Exception as error:  # whatever a compiler may stumble over, the other methods do not need it
        if not compiles:
            raise
        return {}, f"torch.compile fails: {str(error).strip().partition(chr(10))[0]}"
    return steps, None


def steps_of(method: str, model: nn.Sequential, inputs: Tensor, targets: Tensor, generator: torch.Generator) -> Steps:
    """Return the functions that `method` is timed by: one, or the variants of backprop, or one per drawn layer."""
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


def drawn_layers(model: nn.Sequential, generator: torch.Generator) -> Iterator[Estimator]:
    """Yield, for each layer, the estimator that `forward_rank_one_layer` is when that layer is drawn."""
    net = network(model, LOSS)
    for stream in draws.OneLayer(net.trainable, draws.rademacher_, generator).streams:
        yield along(net, detached(model), stream)


def estimator_step(estimator: Estimator, model: nn.Sequential, inputs: Tensor, targets: Tensor) -> baselines.Step:
    """Return one update of plain SGD along the estimate."""
    parameters = detached(model)
    return lambda: estimator(inputs, targets).add_to_(parameters, -RATE)


def parts_of(method: str, samples: Samples) -> list[np.ndarray]:
    """Return the samples that make up `method`: of the fastest variant of backprop, of every drawn layer."""
    parts = [values for name, values in samples.items() if name.split("/")[0] == method]
    return [min(parts, key=np.median)] if method == "backprop" else parts


def model_of(name: str, depth: int | None, device: str) -> nn.Sequential:
    """Return a model by key, or the paper's MLP of `depth` hidden layers, in the layout convolutions are fast in."""
    model = build(name, 0) if depth is None else deep(depth)
    return model.to(device, memory_format=torch.channels_last)


def data_of(name: str, batch_size: int, device: str) -> tuple[Tensor, Tensor]:
    """Return random inputs of the model's shape and random classes."""
    shape, generator = MODELS[name].shape, torch.Generator().manual_seed(0)
    inputs = torch.rand(batch_size, *shape.inputs, generator=generator)
    if inputs.dim() == 4:
        inputs = inputs.contiguous(memory_format=torch.channels_last)
    return inputs.to(device), torch.randint(shape.classes, (batch_size,), generator=generator).to(device)


def depth_of(model: nn.Sequential, name: str) -> int | None:
    """Return the number of hidden layers of a network of linear layers; None for a CNN."""
    if any(isinstance(module, nn.Conv2d) for module in model):
        return None
    return sum(isinstance(module, nn.Linear) for module in model) - 1
