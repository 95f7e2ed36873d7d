"""What an estimator returns: an estimate of the gradient, kept in the form in which it is made.

A forward gradient stays `directional derivative x tangent`, so that a step along a rank-one tangent never
writes out a dense one; `dense` does, for optimizers that need it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from forwardgrad.core.forward import Parameters
from forwardgrad.core.tangents import Tangents


class Estimate(Protocol):
    """An estimate of the gradient at one point, and the loss there."""

    loss: Tensor

    def add_to_(self, parameters: Parameters, scale: float) -> None:
        """Add `scale` times the estimate to the parameters, in place. SGD takes scale = -learning rate."""

    def dense(self, parameters: Parameters) -> Parameters:
        """Return the estimate written out, one tensor per parameter."""


Estimator = Callable[[Tensor, Tensor], Estimate]


@dataclass(frozen=True)
class DenseEstimate:
    """An estimate that comes written out, one tensor per parameter, as from reverse mode."""

    loss: Tensor
    gradient: tuple[Tensor, ...]

    def add_to_(self, parameters: Parameters, scale: float) -> None:
        """One fused pass over all parameters."""
        torch._foreach_add_(list(parameters.values()), self.gradient, alpha=scale)

    def dense(self, parameters: Parameters) -> Parameters:
        """Itself, by name."""
        return dict(zip(parameters, self.gradient, strict=True))


@dataclass(frozen=True)
class ForwardGradient:
    """sum_k d_k v_k: directional derivatives times their tangents.

    Attributes:
        loss: The loss at the point.
        terms: A derivative, and its tangent by layer; or several derivatives in one tensor, and their tangents stacked.
    """

    loss: Tensor
    terms: list[tuple[Tensor, Tangents]]

    def add_to_(self, parameters: Parameters, scale: float) -> None:
        """Add scale d_k v_k for every k. The derivative stays a tensor: nothing waits for a device."""
        for derivative, tangents in self.terms:
            for layer, tangent in tangents.items():
                tangent.add_to_(parameters[f"{layer}.weight"], parameters.get(f"{layer}.bias"), derivative, scale)

    def dense(self, parameters: Parameters) -> Parameters:
        """Write the sum out."""
        total = {name: torch.zeros_like(parameter) for name, parameter in parameters.items()}
        self.add_to_(total, 1.0)
        return total


@dataclass(frozen=True)
class AlongTangents:
    """An estimator that draws tangents, then evaluates along them: two stages, of which each has a cost of its own.

    Attributes:
        draw: Returns the next tangents for a batch of inputs.
        evaluate: Returns the estimate from tangents, inputs and targets.
    """

    draw: Callable[[Tensor], Any]
    evaluate: Callable[[Any, Tensor, Tensor], ForwardGradient]

    def __call__(self, inputs: Tensor, targets: Tensor) -> ForwardGradient:
        """Return the estimate along fresh tangents."""
        return self.evaluate(self.draw(inputs), inputs, targets)


def detached(model: nn.Module) -> Parameters:
    """Return the parameters by name, sharing their storage but unknown to autograd."""
    return {name: parameter.detach() for name, parameter in model.named_parameters()}


def step_(model: nn.Module, estimate: Estimate, learning_rate: float) -> None:
    """Take a step of plain SGD, in place: parameters -= learning_rate * estimate.

    A structured estimate is never written out.

    Example:
        >>> import torch
        >>> from forwardgrad import make_estimator, step_
        >>> model = torch.nn.Sequential(torch.nn.Linear(1, 1, bias=False))
        >>> torch.nn.init.ones_(model[0].weight).item()
        1.0
        >>> estimator = make_estimator("backprop", model, torch.nn.MSELoss())
        >>> step_(model, estimator(torch.ones(1, 1), torch.zeros(1, 1)), learning_rate=0.25)
        >>> model[0].weight.item()  # the gradient is 2
        0.5
    """
    estimate.add_to_(detached(model), -learning_rate)


def write_gradient_(model: nn.Module, estimate: Estimate) -> None:
    """Write the estimate into every parameter's `.grad`, for the optimizers of `torch.optim`.

    Example:
        >>> import torch
        >>> from forwardgrad import make_estimator, write_gradient_
        >>> model = torch.nn.Sequential(torch.nn.Linear(2, 3))
        >>> optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        >>> estimator = make_estimator("forward_gaussian", model, torch.nn.CrossEntropyLoss())
        >>> write_gradient_(model, estimator(torch.ones(5, 2), torch.arange(5) % 3))
        >>> optimizer.step()
    """
    dense = estimate.dense(detached(model))
    for name, parameter in model.named_parameters():
        parameter.grad = dense[name]
