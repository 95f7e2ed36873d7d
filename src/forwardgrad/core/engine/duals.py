"""Dual numbers of `torch.autograd.forward_ad`: a tensor that carries a tangent."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from forwardgrad.core.engine.general import Duals


def unpack(value: Tensor) -> tuple[Tensor, Tensor | None]:
    """Return primal and tangent of a tensor, None if it has none."""
    return torch._VF._unpack_dual(value, level=0)


def dual(primal: Tensor, tangent: Tensor | None) -> Tensor:
    """Return the dual number of both."""
    if tangent is None:
        return primal
    return torch._VF._make_dual(primal, tangent.to(primal.dtype), level=0)


def carries(value: Any) -> bool:
    """Whether something is a tensor, or has one in it, that carries a tangent."""
    if isinstance(value, Tensor):
        return unpack(value)[1] is not None
    if type(value) in (list, tuple):
        return any(map(carries, value))
    return type(value) is dict and any(map(carries, value.values()))


def stock(duals: "Duals", function: Callable, /, *args: Any, **kwargs: Any) -> Any:
    """Carry a function out as torch does, with its parameters as dual numbers."""
    return function(*duals.dual(args), **duals.dual(kwargs))


def plus(total: Tensor | None, part: Tensor | None) -> Tensor | None:
    """Return the sum of two tangents, in place of the first; None is zero."""
    if total is None or part is None:
        return part if total is None else total
    return total.add_(part)
