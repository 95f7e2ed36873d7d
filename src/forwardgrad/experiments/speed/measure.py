"""What one step of every method costs on one network, in one process.

Needs torch and numpy alone, so that it can be taken to any machine.
"""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from forwardgrad.catalogue import ADAM, MODELS, PLAIN, network_parts
from forwardgrad.core.flops import layer_costs, multiply_adds
from forwardgrad.experiments.speed.columns import UNTIMED
from forwardgrad.experiments.speed.own_network import first_line, require_one_loss
from forwardgrad.experiments.speed.steps import PARTS, Case, Parts, advance
from forwardgrad.experiments.speed.variants import Variants, variants
from forwardgrad.experiments.speed.workloads import Workload
from forwardgrad.machine import graphs
from forwardgrad.machine.allocator import keep_freed_memory
from forwardgrad.machine.clocks import CLOCKS, Disturbance, clock_of
from forwardgrad.machine.timing import Step, interleave, low

Row = dict[str, object]


def measure_network(
    workload: Workload,
    methods: Sequence[str],
    threads: int,
    seconds: float | None,
    rounds: int,
    parts: bool = False,
    count: bool = False,
) -> list[Row]:
    """Measure all methods on one network, with the same weights, in one interleaved run; arguments as of `bench`.

    Returns:
        One row per method, columns `columns.BENCH`.

    Raises:
        RefusalError: Its loss cannot be computed, or is not one number.
    """
    keep_freed_memory()
    torch.set_num_threads(threads)
    case, device = workload.case(), workload.device
    clock = clock_of(device, threads)
    require_one_loss(workload.name, case)
    every, made = {}, {}
    for method in dict.fromkeys([*PLAIN, *methods]):
        found, steps, note = tried(method, case, parts, device) if seconds else ({}, {}, UNTIMED)
        every |= {f"{method}/{name}": step for name, step in steps.items()}
        made[method] = found, note
    watch = Disturbance.begin()
    samples = interleave(every, seconds, rounds, CLOCKS[clock]) if seconds else {}
    disturbed = watch.seen()
    times = {name: low(values) for name, values in samples.items()}
    layers = layer_costs(case.model, case.inputs) if isinstance(case.model, nn.Sequential) else None
    model_name, depth = described(workload.name, case.model)
    common: Row = {"model": model_name, "depth": depth, "batch_size": case.size, "device": device}
    common |= {"threads": threads, "clock": clock}
    common |= {"parameters": sum(part.numel() for part in case.model.parameters())}
    rows = []
    for method, (found, note) in made.items():
        own = {variant: times_of(f"{method}/{variant}/", times) for variant in found}
        row: Row = common | {"method": method} | combined(method, own) | {"peak_bytes": None}
        row["multiply_adds"] = multiply_adds(method.removesuffix(ADAM), layers) if layers else None
        row["operations"] = operations(found) if found and count else None
        rows.append(row | disturbed | {"note": note})
    return rows


def tried(method: str, case: Case, parts: bool, device: str) -> tuple[Variants, dict[str, Step], str | None]:
    """Return the steps by which `method` is measured, as they are timed, after each has been taken once.

    None where it cannot be measured; the last value says why.
    """
    try:
        found, reason = variants(method, case)
        steps, obstacle = ready(found, parts, device)
        for step in steps.values():
            step.run()
    except torch.cuda.OutOfMemoryError as fault:
        return {}, {}, f"out of memory: {first_line(fault)}"
    except (RuntimeError, TypeError, ValueError) as refusal:  # of this network, by the method or by torch
        return {}, {}, first_line(refusal)
    return found, steps, reason or obstacle


def ready(found: Variants, parts: bool, device: str) -> tuple[dict[str, Step], str | None]:
    """Return the steps of one method as they are timed, by `variant/part`; on a GPU each is a CUDA graph.

    Where a graph cannot record one of them all stay as they are; the second value says why.
    """
    runs = {
        f"{variant}/{part}": (run, generator, every)
        for variant, (step, generator, every) in found.items()
        for part, run in (beginnings(step) if parts else {"": partial(advance, step, None)}).items()
    }
    plain = {name: Step(run, every) for name, (run, _, every) in runs.items()}
    if device == "cpu":
        return plain, None
    try:
        return {name: Step(graphs.captured(run, each), every) for name, (run, each, every) in runs.items()}, None
    except torch.cuda.OutOfMemoryError:
        raise
    except RuntimeError as fault:
        return plain, f"started operation by operation, since a CUDA graph cannot record it: {first_line(fault)}"


def beginnings(parts: Parts) -> dict[str, Callable[[], None]]:
    """Return a step up to each of its parts, by the last of them; the whole under its last part."""
    names = list(parts())
    return {name: partial(advance, parts, name if name != names[-1] else None) for name in names}


def times_of(prefix: str, times: dict[str, float]) -> dict[str, float]:
    """Return the seconds of one variant, and of its parts where they were timed.

    Each part is a difference of two times, neither below 0 nor beyond the whole, so that all of them add up to it.
    """
    own = {name.removeprefix(prefix): value for name, value in times.items() if name.startswith(prefix)}
    whole, before = list(own.values())[-1], 0.0
    found = {"seconds": whole}
    for part, value in own.items():
        if part:
            end = min(max(value, before), whole)
            found[part], before = end - before, end
    return found


def combined(method: str, own: dict[str, dict[str, float]]) -> Row:
    """Return the seconds of a method and of its parts: of its fastest variant, for drawn layers the mean."""
    if not own:
        return dict.fromkeys(("seconds", *PARTS))
    chosen = list(own.values())
    if method == "backprop":
        chosen = [min(chosen, key=lambda times: times["seconds"])]
    measured = {name for times in chosen for name in times}
    return {
        name: sum(times.get(name, 0.0) for times in chosen) / len(chosen) if name in measured else None
        for name in ("seconds", *PARTS)
    }


class Counter(TorchDispatchMode):
    """Counts the operations that torch is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(
        self, function: Callable, types: object, args: tuple = (), kwargs: dict | None = None
    ) -> object:
        """Count one and do it."""
        self.count += 1
        return function(*args, **(kwargs or {}))


def operations(found: Variants) -> float:
    """Return the number of torch's operations in a step, the mean over its variants.

    The first part, which draws, counts as the mean over a period; the others are the same in every step.
    """
    counts = []
    for parts, _, period in found.values():
        with Counter() as first:
            steps = [parts() for _ in range(period)]
            for step in steps:
                next(step)
        with Counter() as others:
            for _ in steps[-1]:
                pass
        counts.append(first.count / period + others.count)
    return sum(counts) / len(counts)


def described(name: str, model: nn.Module) -> tuple[str, int | None]:
    """Return the name by which a network's rows are found, and the number of hidden layers of an MLP, else None."""
    base, axis, _ = network_parts(name)
    if base not in MODELS or any(isinstance(module, nn.Conv2d) for module in model):
        return name, None
    return base if axis == "depth" else name, sum(isinstance(module, nn.Linear) for module in model) - 1
