"""What the defects of Gallo's notebooks (2023) and of other published reproductions do.

The default of a keyword is the defect; with the other value it is undone, and nothing is found.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor

from forwardgrad.data.prepared import Dataset
from forwardgrad.experiments.audit.ensemble import Ensemble
from forwardgrad.experiments.audit.finding import Finding, exact, named, sampled
from forwardgrad.experiments.functions.definitions import sum_squares, trid

DECAY, STEPS = 1e-4, 20_000  # the paper's k, and the steps of its MLP
GIVEN = -12.0  # the minimum of trid as Gallo gives it
SUM_SQUARES = ((-18.0, 20.0), 1e-2, 1_200)  # his start, rate and steps
DRAWS = 100_000

Draw = Callable[..., Tensor]


def tangents(draw: Draw, *shape: int) -> Tensor:
    """Return tangents of the distribution `draw`, float64, the same in every call."""
    return draw(*shape, generator=Generator().manual_seed(0), dtype=torch.float64)


def descend(function: Callable[[Tensor], Tensor], start: Sequence[float], rate: float, steps: int, k: float) -> float:
    """Return the value at the end of gradient descent with the rates `rate` exp(-k i)."""
    point, slope = torch.tensor(start, dtype=torch.float64), torch.func.grad(function)
    for step in range(steps):
        point = point - rate * math.exp(-k * step) * slope(point)
    return function(point).item()


def uniform_tangents(draw: Draw = torch.rand) -> Finding:
    """Mean product of two components of a tangent."""
    drawn = tangents(draw, DRAWS, 2)
    return sampled(0, drawn.prod(1), "larger")


def uniform_direction(draw: Draw = torch.rand) -> Finding:
    """First component of the estimate over that of the gradient, where sum squares starts."""
    gradient = torch.func.grad(sum_squares)(torch.tensor(SUM_SQUARES[0], dtype=torch.float64))
    drawn = tangents(draw, DRAWS, 2)
    return sampled(1, (drawn @ gradient) * drawn[:, 0] / gradient[0], "smaller")


def descent_without_decay(decay: float = 0.0) -> Finding:
    """Final loss of gradient descent on sum squares over the one that it has with the decay."""
    return exact(1, descend(sum_squares, *SUM_SQUARES, decay) / descend(sum_squares, *SUM_SQUARES, DECAY), "smaller")


def trid_minimum(given: float = GIVEN) -> Finding:
    """The minimum as given, beside the one that descent finds."""
    return exact(descend(trid, (-15.0, 18.0), 0.1, 2_000, 0), given, "smaller")


def updated_parameters(parameter: Tensor, gradient: Tensor, rate: float) -> Tensor:
    """theta - lr g: what should be the outcome of a step, not its gradient."""
    return parameter - rate * gradient


def step_up(
    splits: Sequence[Dataset], passed: Callable[[Tensor, Tensor, float], Tensor] = updated_parameters
) -> Finding:
    """Change of the loss in one step of SGD from zero weights that is given `passed` as gradient."""

    def change(passed: Callable[[Tensor, Tensor, float], Tensor], rate: float = 0.1) -> Tensor:
        ensemble = Ensemble("students_lr", len(splits), splits)
        with torch.no_grad():
            for parameter in ensemble.parameters.values():
                parameter.zero_()
        before, gradients = ensemble.losses(ensemble.train), ensemble.gradients(ensemble.train)
        for name, parameter in ensemble.parameters.items():
            parameter.grad = passed(parameter.detach(), gradients[name], rate)
        torch.optim.SGD(ensemble.parameters.values(), rate).step()
        return (ensemble.losses(ensemble.train) - before).detach()

    right = change(lambda parameter, gradient, rate: gradient)
    return sampled(right.mean().item(), change(passed), "larger")


def summed_directions(combine: Callable[..., Tensor] = torch.sum, directions: int = 10, entries: int = 10) -> Finding:
    """Component along the gradient of the estimate from ten tangents, over the gradient's own."""
    drawn = tangents(torch.randn, 10_000, directions, entries)
    gradient = torch.ones(entries, dtype=torch.float64) / math.sqrt(entries)
    return sampled(1, combine((drawn @ gradient).square(), dim=1), "larger")


def unused_decay(decay: float = 0.0) -> Finding:
    """Distance down an even slope in the paper's number of steps, in units of the first rate."""
    steps = torch.arange(STEPS, dtype=torch.float64)
    return exact((-DECAY * steps).exp().sum(), (-decay * steps).exp().sum(), "larger")


def clipped_derivative(share: float = 1.0) -> Finding:
    """Component along the gradient of estimates whose derivative is clipped at `share` of its norm, over its own."""
    derivative = tangents(torch.randn, DRAWS)  # <g, v> for |g| = 1, and so v's component along g
    return sampled(1, derivative.clip(-share, share) * derivative, "smaller")


def slow_decay(decay: float = DECAY / 10) -> Finding:
    """Rate after the paper's number of steps over the first."""
    return exact(math.exp(-DECAY * STEPS), math.exp(-decay * STEPS), "larger")


ON_PENGUINS = named(step_up)
ALONE = named(
    uniform_tangents, uniform_direction, descent_without_decay, trid_minimum, summed_directions, unused_decay,
    clipped_derivative, slow_decay,
)  # fmt: skip
