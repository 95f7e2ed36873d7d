"""Descents of test functions, all seeds at once: by their gradient, and by forward gradients.

Points are float64, of shape (seeds, dimensions). No operation mixes rows, and every seed draws from a
generator of its own: a seed's descent is the same to the bit whether it runs alone or beside others.
"""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.func import grad_and_value, hessian, jvp, vmap
from torch.fx.experimental.proxy_tensor import make_fx

from forwardgrad import provenance
from forwardgrad.cases import FORWARD, GRADIENT_DESCENT, Case
from forwardgrad.columns import CONTRACTION, DESCENT_RUNS, DESCENTS
from forwardgrad.draws import FILLS, WORD
from forwardgrad.functions import FUNCTIONS, Function
from forwardgrad.seeds import derive_seed
from forwardgrad.writing import write_csv, write_json

# Descents start as high as 12,632 (Gallo's Beale): what has diverged can only be told relative to the start.
DIVERGED = 1e4
POINTS = 100
FRACTIONS = (0.125, 0.25, 0.5, 0.75, 0.9, 1.0, 1.1)
DRAWS = 1000

Step = Callable[..., tuple[Tensor, Tensor]]


class Descent(NamedTuple):
    """What a descent passes through: `values` (steps + 1, seeds), `points` (steps + 1, seeds, dimensions)."""

    values: Tensor
    points: Tensor


def gradient_step(function: Callable[[Tensor], Tensor]) -> Step:
    """Return points, rate -> values, points - rate * gradient; reverse mode."""

    def step(points: Tensor, rate: Tensor) -> tuple[Tensor, Tensor]:
        gradients, values = vmap(grad_and_value(function))(points)
        return values, points - rate * gradients

    return step


def forward_step(function: Callable[[Tensor], Tensor]) -> Step:
    """Return points, rate, v -> values, points - rate * <gradient, v> v; forward mode, no gradient.

    The forward gradient of Baydin, Pearlmutter, Syme, Wood and Torr (2022), arXiv:2202.08587.
    """

    def step(points: Tensor, rate: Tensor, tangents: Tensor) -> tuple[Tensor, Tensor]:
        values, slopes = jvp(function, (points,), (tangents,))
        return values, points - rate * (slopes.unsqueeze(-1) * tangents)

    return step


def traced(step: Step, *example: Tensor) -> Step:
    """Return `step` as the list of operations that it carries out on tensors like `example`, for many calls.

    Forward mode takes the framework up to a millisecond to arrange, for a few microseconds of arithmetic.
    Here it is arranged once; the operations, and so the results, are the same.
    """
    program = make_fx(step)(*example)
    program.graph.eliminate_dead_code()
    program.recompile()
    return program


def rates(case: Case) -> Tensor:
    """Return lr_i = lr_0 exp(-k i), shape (steps,)."""
    return case.learning_rate * torch.exp(-case.decay * torch.arange(case.steps, dtype=torch.float64))


def directions(distribution: str, steps: int, dimensions: int, seed: int) -> Tensor:
    """Draw the directions of one seed's descent, shape (steps, dimensions).

    Fewer steps are the beginning of more.
    """
    rows = torch.empty(steps, -(-dimensions // WORD) * WORD, dtype=torch.float64)
    FILLS[distribution](rows, dimensions, torch.Generator().manual_seed(seed))
    return rows[:, :dimensions].clone()


def draw(case: Case, method: str, seeds: Sequence[int], steps: int) -> Tensor:
    """Draw the directions of several seeds, shape (steps, seeds, dimensions)."""
    identities = [derive_seed("functions", case.source, case.name, method, seed) for seed in seeds]
    distribution = method.removeprefix(FORWARD)
    return torch.stack([directions(distribution, steps, case.dimensions, seed) for seed in identities], dim=1)


def descend(case: Case, method: str, seeds: Sequence[int]) -> Descent:
    """Descend the function of `case` from its start, once for each seed."""
    function = FUNCTIONS[case.function].value
    points = torch.tensor(case.start, dtype=torch.float64).repeat(len(seeds), 1)
    inputs = [rates(case).unbind()]
    if method == GRADIENT_DESCENT:
        step = gradient_step(function)
    else:
        step = forward_step(function)
        inputs.append(draw(case, method, seeds, case.steps).unbind())
    program = traced(step, points, *(part[0] for part in inputs))
    values, passed = [], [points]
    for arguments in zip(*inputs, strict=True):
        value, points = program(points, *arguments)
        values.append(value)
        passed.append(points)
    return Descent(torch.stack([*values, function(points)]), torch.stack(passed))


def endings(values: Tensor) -> list[tuple[int, bool]]:
    """Return (last step, whether it diverged) of each seed; `values` as in `Descent`.

    Diverged: the value is not finite, or above 10,000 times that of the start. A descent ends there.
    """
    lost = ~(values <= DIVERGED * values[0].abs())  # nan is lost too
    last = torch.where(lost.any(0), lost.int().argmax(0), len(values) - 1)
    return list(zip(last.tolist(), lost.any(0).tolist(), strict=True))


def kept(steps: int) -> list[int]:
    """Return about POINTS of the steps 0 to `steps`: half of them spaced evenly, half in the logarithm."""
    even = torch.linspace(0, steps, POINTS // 2, dtype=torch.float64)
    logarithmic = torch.logspace(0, math.log10(steps), POINTS - POINTS // 2, dtype=torch.float64)
    return torch.cat([even, logarithmic]).round().long().clamp(max=steps).unique().tolist()


def rows_of(case: Case, method: str, seeds: Sequence[int]) -> tuple[list[dict], list[dict]]:
    """Descend; return a row for every seed and kept step (columns DESCENTS), and one for every seed (DESCENT_RUNS)."""
    descent = descend(case, method, seeds)
    known = FUNCTIONS[case.function]
    steps, curves, runs = kept(case.steps), [], []
    for column, (seed, (end, diverged)) in enumerate(zip(seeds, endings(descent.values), strict=True)):
        values, points = descent.values[: end + 1, column], descent.points[: end + 1, column]
        identity = {"source": case.source, "function": case.name, "method": method, "seed": seed}
        for index in sorted({step for step in steps if step < end} | {end}):
            plane = points[index].tolist() if case.dimensions == 2 else ("", "")
            curves.append(identity | {"step": index, "value": values[index].item(), "x1": plane[0], "x2": plane[1]})
        runs.append(
            identity
            | {
                "learning_rate": case.learning_rate,
                "steps": end,
                "status": "diverged" if diverged else "completed",
                "initial": values[0].item(),
                "peak": (values.max() / values[0]).item(),
                "final": values[-1].item(),
                "minimum": known.minimum,
                "distance": distance(known, points[-1]),
                "dimensions": case.dimensions,
            }
        )
    return curves, runs


def distance(known: Function, point: Tensor) -> float:
    """Return how far `point` is from the minimiser."""
    return (point - torch.tensor(known.minimiser, dtype=point.dtype)).norm().item()


def run_case(case: Case, stem: Path) -> None:
    """Carry out the descents of a case on one thread; write `stem`.csv, `stem`-runs.csv and `stem`-record.json.

    The CSV files are deterministic: same case, same versions, same machine, same bytes.
    """
    torch.set_num_threads(1)
    parts = [rows_of(case, method, list(case.seeds_of(method))) for method in case.methods]
    curves, runs = ([row for part in parts for row in part[index]] for index in (0, 1))
    stem.parent.mkdir(parents=True, exist_ok=True)
    write_json(beside(stem, "-record.json"), record() | {"case": case.path, "descents": len(runs)})
    write_csv(beside(stem, "-runs.csv"), DESCENT_RUNS, runs)
    write_csv(beside(stem, ".csv"), DESCENTS, curves)


def beside(stem: Path, suffix: str) -> Path:
    """Return the file of a case that ends in `suffix`."""
    return stem.with_name(stem.name + suffix)


def record() -> dict:
    """Return which software and machine produce results here."""
    return {
        "versions": provenance.versions(("torch", "numpy", "forwardgrad")),
        "device": "cpu",
        "threads": torch.get_num_threads(),
        "commit": provenance.commit(),
        "host": provenance.host(),
    }


def limits(case: Case) -> dict[str, float]:
    """Return the rates below which a step decreases a quadratic on average, by method; from its Hessian H.

    Gradient descent: 2 / lambda_max. Gaussian directions: 2 / (tr H + 2 lambda_max), sufficient, and sharp
    where all eigenvalues are equal; for signs 2 / tr H there.
    """
    matrix = hessian(FUNCTIONS[case.function].value)(torch.tensor(case.start, dtype=torch.float64))
    trace, largest = matrix.trace().item(), torch.linalg.eigvalsh(matrix)[-1].item()
    return {
        GRADIENT_DESCENT: 2 / largest,
        "forward_gaussian": 2 / (trace + 2 * largest),
        "forward_rademacher": 2 / trace,
    }


def contract(case: Case, output: Path) -> None:
    """Measure by what factor one step from the start changes the value, at rates around the limit, on average.

    Every seed draws DRAWS directions, each tried at every rate; columns CONTRACTION.
    """
    torch.set_num_threads(1)
    function = FUNCTIONS[case.function].value
    start = torch.tensor(case.start, dtype=torch.float64).repeat(DRAWS, 1)
    rows = []
    for method, limit in limits(case).items():
        for seed in case.seeds_of(method) if method in case.methods else ():
            if method == GRADIENT_DESCENT:
                step, arguments = gradient_step(function), ()
            else:
                step, arguments = forward_step(function), (draw(case, method, [seed], DRAWS)[:, 0],)
            for fraction in FRACTIONS:
                before, points = step(start, torch.tensor(fraction * limit, dtype=torch.float64), *arguments)
                rows.append(
                    {
                        "source": case.source,
                        "function": case.name,
                        "method": method,
                        "seed": seed,
                        "dimensions": case.dimensions,
                        "learning_rate": fraction * limit,
                        "limit": limit,
                        "factor": (function(points) / before).mean().item(),
                    }
                )
    output.parent.mkdir(parents=True, exist_ok=True)
    write_csv(output, CONTRACTION, rows)
