"""Every estimator of the gradient, behind one signature.

An estimator is called with a batch and returns an estimate: the loss, and a gradient that is kept in
the form it came in. A forward gradient stays `directional derivative x tangent`, so that a step along a
rank-one tangent never writes out a dense one; `dense` does, for optimizers that want it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import torch
from torch import Generator, Tensor, nn

from forwardgrad import draws
from forwardgrad.forward import Loss, Network, Parameters, network
from forwardgrad.tangents import Dense, Tangents


class Estimate(Protocol):
    """An estimate of the gradient at one point, and the loss there."""

    loss: Tensor

    def add_to_(self, parameters: Parameters, scale: float) -> None:
        """Add `scale` times the estimate to the parameters, in place. A step of SGD has scale = -rate."""
        ...

    def dense(self, parameters: Parameters) -> Parameters:
        """Return the estimate written out, one tensor per parameter."""
        ...


Estimator = Callable[[Tensor, Tensor], Estimate]


@dataclass(frozen=True)
class Gradient:
    """The gradient itself, from reverse mode."""

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
    """sum_k d_k v_k: directional derivatives times the tangents they were taken along."""

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


def backprop(model: nn.Sequential, loss: Loss, generator: Generator) -> Estimator:
    """Reverse mode: the gradient, at the cost of about three forward passes. `generator` is not used."""
    parameters = tuple(model.parameters())

    def estimate(inputs: Tensor, targets: Tensor) -> Gradient:
        value = loss(model(inputs), targets)
        return Gradient(value.detach(), torch.autograd.grad(value, parameters))

    return estimate


def along(net: Network, parameters: Parameters, stream: Iterator[Tangents]) -> Estimator:
    """g = <grad f, v> v for one tangent v of the whole network per call (Baydin et al., 2022, arXiv 2202.08587)."""

    def estimate(inputs: Tensor, targets: Tensor) -> ForwardGradient:
        tangents = next(stream)
        value, derivative = net.evaluate(parameters, tangents, inputs, targets)
        return ForwardGradient(value, [(derivative, tangents)])

    return estimate


def detached(model: nn.Module) -> Parameters:
    """Return the parameters by name, sharing their storage but unknown to autograd."""
    return {name: parameter.detach() for name, parameter in model.named_parameters()}


def forward_dense(distribution: str, model: nn.Sequential, loss: Loss, generator: Generator) -> Estimator:
    """One dense tangent: `gaussian`, `rademacher` (signs) or `sphere` (radius sqrt n)."""
    net = network(model, loss)
    stream = draws.Block(net.moving, draws.dense, draws.FILLS[distribution], generator)
    return along(net, detached(model), stream)


def forward_rank_one(model: nn.Sequential, loss: Loss, generator: Generator) -> Estimator:
    """One tangent, of rank one in every layer, with signs as factors: E||g||^2 = n ||grad f||^2, as for dense signs."""
    net = network(model, loss)
    return along(net, detached(model), draws.Block(net.moving, draws.rank_one, draws.rademacher_, generator))


def forward_rank(rank: int, model: nn.Sequential, loss: Loss, generator: Generator) -> Estimator:
    """One tangent, of rank `rank` in every layer."""
    net = network(model, loss)
    cut = partial(draws.low_rank, rank=rank)
    return along(net, detached(model), draws.Block(net.moving, cut, draws.rademacher_, generator))


def forward_rank_one_layer(model: nn.Sequential, loss: Loss, generator: Generator) -> Estimator:
    """A rank-one tangent of one uniformly drawn layer: nothing but the primal in front of it."""
    net = network(model, loss)
    return along(net, detached(model), draws.OneLayer(net.moving, draws.rademacher_, generator))


def standardise(part: Tensor) -> Tensor:
    """(v - mean v) / std v, with ddof 1."""
    return (part - part.mean()) / part.std()


def forward_blockwise(standardised: bool, model: nn.Sequential, loss: Loss, generator: Generator) -> Estimator:
    """g_l = <grad_l f, v_l> v_l for every parameter tensor l on its own, one forward-mode pass each.

    Less variance than one global tangent, at as many passes as there are tensors (Ramirez Palacios and
    Perez Barreales, 2023). They also standardise each tangent tensor: then E[vv'] = I - 11'/n, and the
    mean component of the gradient is lost.

    Raises:
        ValueError: If a tensor to be standardised has a single entry.
    """
    net, parameters = network(model, loss), detached(model)
    single = [name for name, parameter in parameters.items() if parameter.numel() == 1]
    if standardised and single:
        raise ValueError(f"{single[0]} has one entry and cannot be standardised: use forward_blockwise")
    change = standardise if standardised else lambda part: part
    stream = draws.Block(net.moving, draws.dense, draws.gaussian_, generator)

    def estimate(inputs: Tensor, targets: Tensor) -> ForwardGradient:
        blocks = []
        for layer, tangent in next(stream).items():
            blocks.append({layer: Dense(change(tangent.weight), None)})
            if tangent.bias is not None:
                blocks.append({layer: Dense(None, change(tangent.bias))})
        values, derivatives = zip(*(net.evaluate(parameters, block, inputs, targets) for block in blocks), strict=True)
        return ForwardGradient(values[0], list(zip(derivatives, blocks, strict=True)))

    return estimate


ESTIMATORS: dict[str, Callable[[nn.Sequential, Loss, Generator], Estimator]] = {
    "backprop": backprop,
    "forward_gaussian": partial(forward_dense, "gaussian"),
    "forward_rademacher": partial(forward_dense, "rademacher"),
    "forward_sphere": partial(forward_dense, "sphere"),
    "forward_rank_one": forward_rank_one,
    "forward_rank_one_layer": forward_rank_one_layer,
    "forward_rank_four": partial(forward_rank, 4),
    "forward_blockwise": partial(forward_blockwise, False),
    "forward_blockwise_standardised": partial(forward_blockwise, True),
}


def make_estimator(key: str, model: nn.Sequential, loss: Loss, seed: int = 0) -> Estimator:
    """Return an estimator of the gradient of `loss(model(inputs), targets)` over the parameters of `model`.

    It reads the model's own parameters; `step_` and `write_gradient_` use what it returns. Move the model to its
    device first. An estimate holds until the next call, whose tangents lie in the same memory.

    Args:
        key: A key of `ESTIMATORS`, such as `forward_rank_one`.
        model: The network.
        loss: Maps outputs and targets to a mean loss without dimensions.
        seed: Seed of the tangents.

    Raises:
        ValueError: If there is no such estimator (the message lists those that exist), or nothing to train.
        TypeError: If a layer cannot be passed in forward mode; the message names it.
    """
    if key not in ESTIMATORS:
        raise ValueError(f"no estimator {key!r}: choose one of {', '.join(ESTIMATORS)}")
    first = next(model.parameters(), None)
    if first is None:
        raise ValueError("the model has no parameters: there is nothing to estimate a gradient for")
    return ESTIMATORS[key](model, loss, Generator(first.device).manual_seed(seed))


def step_(model: nn.Module, estimate: Estimate, rate: float) -> None:
    """Take a step of plain SGD: subtract `rate` times the estimate from the parameters, in place and never dense."""
    estimate.add_to_(detached(model), -rate)


def write_gradient_(model: nn.Module, estimate: Estimate) -> None:
    """Write the estimate into every parameter's `.grad`, for the optimizers of `torch.optim`."""
    dense = estimate.dense(detached(model))
    for name, parameter in model.named_parameters():
        parameter.grad = dense[name]
