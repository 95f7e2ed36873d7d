"""The functions that apply a weight: linear layers, convolutions, tables.

Where the weight is a parameter they take its tangent as it is, of low rank or not. A weight that was computed is left
to torch.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from forwardgrad.core.engine.duals import carries, dual, plus, stock, unpack
from forwardgrad.core.engine.maps import Convolution, Embedding, Linear, Map, TransposedConvolution, over_space
from forwardgrad.core.engine.refused import RefusedError

if TYPE_CHECKING:
    from forwardgrad.core.engine.general import Duals

LINEAR = Linear()


def mapped(duals: "Duals", layer: Map, inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """y = W x + b, y' = W x' + W' x + b' for one linear map on batches."""
    own, offset = duals.own(weight, bias)
    primal, tangent = unpack(inputs)
    outputs = layer(primal, weight, bias)
    if tangent is not None:
        tangent = layer(tangent, weight)
    if own is not None and (outputs.dtype is weight.dtype is primal.dtype or not primal.is_floating_point()):
        tangent = own.output(layer, primal, outputs, tangent)
    elif own is not None:  # autocast: the layer is in 16 bits, its tangent in the precision of its parameters
        with torch.autocast(primal.device.type, enabled=False):
            added = own.output(layer, primal.to(weight.dtype), outputs.to(weight.dtype))
        tangent = added if tangent is None else tangent.add_(added)
    if offset is not None:
        tangent = torch.zeros_like(outputs) if tangent is None else tangent
        tangent = tangent.add_(over_space(offset, outputs))
    return dual(outputs, tangent)


def linear(duals: "Duals", function: Callable, input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Of inputs of any shape (..., in)."""
    if carries(weight) or carries(bias) or weight.dim() != 2:
        return stock(duals, function, input, weight, bias)
    input = duals.dual(input)
    if input.dim() == 2:
        return mapped(duals, LINEAR, input, weight, bias)
    rows = mapped(duals, LINEAR, input.reshape(-1, input.shape[-1]), weight, bias)
    return rows.view(*input.shape[:-1], len(weight))


def convolution(kind: type[Map]) -> Callable[..., Tensor]:
    """Return the rule of a kind of convolution, whose geometry is its arguments."""

    def convolve(
        duals: "Duals",
        function: Callable,
        input: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        *args: Any,
        **geometry: Any,
    ) -> Tensor:
        if carries(weight) or carries(bias):
            return stock(duals, function, input, weight, bias, *args, **geometry)
        layer, input = kind(*args, **geometry), duals.dual(input)
        if input.dim() < weight.dim():
            return mapped(duals, layer, input.unsqueeze(0), weight, bias).squeeze(0)
        return mapped(duals, layer, input, weight, bias)

    return convolve


def embedding(
    duals: "Duals",
    function: Callable,
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """Rows of a table. As in reverse mode, the row of padding does not move."""
    if not (carries(weight) or duals.moves(weight)):
        return function(input, weight, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
    no_derivative("embedding", max_norm, scale_grad_by_freq)
    if carries(weight):
        found = stock(duals, function, input, weight)
    else:
        found = mapped(duals, Embedding(), input, weight, None)
    if padding_idx is None:
        return found
    primal, tangent = unpack(found)
    padding = (input == padding_idx % len(weight)).unsqueeze(-1)
    return dual(primal, None if tangent is None else tangent.masked_fill(padding, 0.0))


def no_derivative(name: str, max_norm: float | None, scale_grad_by_freq: bool) -> None:
    """Refuse the options of a table with which reverse mode gives something other than a derivative."""
    if max_norm is not None or scale_grad_by_freq:
        option = "max_norm" if max_norm is not None else "scale_grad_by_freq"
        raise RefusedError(f"{name}: {option} is no function of the table, so it has no derivative: leave it")


def embedding_bag(
    duals: "Duals",
    function: Callable,
    /,
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """Sums or means of rows, linear in the table and in the weights of the samples; or the largest entries of rows."""
    (table, moved), samples = unpack(duals.dual(weight)), duals.dual(per_sample_weights)
    samples, weighed = (None, None) if samples is None else unpack(samples)
    if moved is not None:
        no_derivative("embedding_bag", max_norm, scale_grad_by_freq)

    def bags(table: Tensor, samples: Tensor | None) -> Tensor:
        ways = norm_type, False, mode, False, samples, include_last_offset, padding_idx
        return function(input, table, offsets, max_norm, *ways)

    outputs = bags(table, samples)
    if mode != "max":
        tangent = None if moved is None else bags(moved, samples)
        return dual(outputs, plus(tangent, None if weighed is None else bags(table, weighed)))
    if moved is None:
        return outputs
    if input.dim() == 2:
        offsets = torch.arange(0, input.numel(), input.shape[1], device=input.device)
    ways = False, 2, False, None, include_last_offset, padding_idx
    _, _, sizes, where = torch.embedding_bag(table, input.flatten(), offsets, *ways)
    tangent = moved.gather(0, where.clamp(min=0))
    return dual(outputs, tangent.masked_fill_((sizes[: len(where)] == 0).unsqueeze(1), 0.0))


RULES = {
    F.linear: linear,
    **dict.fromkeys((torch.conv1d, torch.conv2d, torch.conv3d), convolution(Convolution)),
    **dict.fromkeys(
        (torch.conv_transpose1d, torch.conv_transpose2d, torch.conv_transpose3d), convolution(TransposedConvolution)
    ),
    F.embedding: embedding,
    F.embedding_bag: embedding_bag,
}
