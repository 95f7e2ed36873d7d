"""Attention, whose fused kernels have no forward mode in torch."""

import math
from collections.abc import Callable
from types import FunctionType
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from forwardgrad.core.engine.duals import dual, unpack

if TYPE_CHECKING:
    from forwardgrad.core.engine.general import Duals

aten = torch.ops.aten


def attention(
    duals: "Duals",
    function: Callable,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """y = d p v with p = softmax(scale q k' + mask), and d what dropout leaves."""
    if is_causal and attn_mask is not None:
        raise ValueError("scaled_dot_product_attention: give either attn_mask or is_causal=True, not both")
    kind = query.device.type
    if torch.is_autocast_enabled(kind) and query.dtype is not torch.float64:
        low = torch.get_autocast_dtype(kind)
        query, key, value = (duals.dual(each).to(low) for each in (query, key, value))
        with torch.autocast(kind, enabled=False):
            return attention(duals, function, query, key, value, attn_mask, dropout_p, is_causal, scale, enable_gqa)
    query, key, value = duals.dual((query, key, value))
    mask, slope = (None, None) if attn_mask is None else unpack(duals.dual(attn_mask))
    if enable_gqa:
        repeats = query.shape[-3] // key.shape[-3]
        key, value = key.repeat_interleave(repeats, -3), value.repeat_interleave(repeats, -3)
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    batch = torch.broadcast_shapes(query.shape[:-2], key.shape[:-2], value.shape[:-2])
    (q, dq), (k, dk), (v, dv) = (
        tuple(
            None if part is None else part.expand(*batch, *part.shape[-2:]).reshape(-1, *part.shape[-2:])
            for part in unpack(each)
        )
        for each in (query, key, value)
    )
    scores = torch.baddbmm(q.new_zeros(()), q, k.mT, beta=0, alpha=scale)
    by_head = *batch, *scores.shape[1:]
    if is_causal:
        scores.masked_fill_(torch.ones(by_head[-2:], dtype=torch.bool, device=q.device).triu_(1), -math.inf)
    elif mask is not None and mask.dtype is torch.bool:
        scores.view(by_head).masked_fill_(~mask, -math.inf)
    elif mask is not None:
        scores.view(by_head).add_(mask)
    # A query that a mask leaves no key attends to nothing; that takes longer.
    weights = scores.softmax(-1) if mask is None else torch._safe_softmax(scores, -1)
    del scores
    slopes = None
    for first, second in ((dq, k), (q, dk)):
        if first is not None and second is not None:
            if slopes is None:
                slopes = torch.baddbmm(q.new_zeros(()), first, second.mT, beta=0, alpha=scale)
            else:
                slopes.baddbmm_(first, second.mT, alpha=scale)
    if slope is not None:
        slopes = torch.zeros_like(weights) if slopes is None else slopes
        slopes.view(by_head).add_(slope)
    if slopes is not None:
        slopes = aten._softmax_backward_data(slopes, weights, -1, weights.dtype)
    if dropout_p > 0:
        left = torch.dropout(torch.ones_like(weights), dropout_p, True)
        weights, slopes = weights * left, None if slopes is None else slopes * left
    outputs = weights @ v
    tangent = None if dv is None else weights @ dv
    if slopes is not None:
        tangent = slopes @ v if tangent is None else tangent.baddbmm_(slopes, v)
    shape = (*batch, *outputs.shape[1:])
    return dual(outputs.view(shape), None if tangent is None else tangent.view(shape))


def opened(function: FunctionType) -> FunctionType:
    """Return a copy of a function of torch.nn.functional that lets the mode see what it calls."""
    no = dict.fromkeys(("has_torch_function", "has_torch_function_unary", "has_torch_function_variadic"))
    own = function.__globals__ | {name: lambda *tensors: False for name in no}
    made = FunctionType(function.__code__, own, function.__name__, function.__defaults__, function.__closure__)
    made.__kwdefaults__ = function.__kwdefaults__
    return made


OPENED = opened(F.multi_head_attention_forward)


def multi_head_attention(duals: "Duals", function: Callable, *args: Any, **kwargs: Any) -> Any:
    """It consists of functions that have rules."""
    with torch.enable_grad(), duals:
        return OPENED(*args, **kwargs)


RULES = {F.scaled_dot_product_attention: attention, F.multi_head_attention_forward: multi_head_attention}
