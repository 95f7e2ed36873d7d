"""Runs on test functions, all seeds at once: by gradient descent, by forward gradients, by two-point differences.

Points are float64, of shape (runs, dimensions). No operation mixes rows, and every run draws from a
generator of its own: its descent is the same to the bit whether it runs alone or beside others.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path

import torch
from torch import Tensor
from torch.autograd import forward_ad

from forwardgrad.core.draws import DISTRIBUTIONS, WORD
from forwardgrad.experiments.functions.columns import CONTRACTION, DESCENT_RUNS, DESCENTS
from forwardgrad.experiments.functions.definitions import FUNCTIONS
from forwardgrad.experiments.functions.plan import FORWARD, GRADIENT_DESCENT, TWO_POINT, Case
from forwardgrad.files import csv_text, write_sealed
from forwardgrad.machine.provenance import made_here
from forwardgrad.seeds import derive_seed

# Runs start as high as 12,632 (Gallo's Beale): what has diverged can only be told relative to the start.
DIVERGED = 1e4
POINTS = 100  # of a descent, about, that are kept
FRACTIONS = (0.125, 0.25, 0.5, 0.75, 0.9, 1.0, 1.1)  # of the limit: rates at which single steps are measured
DRAWS = 1000  # tangents of each seed for single steps

MethodSeed = tuple[str, int]
Step = Callable[..., tuple[Tensor, Tensor]]  # function, points, rate, tangents if any: values, next points


def run_case(case: Case, stem: Path) -> None:
    """Carry out the runs of a case on one thread; write `stem`.csv, `stem`-runs.csv and `stem`-record.json.

    The CSV files are deterministic: same case, same versions, same machine, same bytes.
    """
    torch.set_num_threads(1)
    runs = [(method, seed) for method in case.methods for seed in case.seeds_of(method)]
    parts = [rows_of(case, list(alike)) for _, alike in groupby(runs, lambda run: kind_of(run[0]))]
    curves, rows = ([row for part in parts for row in part[index]] for index in (0, 1))
    files = {Path(f"{stem}-runs.csv"): csv_text(DESCENT_RUNS, rows), Path(f"{stem}.csv"): csv_text(DESCENTS, curves)}
    record = made_here(threads=1) | {"case": case.path, "descents": len(rows)}
    write_sealed(Path(f"{stem}-record.json"), record, files)


def contract(case: Case, output: Path) -> None:
    """Measure by what factor one step from the start changes the value, at rates around the limit, on average.

    Every seed draws DRAWS tangents, each tried at every rate; columns CONTRACTION. A record lies beside `output`.
    """
    torch.set_num_threads(1)
    function = FUNCTIONS[case.function].value
    start = torch.tensor(case.start, dtype=torch.float64).repeat(DRAWS, 1)
    rows = []
    for method, limit in limits(case).items():
        step = step_of(case, method)
        for seed in case.seeds_of(method) if method in case.methods else ():
            drawn = () if method == GRADIENT_DESCENT else (draw_tangents(case, [(method, seed)], DRAWS)[:, 0],)
            identity = {"source": case.source, "function": case.name, "method": method, "seed": seed}
            for rate in (fraction * limit for fraction in FRACTIONS):
                before, points = step(function, start, torch.tensor(rate, dtype=torch.float64), *drawn)
                factor = (function(points) / before).mean().item()
                measured = {"learning_rate": rate, "limit": limit, "factor": factor}
                rows.append(identity | {"dimensions": case.dimensions} | measured)
    record = made_here(threads=1) | {"case": case.path, "descents": 0}
    write_sealed(output.with_name(f"{output.stem}-record.json"), record, {output: csv_text(CONTRACTION, rows)})


def rows_of(case: Case, runs: Sequence[MethodSeed]) -> tuple[list[dict], list[dict]]:
    """Descend; return a row for every run and kept step (columns DESCENTS), and one for every run (DESCENT_RUNS).

    Values are in full precision, since what counts is how far they are above a minimum that need not be 0.
    """
    values, points = descend(case, runs)
    known, steps = FUNCTIONS[case.function], kept(case.steps)
    hessian = torch.func.hessian(known.value)
    curves, rows = [], []
    for column, ((method, seed), (end, diverged)) in enumerate(zip(runs, endings(values), strict=True)):
        passed, path = values[: end + 1, column], points[: end + 1, column]
        identity = {"source": case.source, "function": case.name, "method": method, "seed": seed}
        for index in [step for step in steps if step < end] + [end]:
            x1, x2 = path[index].tolist() if case.dimensions == 2 else ("", "")
            curves.append(identity | {"step": index, "value": repr(passed[index].item()), "x1": x1, "x2": x2})
        outcome = {
            "learning_rate": case.learning_rate,
            "steps": end,
            "status": "diverged" if diverged else "completed",
            "initial": passed[0].item(),
            "peak": (passed.max() / passed[0]).item(),
            "final": repr(passed[-1].item()),
            "minimum": known.minimum,
            "distance": known.minimiser and (path[-1] - path.new_tensor(known.minimiser)).norm().item(),
            "trace": hessian(path[-1].clone()).trace().item(),  # a view would make a tangent of all points
            "dimensions": case.dimensions,
        }
        rows.append(identity | outcome)
    return curves, rows


def descend(case: Case, runs: Sequence[MethodSeed]) -> tuple[Tensor, Tensor]:
    """Descend the function of `case` from its start, once for each run; all of them by steps of one kind.

    Returns:
        Values, shape (steps + 1, runs), and points, shape (steps + 1, runs, dimensions).
    """
    function = FUNCTIONS[case.function].value
    points = torch.tensor(case.start, dtype=torch.float64).repeat(len(runs), 1)
    method = runs[0][0]
    draws = method != GRADIENT_DESCENT
    drawn = [(tangents,) for tangents in draw_tangents(case, runs, case.steps)] if draws else [()] * case.steps
    step, values, passed = step_of(case, method), [], [points]
    for rate, tangents in zip(learning_rates(case), drawn, strict=True):
        value, points = step(function, points, rate, *tangents)
        values.append(value)
        passed.append(points)
    return torch.stack([*values, function(points)]), torch.stack(passed)


def kind_of(method: str) -> str:
    """Return by what steps a method descends, whatever the distribution of its tangents."""
    return next((kind for kind in (FORWARD, TWO_POINT) if method.startswith(kind)), GRADIENT_DESCENT)


def step_of(case: Case, method: str) -> Step:
    """Return the step by which `method` descends the function of `case`."""
    two_point = partial(two_point_step, difference=case.difference)
    return {GRADIENT_DESCENT: gradient_step, FORWARD: forward_step, TWO_POINT: two_point}[kind_of(method)]


def gradient_step(function: Callable[[Tensor], Tensor], points: Tensor, rate: Tensor) -> tuple[Tensor, Tensor]:
    """Return the values at `points`, and points - rate * gradient; reverse mode."""
    points = points.detach().requires_grad_()
    values = function(points)
    (gradients,) = torch.autograd.grad(values.sum(), points)
    return values.detach(), points.detach() - rate * gradients


def forward_step(
    function: Callable[[Tensor], Tensor], points: Tensor, rate: Tensor, tangents: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the values at `points`, and points - rate * <gradient, v> v for `tangents` v; forward mode, no gradient.

    The forward gradient of Baydin, Pearlmutter, Syme, Wood and Torr (2022), arXiv:2202.08587.
    """
    with forward_ad.dual_level():
        values, slopes = forward_ad.unpack_dual(function(forward_ad.make_dual(points, tangents)))
    return values, points - rate * (slopes.unsqueeze(-1) * tangents)


def two_point_step(
    function: Callable[[Tensor], Tensor], points: Tensor, rate: Tensor, tangents: Tensor, difference: float
) -> tuple[Tensor, Tensor]:
    """Return the values at `points`, and points - rate * (f(x + eps v) - f(x - eps v)) / (2 eps) v for `tangents` v.

    With eps -> 0 this is `forward_step`. The estimator that Zhang et al. (2025), arXiv:2506.05454, study.
    """
    ahead, behind = (function(points + sign * difference * tangents) for sign in (1, -1))
    return function(points), points - rate * ((ahead - behind) / (2 * difference)).unsqueeze(-1) * tangents


def learning_rates(case: Case) -> Tensor:
    """Return lr_i = lr_0 exp(-k i), shape (steps,)."""
    return case.learning_rate * torch.exp(-case.decay * torch.arange(case.steps, dtype=torch.float64))


def draw_tangents(case: Case, runs: Sequence[MethodSeed], steps: int) -> Tensor:
    """Draw the tangents of several runs, shape (steps, runs, dimensions)."""
    drawn = []
    for method, seed in runs:
        own = derive_seed("functions", case.source, case.name, method, seed)
        drawn.append(tangents_of(method.removeprefix(kind_of(method)), steps, case.dimensions, own))
    return torch.stack(drawn, dim=1)


def tangents_of(distribution: str, steps: int, dimensions: int, seed: int) -> Tensor:
    """Draw the tangents of one seed's descent, shape (steps, dimensions).

    Fewer steps are the beginning of more.
    """
    rows = torch.empty(steps, -(-dimensions // WORD) * WORD, dtype=torch.float64)
    DISTRIBUTIONS[distribution](rows, dimensions, torch.Generator().manual_seed(seed))
    return rows[:, :dimensions].clone()


def endings(values: Tensor) -> list[tuple[int, bool]]:
    """Return (last step, whether it diverged) of each run; `values` as in `descend`.

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


def limits(case: Case) -> dict[str, float]:
    """Return the rates below which a step decreases a quadratic on average, by method; from its Hessian H.

    Gradient descent: 2 / lambda_max. Gaussian tangents: 2 / (tr H + 2 lambda_max), sufficient, and sharp
    where all eigenvalues are equal. Rademacher tangents: 2 / tr H there.
    """
    matrix = torch.func.hessian(FUNCTIONS[case.function].value)(torch.tensor(case.start, dtype=torch.float64))
    trace, largest = matrix.trace().item(), torch.linalg.eigvalsh(matrix)[-1].item()
    return {
        GRADIENT_DESCENT: 2 / largest,
        "forward_gaussian": 2 / (trace + 2 * largest),
        "forward_rademacher": 2 / trace,
    }
