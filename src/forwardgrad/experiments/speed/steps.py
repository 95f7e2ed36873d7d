"""One step of a method, written as the parts that it consists of.

A step is a generator: it does its work, and yields the name of each part as soon as that is done.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from forwardgrad.core.engine.losses import Loss
from forwardgrad.core.engine.nested import arguments, batch_size, called
from forwardgrad.core.estimates import write_gradient_
from forwardgrad.core.estimator import Estimator
from forwardgrad.core.gradients import Backprop

Parts = Callable[[], Iterator[str]]
PARTS = ("draw", "forward", "backward", "update")


@dataclass(frozen=True)
class Case:
    """A network with a loss and one batch, at a learning rate.

    Attributes:
        model: Any module.
        loss: Gives one number for what the model returns and the targets.
        inputs: A tensor, a tuple (the model's arguments) or a dict (its keyword arguments).
        targets: What the loss takes.
        rate: Learning rate.
    """

    model: nn.Module
    loss: Loss
    inputs: Any
    targets: Any
    rate: float

    def value(self) -> Tensor:
        """Return the loss."""
        return self.loss(called(self.model, self.inputs), self.targets)

    def value_at(self, parameters: dict[str, Tensor]) -> Tensor:
        """Return the loss at other parameters, by name."""
        return self.loss(torch.func.functional_call(self.model, parameters, *arguments(self.inputs)), self.targets)

    @property
    def size(self) -> int:
        """Number of examples in the batch."""
        return batch_size(self.inputs)

    @property
    def device(self) -> torch.device:
        """Where the model lies."""
        return next(self.model.parameters()).device

    @property
    def parameters(self) -> dict[str, nn.Parameter]:
        """Parameters that a step moves, by name; tied ones once."""
        return {name: part for name, part in self.model.named_parameters() if part.requires_grad}


def advance(parts: Parts, last: str | None) -> None:
    """Do a step up to and with its part `last`."""
    for part in parts():
        if part == last:
            return


def along_estimate(case: Case, estimator: Estimator, adam: bool = False) -> Parts:
    """One step of plain SGD, or of Adam, along the estimate."""
    # Capturable: can be recorded as a CUDA graph.
    options = {"lr": case.rate, "fused": True, "capturable": case.device.type == "cuda"}
    optimizer = torch.optim.Adam(case.parameters.values(), **options) if adam else None

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
