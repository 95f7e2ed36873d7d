"""Normalisations, and softmax.

Their Jacobians are symmetric, but for the scale: the fused kernel that multiplies a cotangent by them in reverse mode
multiplies a tangent by them here.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from forwardgrad.core.engine.duals import carries, dual, stock, unpack
from forwardgrad.core.engine.maps import over_space

if TYPE_CHECKING:
    from forwardgrad.core.engine.general import Duals

aten = torch.ops.aten


def layer_norm(
    duals: "Duals",
    function: Callable,
    input: Tensor,
    normalized_shape: list[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """y = w n(x) + b, y' = w J x' + w' n(x) + b', with J the Jacobian of the normalisation n."""
    if carries(weight) or carries(bias) or (weight is not None and weight.dtype != input.dtype):
        return stock(duals, function, input, normalized_shape, weight, bias, eps)
    primal, tangent = (None if part is None else part.contiguous() for part in unpack(duals.dual(input)))
    outputs, mean, scale = aten.native_layer_norm(primal, normalized_shape, weight, bias, eps)
    if tangent is not None:
        tangent, _, _ = aten.native_layer_norm_backward(
            tangent, primal, normalized_shape, mean, scale, None, None, [True, False, False]
        )
    moved, offset = duals.tangent(weight), duals.tangent(bias)
    if moved is not None:  # w' n(x) + b' is a normalisation itself
        own, _, _ = aten.native_layer_norm(primal, normalized_shape, moved, offset, eps)
        return dual(outputs, own if tangent is None else own.addcmul_(tangent, weight))
    if tangent is not None and weight is not None:
        tangent.mul_(weight)
    if offset is not None:
        tangent = offset.expand_as(outputs).clone() if tangent is None else tangent.add_(offset)
    return dual(outputs, tangent)


def batch_norm(
    duals: "Duals",
    function: Callable,
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """y = w n(x) + b per channel, as in `layer_norm`; without training n is linear."""
    mixed = weight is not None and weight.dtype != input.dtype
    if carries(weight) or carries(bias) or mixed or not input.is_cpu:
        return stock(duals, function, input, running_mean, running_var, weight, bias, training, momentum, eps)
    primal, tangent = unpack(duals.dual(input))
    statistics = running_mean, running_var
    outputs, mean, scale = aten.native_batch_norm(primal, weight, bias, *statistics, training, momentum, eps)
    if not training:
        mean, scale = running_mean, torch.rsqrt(running_var + eps)
    if tangent is not None:
        tangent, _, _ = aten.native_batch_norm_backward(
            tangent, primal, weight, *statistics, mean, scale, training, eps, [True, False, False]
        )
    moved, offset = duals.tangent(weight), duals.tangent(bias)
    if moved is not None:  # w' n(x) = (w' s) x - w' s m
        slope = moved * scale
        shift = -mean * slope if offset is None else offset - mean * slope
        spread = over_space(slope, primal)
        tangent = primal * spread if tangent is None else tangent.addcmul_(primal, spread)
        tangent.add_(over_space(shift, primal))
    elif offset is not None:
        tangent = torch.zeros_like(outputs) if tangent is None else tangent
        tangent.add_(over_space(offset, outputs))
    return dual(outputs, tangent)


def softmax(duals: "Duals", function: Callable, input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """p = softmax x, p' = p (x' - sum p x')."""
    primal, tangent = unpack(duals.dual(input))
    outputs = function(primal, *args, **kwargs)
    if tangent is None:
        return outputs
    axis = kwargs["dim"] if "dim" in kwargs else args[0] if args else None
    if axis is None or outputs.dtype != tangent.dtype:
        return stock(duals, function, input, *args, **kwargs)
    return dual(outputs, aten._softmax_backward_data(tangent.contiguous(), outputs, axis, outputs.dtype))


RULES = {
    F.layer_norm: layer_norm,
    F.batch_norm: batch_norm,
    **dict.fromkeys((F.softmax, torch.softmax, Tensor.softmax), softmax),
}
