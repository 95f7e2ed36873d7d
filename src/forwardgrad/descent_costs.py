"""What one step of one descent costs, alone on the machine: by forward mode and by reverse mode.

By stock means, as one would write it and as the paper's loops were timed; and as the bare operations that
these carry out (`descent.traced`), without the time that the framework takes to arrange them.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.func import jvp

from forwardgrad.cases import GRADIENT_DESCENT, Case
from forwardgrad.columns import DESCENT_COSTS
from forwardgrad.descent import forward_step, gradient_step, record, traced
from forwardgrad.functions import FUNCTIONS
from forwardgrad.timing import Steps, interleave, median_interval, ratio
from forwardgrad.writing import write_csv, write_json

FORWARD = "forward_gaussian"
TRACED = "_traced"
DUAL = "_dual"


def steps_of(case: Case) -> Steps:
    """Return one step of every kind from the start of `case`, each from the point, the draw included, to the next."""
    function, rate = FUNCTIONS[case.function].value, case.learning_rate
    start, generator = torch.tensor(case.start, dtype=torch.float64), torch.Generator().manual_seed(0)
    tensor_rate = torch.tensor(rate, dtype=torch.float64)

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

    def bare(step: Callable[..., tuple[Tensor, Tensor]], draw: bool) -> Callable[[], Tensor]:
        row = start.unsqueeze(0)
        program = traced(step(function), row, tensor_rate, *([row] if draw else []))
        if draw:
            return lambda: program(row, tensor_rate, tangent().unsqueeze(0))[1]
        return lambda: program(row, tensor_rate)[1]

    return {
        GRADIENT_DESCENT: reverse,
        FORWARD: forward,
        FORWARD + DUAL: dual,
        GRADIENT_DESCENT + TRACED: bare(gradient_step, False),
        FORWARD + TRACED: bare(forward_step, True),
    }


def measure(cases: Sequence[Case], seconds: float) -> list[dict]:
    """Measure the steps of all cases, interleaved, for about `seconds` in all; rows of DESCENT_COSTS."""
    steps = {case.path: steps_of(case) for case in cases}
    flat = {f"{path} {method}": step for path, kinds in steps.items() for method, step in kinds.items()}
    samples, rows = interleave(flat, seconds), []
    for case in cases:
        for method in steps[case.path]:
            times = samples[f"{case.path} {method}"]
            base = GRADIENT_DESCENT + (TRACED if method.endswith(TRACED) else "")
            low, high = median_interval(times)
            paired = ratio([times], samples[f"{case.path} {base}"])
            measured = {"seconds_per_step": float(np.median(times)), "low": low, "high": high, "n": len(times)}
            ratios = dict(zip(("ratio", "ratio_low", "ratio_high"), paired, strict=True))
            rows.append({"source": case.source, "function": case.name, "method": method} | measured | ratios)
    return rows


def measure_costs(cases: Sequence[Case], output: Path, seconds: float) -> None:
    """Measure on one thread; write `output`, columns DESCENT_COSTS, and beside it what it was made with."""
    torch.set_num_threads(1)
    rows = measure(cases, seconds)
    output.parent.mkdir(parents=True, exist_ok=True)
    write_json(output.with_name(output.stem + "-record.json"), record() | {"case": "costs", "descents": 0})
    write_csv(output, DESCENT_COSTS, rows)
