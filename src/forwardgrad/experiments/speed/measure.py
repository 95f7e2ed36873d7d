"""What one step of every method costs on one network, in one process.

Needs torch and numpy alone, so that it can be taken to any machine.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import torch
from torch import Generator, Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from forwardgrad.catalogue import ADAM, MODELS, PLAIN, network_parts
from forwardgrad.core import draws
from forwardgrad.core.engine.network import Network
from forwardgrad.core.estimator import Estimator
from forwardgrad.core.flops import layer_costs, multiply_adds
from forwardgrad.core.gradients import ESTIMATORS, Along
from forwardgrad.core.models import build
from forwardgrad.experiments.speed import baselines
from forwardgrad.experiments.speed.steps import PARTS, Case, Parts, along_estimate
from forwardgrad.machine import graphs
from forwardgrad.machine.allocator import keep_freed_memory
from forwardgrad.machine.clocks import CLOCKS, Disturbance, clock_of
from forwardgrad.machine.timing import Step, interleave, low

RATE = 1e-9  # a measurement must not change what it measures
LOSS = nn.CrossEntropyLoss()

Row = dict[str, object]


def measure_network(
    name: str,
    batch_size: int,
    methods: Sequence[str],
    threads: int,
    device: str,
    seconds: float,
    rounds: int,
    parts: bool = False,
    count: bool = False,
) -> list[Row]:
    """Measure all methods on one network, with the same weights, in one interleaved run; arguments as of `bench`.

    Returns:
        One row per method, columns `columns.BENCH`.
    """
    keep_freed_memory()
    torch.set_num_threads(threads)
    model, clock = model_of(name, device), clock_of(device, threads)
    case = Case(model, LOSS, *data_of(name, batch_size, device), RATE)
    every, made = {}, {}
    for method in dict.fromkeys([*PLAIN, *methods]):
        try:
            found, reason = variants(method, case)
            steps, obstacle = ready(found, parts, device)
        except torch.cuda.OutOfMemoryError as fault:
            found, steps, reason, obstacle = {}, {}, f"out of memory: {first_line(fault)}", None
        every |= {f"{method}/{name}": step for name, step in steps.items()}
        made[method] = found, reason or obstacle
    watch = Disturbance.begin()
    samples = interleave(every, seconds, rounds, CLOCKS[clock])
    disturbed = watch.seen()
    times = {name: low(values) for name, values in samples.items()}
    layers = layer_costs(model, case.inputs)
    model_name, depth = described(name, model)
    common: Row = {"model": model_name, "depth": depth, "batch_size": batch_size, "device": device}
    common |= {"threads": threads, "clock": clock, "parameters": sum(part.numel() for part in model.parameters())}
    rows = []
    for method, (found, note) in made.items():
        own = {variant: times_of(f"{method}/{variant}/", times) for variant in found}
        row: Row = common | {"method": method} | combined(method, own) | {"peak_bytes": None}
        row["multiply_adds"] = multiply_adds(method.removesuffix(ADAM), layers)
        row["operations"] = operations(found) if found and count else None
        rows.append(row | disturbed | {"note": note})
    return rows


def variants(method: str, case: Case) -> tuple[dict[str, tuple[Parts, Generator, int]], str | None]:
    """Return the steps by which `method` is measured, or none of them and why it cannot be measured here.

    There is one, or the variants of backprop (the fastest counts), or one per layer that is drawn (their mean counts).
    Each comes with its generator of random numbers, and after how many steps it is asked for new ones.
    """
    if case.inputs.is_cuda and method.startswith("forward_projected"):
        return {}, "its system of equations is solved on the host, which a CUDA graph cannot wait for: use the CPU"
    generator = Generator(case.inputs.device).manual_seed(0)
    key, adam = method.removesuffix(ADAM), method.endswith(ADAM)
    if method == "backprop":
        return {name: (make(case), generator, 1) for name, make in baselines.LIBRARY.items()}, None
    if method in baselines.BASELINES:
        try:
            return {"": (baselines.BASELINES[method](case), generator, 1)}, None
        except TypeError as refusal:
            return {}, str(refusal)
    if key == "forward_rank_one_layer":
        estimators = {str(layer): each for layer, each in enumerate(drawn_layers(case.model, generator))}
    else:
        estimators = {"": Estimator(key, Network(case.model, LOSS), ESTIMATORS[key], {}, generator)}
    return {
        name: (along_estimate(case, each, adam), generator, period(each, case.inputs, generator))
        for name, each in estimators.items()
    }, None


def drawn_layers(model: nn.Sequential, generator: Generator) -> Iterator[Estimator]:
    """Yield, for each layer, the estimator that `forward_rank_one_layer` is when that layer is drawn."""
    units = Network(model, LOSS).units
    for unit in units.values():
        moving = Network(model, LOSS, [name for name in unit.names if name is not None])
        yield Estimator("forward_rank_one_layer", moving, partial(of_one_layer, len(units)), {}, generator)


def of_one_layer(layers: int, generator: Generator) -> Along:
    """Tangents of a network's only unit that moves, as if it had been drawn among `layers`."""
    return Along(draws.TangentStream(partial(draws.rank_one, scale=layers**0.5), draws.rademacher_, generator))


def period(estimator: Estimator, inputs: Tensor, generator: Generator) -> int:
    """Return after how many estimates the generator is asked for new random numbers, for as many at once."""
    if not estimator.method.staged or inputs.is_cuda:
        return 1
    draws_until_asked = []
    for _ in range(2):  # the first time counts from wherever the stream stands
        state, count = generator.get_state(), 0
        while torch.equal(generator.get_state(), state):
            estimator.draw(inputs)
            count += 1
        draws_until_asked.append(count)
    return draws_until_asked[-1]


def ready(
    found: Mapping[str, tuple[Parts, Generator, int]], parts: bool, device: str
) -> tuple[dict[str, Step], str | None]:
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


def first_line(fault: Exception) -> str:
    """Return the first line of what an error says, or the name of its type."""
    return str(fault).partition("\n")[0] or type(fault).__name__


def advance(parts: Parts, last: str | None) -> None:
    """Do a step up to and with its part `last`."""
    for part in parts():
        if part == last:
            return


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


def operations(found: dict[str, tuple[Parts, Generator, int]]) -> float:
    """Return the number of torch's operations in a step, the mean over its variants and over a block of draws."""
    counts = []
    for parts, _, every in found.values():
        with Counter() as counter:
            for _ in range(every):
                advance(parts, None)
        counts.append(counter.count / every)
    return sum(counts) / len(counts)


def described(name: str, model: nn.Sequential) -> tuple[str, int | None]:
    """Return the name by which a network's rows are found, and its number of hidden layers; None for a CNN."""
    base, axis, _ = network_parts(name)
    if any(isinstance(module, nn.Conv2d) for module in model):
        return name, None
    return base if axis == "depth" else name, sum(isinstance(module, nn.Linear) for module in model) - 1


def model_of(name: str, device: str) -> nn.Sequential:
    """Return a network with its initial weights, in the layout that convolutions are fast in."""
    return build(name, 0).to(device, memory_format=torch.channels_last)


def data_of(name: str, batch_size: int, device: str) -> tuple[Tensor, Tensor]:
    """Return random inputs of the network's shape and random classes."""
    shape, generator = MODELS[network_parts(name)[0]].shape, torch.Generator().manual_seed(0)
    inputs = torch.rand(batch_size, *shape.inputs, generator=generator)
    if inputs.dim() == 4:
        inputs = inputs.contiguous(memory_format=torch.channels_last)
    return inputs.to(device), torch.randint(shape.classes, (batch_size,), generator=generator).to(device)
