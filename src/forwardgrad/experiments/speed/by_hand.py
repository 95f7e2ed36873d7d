"""Backprop without a graph: the fairest opponent of an engine that is written by hand as well."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forwardgrad.experiments.speed.steps import Case, Parts

aten = torch.ops.aten


def linear_by_hand(layer: nn.Linear, inputs: Tensor, cotangent: Tensor, rate: float, first: bool) -> Tensor | None:
    """Cotangent of the input, then W -= rate G: the gradient is never stored."""
    below = None if first else cotangent @ layer.weight
    layer.weight.addmm_(cotangent.t(), inputs, alpha=-rate)
    layer.bias.sub_(cotangent.sum(0), alpha=rate)
    return below


def conv2d_by_hand(layer: nn.Conv2d, inputs: Tensor, cotangent: Tensor, rate: float, first: bool) -> Tensor | None:
    """The library's three gradients of a convolution."""
    geometry = (layer.stride, layer.padding, layer.dilation, False, [0, 0], layer.groups, [not first, True, True])
    weight, bias = layer.weight, layer.bias
    below, *gradient = aten.convolution_backward(cotangent, inputs, weight, list(bias.shape), *geometry)
    torch._foreach_add_([weight, bias], gradient, alpha=-rate)
    return below


def windows(pool: nn.MaxPool2d) -> tuple:
    """Return the geometry of a max-pool, in the order in which torch's functions take it."""
    return pool.kernel_size, pool.stride, pool.padding, pool.dilation, pool.ceil_mode


def by_hand(case: Case) -> Parts:
    """Backprop without a graph: every layer's update is made in place as soon as its cotangent is there.

    For Linear, Conv2d, ReLU, max-pool and flatten under mean cross-entropy. Less work than any library
    does, and less memory: the fairest opponent of an engine that is written by hand as well. Updates are part of its
    backward pass.

    Raises:
        TypeError: The network is no `nn.Sequential`, or a layer is none of these.
    """
    if not isinstance(case.model, nn.Sequential):
        raise TypeError(f"no hand-written backprop for {type(case.model).__name__}: it is no nn.Sequential")
    modules, targets, rate = list(case.model), case.targets, case.rate
    known = nn.Linear | nn.Conv2d | nn.ReLU | nn.MaxPool2d | nn.Flatten
    if strange := [module for module in modules if not isinstance(module, known)]:
        raise TypeError(f"no hand-written backprop for {strange[0]}")
    weighted = [index for index, module in enumerate(modules) if isinstance(module, nn.Linear | nn.Conv2d)]

    @torch.no_grad()
    def forward() -> tuple[list[Tensor], list[Tensor]]:
        activations, places = [case.inputs], []
        for module in modules:
            if isinstance(module, nn.MaxPool2d):
                value, place = F.max_pool2d(activations[-1], *windows(module), return_indices=True)
                places.append(place)
            else:
                value = module(activations[-1])
            activations.append(value)
        F.cross_entropy(activations[-1], targets)
        return activations, places

    @torch.no_grad()
    def backward(activations: list[Tensor], places: list[Tensor]) -> None:
        cotangent = torch.softmax(activations.pop(), 1)
        cotangent.scatter_add_(1, targets[:, None], cotangent.new_full((len(targets), 1), -1.0)).div_(len(targets))
        for index in range(len(modules) - 1, weighted[0] - 1, -1):
            module, below, first = modules[index], activations.pop(), index == weighted[0]
            if isinstance(module, nn.Linear):
                cotangent = linear_by_hand(module, below, cotangent, rate, first)
            elif isinstance(module, nn.Conv2d):
                cotangent = conv2d_by_hand(module, below, cotangent, rate, first)
            elif isinstance(module, nn.ReLU):
                cotangent = aten.threshold_backward(cotangent, below, 0)
            elif isinstance(module, nn.MaxPool2d):
                cotangent = aten.max_pool2d_with_indices_backward(cotangent, below, *windows(module), places.pop())
            else:
                cotangent = cotangent.view(below.shape)

    def step() -> Iterator[str]:
        state = forward()
        yield "forward"
        backward(*state)
        yield "backward"

    return step
