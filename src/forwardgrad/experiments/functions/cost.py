"""What one step of one descent costs: by forward mode and by reverse mode.

By the framework's own means, as one would write it and as the paper's loops were timed: next to no
arithmetic, so that what is measured is how long the framework takes to arrange it.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.func import jvp

from forwardgrad.experiments.functions.columns import STEPS
from forwardgrad.experiments.functions.definitions import FUNCTIONS
from forwardgrad.experiments.functions.plan import ADDED, GRADIENT_DESCENT, Case
from forwardgrad.files import csv_text, write_sealed
from forwardgrad.machine.provenance import made_here
from forwardgrad.machine.timing import processor_seconds

ROUNDS = 10
FORWARD_GAUSSIAN = "forward_gaussian"
DUAL = "_dual"  # by torch.autograd.forward_ad


def measure_costs(cases: Sequence[Case], output: Path, seconds: float) -> None:
    """Measure the steps of all cases in one process, interleaved, for about `seconds` of processor time in all.

    Writes `output`, columns STEPS, and beside it what it was made with.
    """
    torch.set_num_threads(1)
    steps = {(case.source, case.name, method): step for case in cases for method, step in steps_of(case).items()}
    times = processor_seconds({" ".join(key): step for key, step in steps.items()}, seconds, ROUNDS)
    rows = [dict(zip(STEPS, (*key, times[" ".join(key)]), strict=True)) for key in steps]
    record = made_here(threads=1) | {"case": "costs", "descents": 0}
    write_sealed(output.with_name(f"{output.stem}-record.json"), record, {output: csv_text(STEPS, rows)})


def steps_of(case: Case) -> dict[str, Callable[[], object]]:
    """Return one step of every kind from the start of `case`, each from the point, the draw included, to the next."""
    steps = steps_on(case, FUNCTIONS[case.function].value)
    if case.function == "rosenbrock":
        added = steps_on(case, rosenbrock_added)
        steps |= {method + ADDED: added[method] for method in (GRADIENT_DESCENT, FORWARD_GAUSSIAN + DUAL)}
    return steps


def steps_on(case: Case, function: Callable[[Tensor], Tensor]) -> dict[str, Callable[[], object]]:
    """Return one step on `function` from the start of `case` by reverse mode, and two by forward mode."""
    rate = case.learning_rate
    start, generator = torch.tensor(case.start, dtype=torch.float64), torch.Generator().manual_seed(0)

    def tangent() -> Tensor:
        return torch.randn(start.shape, dtype=start.dtype, generator=generator)

    def reverse() -> Tensor:
        point = start.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(function(point), point)
        return start - rate * gradient

    def forward() -> Tensor:
        v = tangent()
        _, slope = jvp(function, (start,), (v,))
        return start - rate * (slope * v)

    def dual() -> Tensor:
        v = tangent()
        with forward_ad.dual_level():
            slope = forward_ad.unpack_dual(function(forward_ad.make_dual(start, v))).tangent
        return start - rate * (slope * v)

    return {GRADIENT_DESCENT: reverse, FORWARD_GAUSSIAN: forward, FORWARD_GAUSSIAN + DUAL: dual}


def rosenbrock_added(points: Tensor) -> Tensor:
    """Rosenbrock's function, its factor 100 the weight of a sum.

    In torch 2.13 the product of a constant with a tensor that has a tangent takes a detour, which alone is slower
    than all the rest of the step. A weighted sum takes none.
    """
    x, y = points[..., 0], points[..., 1]
    return torch.add((1 - x) ** 2, (y - x**2) ** 2, alpha=100)
