"""Rules of forward mode for torch functions, as `general` meets them.

Each takes the mode, the function and its arguments, tensors among them perhaps dual. The Jacobian of a normalisation
and that of softmax are symmetric: the fused kernel that multiplies a cotangent by them in reverse mode multiplies a
tangent by them here.
"""

import math
from collections.abc import Callable
from types import FunctionType
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from forwardgrad.core.engine.maps import Convolution, Embedding, Linear, Map, TransposedConvolution, over_space

if TYPE_CHECKING:
    from forwardgrad.core.engine.general import Duals

aten = torch.ops.aten
RULES: dict[Callable, Callable] = {}
LINEAR = Linear()

# What is asked of a tensor but its values: a parameter needs no tangent for it.
METADATA = frozenset(
    [
        *(getattr(Tensor, name).__get__ for name in ("shape", "dtype", "device", "requires_grad", "ndim", "is_cuda")),
        *(getattr(Tensor, name).__get__ for name in ("layout", "is_leaf", "grad", "is_sparse")),
        *(getattr(Tensor, name) for name in ("size", "dim", "numel", "is_floating_point", "is_contiguous", "stride")),
        *(getattr(Tensor, name) for name in ("element_size", "data_ptr", "get_device", "is_complex", "__len__")),
        torch.is_floating_point,
        torch.is_complex,
        torch.numel,
    ]
)

REFUSED: dict[Callable, str] = {
    torch.logcumsumexp: "torch's own forward mode is wrong here (pytorch issue 196705): write it with torch.cumsum",
    Tensor.logcumsumexp: "torch's own forward mode is wrong here (pytorch issue 196705): write it with torch.cumsum",
    torch.cholesky_inverse: "torch's own forward mode is wrong here (pytorch issue 196682): use torch.cholesky_solve",
    Tensor.cholesky_inverse: "torch's own forward mode is wrong here (pytorch issue 196682): use torch.cholesky_solve",
}


def rule(*functions: Callable) -> Callable[[Callable], Callable]:
    """Register a rule for these functions."""

    def register(made: Callable) -> Callable:
        RULES.update(dict.fromkeys(functions, made))
        return made

    return register


def unpack(value: Tensor) -> tuple[Tensor, Tensor | None]:
    """Return primal and tangent of a tensor, None if it has none."""
    return torch._VF._unpack_dual(value, level=0)


def dual(primal: Tensor, tangent: Tensor | None) -> Tensor:
    """Return the dual number of both."""
    if tangent is None:
        return primal
    return torch._VF._make_dual(primal, tangent.to(primal.dtype), level=0)


def carries(value: Tensor | None) -> bool:
    """Whether a tensor is a dual number."""
    return value is not None and unpack(value)[1] is not None


def stock(mode: "Duals", function: Callable, *args: Any, **kwargs: Any) -> Any:
    """Carry a function out as torch does, with its parameters as dual numbers."""
    return function(*mode.dual(args), **mode.dual(kwargs))


def mapped(mode: "Duals", layer: Map, inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """y = W x + b, y' = W x' + W' x + b' for one linear map on batches."""
    own, offset = mode.own(weight, bias)
    primal, tangent = unpack(inputs)
    outputs = layer(primal, weight, bias)
    if tangent is not None:
        tangent = layer(tangent, weight)
    if own is not None:
        tangent = own.output(layer, primal, outputs, tangent)
    if offset is not None:
        tangent = torch.zeros_like(outputs) if tangent is None else tangent
        tangent = tangent.add_(over_space(offset, outputs))
    return dual(outputs, tangent)


@rule(F.linear)
def linear(mode: "Duals", function: Callable, input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Of inputs of any shape (..., in)."""
    if carries(weight) or carries(bias) or weight.dim() != 2:  # computed from parameters
        return stock(mode, function, input, weight, bias)
    if input.dim() == 2:
        return mapped(mode, LINEAR, input, weight, bias)
    rows = mapped(mode, LINEAR, input.reshape(-1, input.shape[-1]), weight, bias)
    return rows.view(*input.shape[:-1], -1)


def convolution(kind: type[Map]) -> Callable[..., Tensor]:
    """Return the rule of a kind of convolution, whose geometry is its arguments."""

    def convolve(
        mode: "Duals",
        function: Callable,
        input: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        *args: Any,
        **geometry: Any,
    ) -> Tensor:
        if carries(weight) or carries(bias):
            return stock(mode, function, input, weight, bias, *args, **geometry)
        layer = kind(*args, **geometry)
        if input.dim() < weight.dim():
            return mapped(mode, layer, input.unsqueeze(0), weight, bias).squeeze(0)
        if weight.dim() == 4:  # the layout that its channels are fast to contract in
            input = input.contiguous(memory_format=torch.channels_last)
        return mapped(mode, layer, input, weight, bias)

    return convolve


rule(torch.conv1d, torch.conv2d, torch.conv3d)(convolution(Convolution))
rule(torch.conv_transpose1d, torch.conv_transpose2d, torch.conv_transpose3d)(convolution(TransposedConvolution))


@rule(F.embedding)
def embedding(
    mode: "Duals",
    function: Callable,
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """Rows of a table."""
    if max_norm is not None or scale_grad_by_freq:
        option = "max_norm" if max_norm is not None else "scale_grad_by_freq"
        raise NotImplementedError(f"embedding: {option} is no function of the table, so it has no derivative: leave it")
    if carries(weight):
        return stock(mode, function, input, weight, padding_idx)
    return mapped(mode, Embedding(), input, weight, None)


@rule(F.layer_norm)
def layer_norm(
    mode: "Duals",
    function: Callable,
    input: Tensor,
    normalized_shape: list[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """y = w n(x) + b, y' = w J x' + w' n(x) + b', with J the Jacobian of the normalisation n."""
    if carries(weight) or carries(bias):
        return stock(mode, function, input, normalized_shape, weight, bias, eps)
    primal, tangent = unpack(input)
    outputs, mean, scale = aten.native_layer_norm(primal, normalized_shape, weight, bias, eps)
    if tangent is not None:
        only_inputs = [True, False, False]
        tangent, _, _ = aten.native_layer_norm_backward(
            tangent, primal, normalized_shape, mean, scale, None, None, only_inputs
        )
        tangent = tangent if weight is None else tangent.mul_(weight)
    moved, offset = mode.tangent(weight), mode.tangent(bias)
    if moved is not None:
        normalised = (primal - mean).mul_(scale).to(outputs.dtype)
        tangent = normalised.mul_(moved) if tangent is None else tangent.addcmul_(normalised, moved)
    if offset is not None:
        tangent = offset.expand_as(outputs).clone() if tangent is None else tangent.add_(offset)
    return dual(outputs, tangent)


@rule(F.batch_norm)
def batch_norm(
    mode: "Duals",
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
    if carries(weight) or carries(bias) or not input.is_cpu:
        return stock(mode, function, input, running_mean, running_var, weight, bias, training, momentum, eps)
    primal, tangent = unpack(input)
    statistics = running_mean, running_var
    outputs, mean, scale = aten.native_batch_norm(primal, weight, bias, *statistics, training, momentum, eps)
    if not training:
        mean, scale = running_mean, torch.rsqrt(running_var + eps)
    if tangent is not None:
        tangent, _, _ = aten.native_batch_norm_backward(
            tangent, primal, weight, *statistics, mean, scale, training, eps, [True, False, False]
        )
    moved, offset = mode.tangent(weight), mode.tangent(bias)
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


@rule(F.softmax, torch.softmax, Tensor.softmax)
def softmax(mode: "Duals", function: Callable, input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """p = softmax x, p' = p (x' - sum p x')."""
    primal, tangent = unpack(mode.dual(input))
    outputs = function(primal, *args, **kwargs)
    if tangent is None:
        return outputs
    axis = kwargs["dim"] if "dim" in kwargs else args[0] if args else None
    if axis is None or outputs.dtype != tangent.dtype:
        return stock(mode, function, input, *args, **kwargs)
    return dual(outputs, aten._softmax_backward_data(tangent.contiguous(), outputs, axis, outputs.dtype))


@rule(F.scaled_dot_product_attention)
def attention(
    mode: "Duals",
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
    """y = p v with p = softmax(q k' / sqrt d): torch's fused kernels have no forward mode."""
    query, key, value, attn_mask = mode.dual((query, key, value, attn_mask))
    if enable_gqa:
        repeats = query.shape[-3] // key.shape[-3]
        key, value = key.repeat_interleave(repeats, -3), value.repeat_interleave(repeats, -3)
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    if is_causal:
        attn_mask = torch.ones(query.shape[-2], key.shape[-2], dtype=torch.bool, device=query.device).tril()
    batch = torch.broadcast_shapes(query.shape[:-2], key.shape[:-2], value.shape[:-2])
    if dropout_p > 0 or carries(attn_mask):
        return attention_by_parts(query, key, value, attn_mask, dropout_p, scale)
    (q, dq), (k, dk), (v, dv) = (
        tuple(
            None if part is None else part.expand(*batch, *part.shape[-2:]).reshape(-1, *part.shape[-2:])
            for part in unpack(each)
        )
        for each in (query, key, value)
    )
    keys = k.transpose(1, 2)
    scores = torch.baddbmm(q.new_zeros(()), q, keys, beta=0, alpha=scale)
    if attn_mask is not None:
        hide_(scores.view(*batch, *scores.shape[1:]), attn_mask)
    probabilities = scores.softmax(-1)
    del scores
    if attn_mask is not None and not is_causal:
        probabilities.nan_to_num_(0.0)  # a query that sees no key attends to nothing
    outputs = probabilities @ v
    slopes = None
    for first, second in ((dq, keys), (q, None if dk is None else dk.transpose(1, 2))):
        if first is not None and second is not None:
            slopes = (
                torch.baddbmm(q.new_zeros(()), first, second, beta=0, alpha=scale)
                if slopes is None
                else slopes.baddbmm_(first, second, alpha=scale)
            )
    tangent = None if dv is None else probabilities @ dv
    if slopes is not None:
        slopes = aten._softmax_backward_data(slopes, probabilities, -1, probabilities.dtype)
        tangent = slopes @ v if tangent is None else tangent.baddbmm_(slopes, v)
    shape = (*batch, *outputs.shape[1:])
    return dual(outputs.view(shape), None if tangent is None else tangent.view(shape))


def hide_(scores: Tensor, mask: Tensor) -> None:
    """Apply a mask to the scores, in place: where it is False, or by adding it."""
    if mask.dtype is torch.bool:
        scores.masked_fill_(~mask, -math.inf)
    else:
        scores.add_(mask)


def attention_by_parts(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, dropout: float, scale: float
) -> Tensor:
    """Attention in torch's own functions, each of which has a forward mode."""
    scores = (query * scale) @ key.transpose(-2, -1)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf) if mask.dtype is torch.bool else scores + mask
    return torch.dropout(torch.softmax(scores, -1), dropout, True) @ value


def opened(function: FunctionType) -> FunctionType:
    """Return a copy of a function of torch.nn.functional that lets the mode see what it calls."""
    no = dict.fromkeys(("has_torch_function", "has_torch_function_unary", "has_torch_function_variadic"))
    own = function.__globals__ | {name: lambda *tensors: False for name in no}
    made = FunctionType(function.__code__, own, function.__name__, function.__defaults__, function.__closure__)
    made.__kwdefaults__ = function.__kwdefaults__
    return made


OPENED = {F.multi_head_attention_forward: opened(F.multi_head_attention_forward)}


@rule(*OPENED)
def composite(mode: "Duals", function: Callable, *args: Any, **kwargs: Any) -> Any:
    """A function that consists of others, which have rules."""
    with mode:
        return OPENED[function](*args, **kwargs)
