"""One step of a method, written as the parts that it consists of.

A step is a generator: it does its work, and yields the name of each part as soon as that is done.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from forwardgrad.core.engine.losses import Loss
from forwardgrad.core.estimates import write_gradient_
from forwardgrad.core.estimator import Estimator
from forwardgrad.core.gradients import Backprop

Parts = Callable[[], Iterator[str]]
PARTS = ("draw", "forward", "backward", "update")


@dataclass(frozen=True)
class Case:
    """A network with a loss and one batch, at a learning rate."""

    model: nn.Sequential
    loss: Loss
    inputs: Tensor
    targets: Tensor
    rate: float


def along_estimate(case: Case, estimator: Estimator, adam: bool = False) -> Parts:
    """One step of plain SGD, or of Adam, along the estimate."""
    options = {"lr": case.rate, "fused": True, "capturable": case.inputs.is_cuda}  # can be recorded as a CUDA graph
    optimizer = torch.optim.Adam(case.model.parameters(), **options) if adam else None

    def step() -> Iterator[str]:
        if estimator.method.staged:
            tangents = estimator.draw(case.inputs)
            yield "draw"
            estimate = estimator.evaluate(tangents, case.inputs, case.targets)
            yield "forward"
        else:
            estimate = estimator(case.inputs, case.targets)
            yield "backward" if isinstance(estimator.method, Backprop) else "forward"
        if optimizer is None:
            estimate.add_to_(-case.rate)
        else:
            write_gradient_(case.model, estimate, accumulate=False)
            optimizer.step()
        yield "update"

    return step
