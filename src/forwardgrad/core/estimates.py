"""What an estimator returns: an estimate of the gradient, kept in the form in which it is made.

A forward gradient stays `directional derivative x tangent`, so that a step along a rank-one tangent never
writes out a dense one; `dense` does, for optimizers that need it.
"""

from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from forwardgrad.core.engine.losses import IGNORED
from forwardgrad.core.tangents import Tangents
from forwardgrad.core.units import Parameters, Units, written_out


class Estimate(Protocol):
    """An estimate of the gradient at one point, and the loss and the network's outputs there.

    It holds until the next call of its estimator, whose tangents lie in the same memory; used after that it raises
    a RuntimeError. `dense` returns numbers of its own, which stay.
    """

    loss: Tensor
    outputs: Any
    model: nn.Module

    def add_to_(self, scale: float) -> None:
        """Add `scale` times the estimate to the parameters, in place. SGD takes scale = -learning rate."""

    def dense(self) -> Parameters:
        """Return the estimate written out, one tensor per parameter that moves, by its name."""

    def size(self) -> Tensor:
        """Return a number that is finite if the estimate is: the sum of its derivatives, or its norm."""

    def is_empty(self) -> bool:
        """Whether no target of the batch counts, so that the gradient is zero although the loss is NaN."""


@dataclass
class DenseEstimate:
    """An estimate that comes written out, one tensor per parameter, as from reverse mode."""

    model: nn.Module
    loss: Tensor
    outputs: Any
    parameters: Parameters
    gradient: tuple[Tensor, ...]

    def add_to_(self, scale: float) -> None:
        """One fused pass over all parameters."""
        torch._foreach_add_([parameter.detach() for parameter in self.parameters.values()], self.gradient, alpha=scale)

    def dense(self) -> Parameters:
        """Itself, by name."""
        return dict(zip(self.parameters, self.gradient, strict=True))

    def size(self) -> Tensor:
        """Its norm."""
        return torch.nn.utils.get_total_norm(self.gradient)

    def is_empty(self) -> bool:
        """Torch writes the zeros itself."""
        return False


@dataclass
class ForwardGradient:
    """sum_k d_k v_k: directional derivatives times their tangents.

    Attributes:
        model: The network.
        units: Its units, whose parameters move.
        loss: The loss at the point.
        outputs: What the network returned.
        terms: A derivative, and its tangent by unit; or several derivatives in one tensor, and their tangents stacked.
        calls: How often its estimator has been called, a counter that goes on.
        targets: Those of the batch.
        ignored: The class that the loss does not count.
        call: Which of the calls it comes from.
    """

    model: nn.Module
    units: Units
    loss: Tensor
    outputs: Any
    terms: list[tuple[Tensor, Tangents]]
    calls: list[int] = field(default_factory=lambda: [0], repr=False)
    targets: Any = None
    ignored: int = IGNORED
    call: int = 0

    def __post_init__(self) -> None:
        self.call = self.calls[0]

    def add_to_(self, scale: float) -> None:
        """Add scale d_k v_k for every k. The derivative stays a tensor: nothing waits for a device."""
        self._check()
        for derivative, tangents in self.terms:
            for name, tangent in tangents.items():
                unit = self.units[name]
                tangent.add_to_(unit.weight, unit.bias, derivative, scale)

    def dense(self) -> Parameters:
        """Write the sum out."""
        self._check()
        total = written_out(self.units)
        if self.is_empty():
            return total
        for derivative, tangents in self.terms:
            for name, tangent in tangents.items():
                weight, bias = self.units[name].names
                tangent.add_to_(total.get(weight), total.get(bias), derivative, 1.0)
        return total

    def size(self) -> Tensor:
        """The sum of its derivatives."""
        return sum(derivative.sum() for derivative, _ in self.terms)

    def is_empty(self) -> bool:
        """Whether no target counts: torch's loss is NaN then, and its gradient zero."""
        if not self.loss.isnan() or not isinstance(self.targets, Tensor) or self.targets.is_floating_point():
            return False
        return bool((self.targets == self.ignored).all())

    def _check(self) -> None:
        if self.call != self.calls[0]:
            raise RuntimeError(
                "this estimate is out of date, its estimator has been called again: use it before, or keep dense()"
            )


def checked(model: nn.Module, estimate: Estimate) -> None:
    """Refuse an estimate of another module."""
    if estimate.model is not model:
        raise ValueError(
            f"the estimate is of another module ({type(estimate.model).__name__}) than this {type(model).__name__}: "
            "pass the one that make_estimator was given"
        )


def step_(model: nn.Module, estimate: Estimate, learning_rate: float, skip_nonfinite: bool = False) -> bool:
    """Take a step of plain SGD, in place: parameters -= learning_rate * estimate.

    A structured estimate is never written out.

    Args:
        model: The network that the estimate is of.
        estimate: From an estimator's latest call.
        learning_rate: Step size.
        skip_nonfinite: Whether to leave the parameters alone where the estimate is infinite or NaN.

    Returns:
        Whether the step was taken.

    Raises:
        FloatingPointError: The estimate is not finite. The parameters are as they were.
        ValueError: The estimate is of another module.

    Example:
        >>> import torch
        >>> from forwardgrad import make_estimator, step_
        >>> model = torch.nn.Sequential(torch.nn.Linear(1, 1, bias=False))
        >>> torch.nn.init.ones_(model[0].weight).item()
        1.0
        >>> estimator = make_estimator("backprop", model, torch.nn.MSELoss())
        >>> step_(model, estimator(torch.ones(1, 1), torch.zeros(1, 1)), learning_rate=0.25)
        True
        >>> model[0].weight.item()  # the gradient is 2
        0.5
    """
    checked(model, estimate)
    if not is_finite(estimate, skip_nonfinite):
        return False
    if estimate.is_empty():
        return True
    estimate.add_to_(-learning_rate)
    return True


def is_finite(estimate: Estimate, skip: bool) -> bool:
    """Whether an estimate is finite; raises an error if it is not, unless `skip`."""
    size = estimate.size()
    if torch.isfinite(size) or estimate.is_empty():
        return True
    if not skip:
        raise FloatingPointError(
            f"the estimate is {size.item()} (loss {estimate.loss.item()}): lower the learning rate, "
            "or skip_nonfinite=True leaves such a step out"
        )
    return False


def write_gradient_(model: nn.Module, estimate: Estimate, accumulate: bool = True) -> None:
    """Write the estimate into the `.grad` of every parameter that moves, for the optimizers of `torch.optim`.

    Args:
        model: The network that the estimate is of.
        estimate: From an estimator's latest call.
        accumulate: Whether to add to what is there, as `loss.backward()` does, so that `zero_grad` comes first; if
            not, it is replaced.

    Raises:
        ValueError: The estimate is of another module.

    Example:
        >>> import torch
        >>> from forwardgrad import make_estimator, write_gradient_
        >>> model = torch.nn.Sequential(torch.nn.Linear(2, 3))
        >>> optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        >>> estimator = make_estimator("forward_gaussian", model, torch.nn.CrossEntropyLoss())
        >>> write_gradient_(model, estimator(torch.ones(5, 2), torch.arange(5) % 3))
        >>> optimizer.step()
    """
    checked(model, estimate)
    dense = estimate.dense()
    for name, parameter in model.named_parameters():
        if name not in dense:
            continue
        if accumulate and parameter.grad is not None:
            parameter.grad += dense[name]
        else:
            parameter.grad = dense[name]
