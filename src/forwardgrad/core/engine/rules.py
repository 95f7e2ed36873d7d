"""The rules of forward mode: what one kind of layer, or a loss, makes of a dual number (x, x').

The tangent x' is None while it is still zero, and costs nothing then. It has the shape of x, or a leading axis
more: K tangents at once, beside one primal. A layer without parameters that has no rule goes through
`torch.func.jvp` on its own, and so does a loss.
"""

import math
from collections.abc import Callable, Iterator
from threading import RLock

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forwardgrad.core.engine.maps import Convolution, Linear
from forwardgrad.core.tangents import LayerTangent

Dual = tuple[Tensor, Tensor | None]  # a primal and its tangent; None is zero
Own = LayerTangent | None  # the tangent of a layer's own parameters
aten = torch.ops.aten
LEVEL = RLock()  # torch has one level of forward mode in the whole process


def mapped(layer: Callable[[Tensor], Tensor], primal: Tensor, tangent: Tensor) -> Tensor:
    """Apply a linear map of batches to a tangent, or to several, as one batch."""
    if tangent.dim() == primal.dim():
        return layer(tangent)
    return layer(tangent.flatten(0, 1)).unflatten(0, (len(tangent), -1))


def derivative(function: Callable[[Tensor], Tensor], primal: Tensor, tangent: Tensor) -> tuple[Tensor, Tensor]:
    """Return the value and the derivative of any function along a tangent, or several, through `torch.func.jvp`."""

    def along(each: Tensor) -> tuple[Tensor, Tensor]:
        return torch.func.jvp(function, (primal,), (each,))

    with LEVEL:
        if tangent.dim() == primal.dim():
            return along(tangent)
        try:
            values, derivatives = torch.func.vmap(along, randomness="same")(tangent)
        except RuntimeError:  # torch cannot vmap every function
            values, derivatives = one_by_one(along, tangent)
    return values[0], derivatives


def one_by_one(along: Callable[[Tensor], tuple[Tensor, Tensor]], tangent: Tensor) -> Iterator[Tensor]:
    """Return the values and derivatives along each tangent, stacked; where they are random, by the same numbers."""
    first, *others = tangent
    pairs = []
    for each in others:
        with torch.random.fork_rng([tangent.device] if tangent.is_cuda else []):
            pairs.append(along(each))
    return map(torch.stack, zip(along(first), *pairs, strict=True))


def linear(
    layer: Linear, weight: Tensor, bias: Tensor | None, layer_tangent: Own, primal: Tensor, tangent: Tensor | None
) -> Dual:
    """y = W x + b, y' = W x' + W' x + b'. Primal and tangent share one matrix product with W."""
    if primal.dim() > 2:
        flat = None if tangent is None else tangent.flatten(-primal.dim(), -2)
        outputs, flat = linear(layer, weight, bias, layer_tangent, primal.flatten(0, -2), flat)
        shape = (*primal.shape[:-1], -1)
        return outputs.view(shape), None if flat is None else flat.view(*flat.shape[:-2], *shape)
    if tangent is None:
        outputs = F.linear(primal, weight, bias)
    else:
        products = F.linear(torch.cat((primal, tangent.flatten(0, -2))), weight)
        outputs, flat = products.tensor_split((len(primal),))
        tangent = flat.view(*tangent.shape[:-1], -1)
        if bias is not None:
            outputs.add_(bias)
    return outputs, tangent if layer_tangent is None else layer_tangent.output(layer, primal, outputs, tangent)


def convolution(
    layer: Convolution, weight: Tensor, bias: Tensor | None, layer_tangent: Own, primal: Tensor, tangent: Tensor | None
) -> Dual:
    """y = W * x + b, y' = W * x' + W' * x + b'. Two convolutions: stacking them would gain nothing."""
    primal = primal.contiguous(memory_format=torch.channels_last)
    outputs = layer(primal, weight, bias)
    if tangent is not None:
        tangent = mapped(lambda each: layer(each, weight), primal, tangent)
    return outputs, tangent if layer_tangent is None else layer_tangent.output(layer, primal, outputs, tangent)


def relu(layer: nn.ReLU, primal: Tensor, tangent: Tensor | None) -> Dual:
    """y = max(x, 0), y' = x' where x > 0. The kernel of the mask is the one torch's own forward mode uses."""
    primal = torch.relu(primal)
    return primal, None if tangent is None else aten.threshold_backward(tangent, primal, 0)


def relu_(layer: nn.ReLU, primal: Tensor, tangent: Tensor | None) -> Dual:
    """`relu` in place, where the engine made its input itself: large activations cost more to allocate than to mask."""
    primal.relu_()
    if tangent is not None:
        aten.threshold_backward.grad_input(tangent, primal, 0, grad_input=tangent)
    return primal, tangent


def tanh(layer: nn.Tanh, primal: Tensor, tangent: Tensor | None) -> Dual:
    """y = tanh x, y' = (1 - y^2) x'."""
    primal = torch.tanh(primal)
    return primal, None if tangent is None else torch.addcmul(tangent, tangent, primal.square(), value=-1)


def gelu(layer: nn.GELU, primal: Tensor, tangent: Tensor | None) -> Dual:
    """y = x Phi(x), y' = (Phi(x) + x phi(x)) x', with the normal distribution's Phi and density phi."""
    if layer.approximate != "none":
        return by_function(layer, primal, tangent)
    if tangent is not None:
        slope = torch.special.ndtr(primal) + primal * torch.exp(-primal.square() / 2) / math.sqrt(2 * math.pi)
        tangent = tangent * slope
    return F.gelu(primal), tangent


def max_pool2d(layer: nn.MaxPool2d, primal: Tensor, tangent: Tensor | None) -> Dual:
    """The tangent is taken from the place of the maximum."""
    if tangent is None:
        return layer(primal), None
    pooled, where = F.max_pool2d(
        primal, layer.kernel_size, layer.stride, layer.padding, layer.dilation, layer.ceil_mode, return_indices=True
    )
    batch, channels, height, width = pooled.shape
    where = where.permute(0, 2, 3, 1).reshape(batch, height * width, channels)
    places = tangent.movedim(-3, -1).flatten(-3, -2)
    taken = places.gather(-2, where.expand(*places.shape[:-2], -1, -1))
    return pooled, taken.unflatten(-2, (height, width)).movedim(-1, -3)


def linear_map(layer: nn.Module, primal: Tensor, tangent: Tensor | None) -> Dual:
    """A linear layer without parameters (flattening, average pooling) is its own tangent map."""
    return layer(primal), None if tangent is None else mapped(layer, primal, tangent)


def by_function(layer: Callable[[Tensor], Tensor], primal: Tensor, tangent: Tensor | None) -> Dual:
    """Any layer without parameters, through `torch.func.jvp`."""
    if isinstance(layer, RANDOM):  # random numbers fall in the order of memory: in that of a plain pass
        primal = primal.contiguous()
    return (layer(primal), None) if tangent is None else derivative(layer, primal, tangent)


RANDOM = (nn.modules.dropout._DropoutNd, nn.RReLU)
WITH_PARAMETERS = {nn.Linear: linear, nn.Conv2d: convolution}
VIEWS = (nn.Flatten, nn.Identity)
WITHOUT_PARAMETERS = {
    nn.ReLU: relu,
    nn.Tanh: tanh,
    nn.GELU: gelu,
    nn.MaxPool2d: max_pool2d,
    nn.AvgPool2d: linear_map,
    nn.Flatten: linear_map,
    nn.Identity: linear_map,
}
