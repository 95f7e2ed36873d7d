"""Functions that torch's own forward mode lacks, or takes another subgradient of than its reverse mode."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from forwardgrad.core.engine.duals import dual, unpack

if TYPE_CHECKING:
    from forwardgrad.core.engine.general import Duals


def prelu(duals: "Duals", function: Callable, input: Tensor, weight: Tensor) -> Tensor:
    """y = max(x, 0) + w min(x, 0); at 0 the slope is w, as in reverse mode."""
    input, weight = duals.dual((input, weight))
    (primal, moved), (slope, turned) = unpack(input), unpack(weight)
    if moved is None and turned is None:
        return function(input, weight)
    spread = [1, -1, *[1] * (primal.dim() - 2)] if slope.numel() > 1 and primal.dim() > 1 else [-1]
    tangent = torch.zeros_like(primal)
    if moved is not None:
        tangent = torch.where(primal > 0, moved, moved * slope.view(spread))
    if turned is not None:
        tangent = tangent + primal.clamp(max=0) * turned.view(spread)
    return dual(function(primal, slope), tangent)


def larger(duals: "Duals", function: Callable, input: Tensor, other: Tensor) -> Tensor:
    """fmax; where both are equal the first counts, as in reverse mode."""
    input, other = duals.dual((input, other))
    return torch.where((input >= other) | other.isnan(), input, other)


def smaller(duals: "Duals", function: Callable, input: Tensor, other: Tensor) -> Tensor:
    """fmin; where both are equal the first counts, as in reverse mode."""
    input, other = duals.dual((input, other))
    return torch.where((input <= other) | other.isnan(), input, other)


def cholesky(duals: "Duals", function: Callable, input: Tensor, *args: Any, **kwargs: Any) -> Any:
    """Of a symmetric matrix: as reverse mode takes the symmetric part of the derivative, here the tangent has it."""
    primal, tangent = unpack(duals.dual(input))
    return function(dual(primal, None if tangent is None else (tangent + tangent.mT) / 2), *args, **kwargs)


def weight_norm(duals: "Duals", function: Callable, v: Tensor, g: Tensor, dim: int = 0) -> Tensor:
    """g v / |v|."""
    v, g = duals.dual((v, g))
    return v * (g / torch.norm_except_dim(v, 2, dim))


def pack(duals: "Duals", function: Callable, input: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
    """Sequences one behind the other: entries of the input."""
    primal, tangent = unpack(duals.dual(input))
    packed, sizes = function(primal, *args, **kwargs)
    return dual(packed, None if tangent is None else function(tangent, *args, **kwargs)[0]), sizes


def pad(
    duals: "Duals",
    function: Callable,
    data: Tensor,
    batch_sizes: Tensor,
    batch_first: bool,
    padding_value: float,
    total_length: int,
) -> tuple[Tensor, Tensor]:
    """Sequences side by side: entries of the input, and padding, whose tangent is zero."""
    primal, tangent = unpack(duals.dual(data))
    padded, lengths = function(primal, batch_sizes, batch_first, padding_value, total_length)
    if tangent is not None:
        tangent, _ = function(tangent, batch_sizes, batch_first, 0.0, total_length)
    return dual(padded, tangent), lengths


RULES = {
    **dict.fromkeys((torch.prelu, Tensor.prelu), prelu),
    **dict.fromkeys((torch.fmax, Tensor.fmax), larger),
    **dict.fromkeys((torch.fmin, Tensor.fmin), smaller),
    **dict.fromkeys((torch.linalg.cholesky, torch.linalg.cholesky_ex), cholesky),
    torch._weight_norm: weight_norm,
    torch._pack_padded_sequence: pack,
    torch._pad_packed_sequence: pad,
}
