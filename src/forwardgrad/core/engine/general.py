"""The engine for every other network: torch's own forward mode, and structured tangents where weights are used.

The network runs as it is, hooks, control flow and all, while a `TorchFunctionMode` sees every function that it calls.
A function with a rule (`functions`) is carried out by it: a linear map whose weight has a tangent of low rank takes
the thin product. Every other function gets the parameters among its arguments as dual numbers of
`torch.autograd.forward_ad`, with their tangents written out: exact, whatever it does with them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.overrides import TorchFunctionMode

from forwardgrad.core.engine.functions import METADATA, REFUSED, RULES
from forwardgrad.core.tangents import Dense, LayerTangent, Tangents
from forwardgrad.core.units import Unit, Units

LEVEL = RLock()  # torch has one level of forward mode in the whole process


class Duals(TorchFunctionMode):
    """While it is on, parameters stand for dual numbers along `tangents`."""

    def __init__(self, units: Units, tangents: Tangents) -> None:
        super().__init__()
        self.parts: dict[int, tuple[Unit, LayerTangent, int]] = {}
        self.written: dict[int, Tensor] = {}
        for name, tangent in tangents.items():
            for index, parameter in enumerate(units[name].parameters):
                if parameter is not None:
                    self.parts[id(parameter)] = units[name], tangent, index

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        """Carry a function out by its rule, or with its parameters as dual numbers."""
        kwargs = kwargs or {}
        if function in METADATA:
            return function(*args, **kwargs)
        rule = RULES.get(function)
        if rule is not None:
            return rule(self, function, *args, **kwargs)
        reason = REFUSED.get(function)
        args, kwargs = self.dual(args), {key: self.dual(value) for key, value in kwargs.items()}
        if reason is not None and any(map(is_dual, (*args, *kwargs.values()))):
            raise NotImplementedError(f"{function.__name__}: {reason}")
        return function(*args, **kwargs)

    def dual(self, value: Any) -> Any:
        """Return `value`, or what is in it, with parameters as dual numbers."""
        if isinstance(value, Tensor):
            return self.parameter(value) if id(value) in self.parts else value
        if type(value) in (list, tuple):
            return type(value)(map(self.dual, value))
        if type(value) is dict:
            return {key: self.dual(part) for key, part in value.items()}
        return value

    def parameter(self, value: Tensor) -> Tensor:
        """Return a parameter as a dual number, with its tangent written out."""
        if id(value) not in self.written:
            _, tangent, index = self.parts[id(value)]
            part = tangent.dense()[index]
            self.written[id(value)] = value if part is None else forward_ad.make_dual(value, part)
        return self.written[id(value)]

    def tangent(self, value: Tensor | None) -> Tensor | None:
        """Return the tangent of a parameter written out; None is zero."""
        if value is None or id(value) not in self.parts:
            return None
        _, tangent, index = self.parts[id(value)]
        return tangent.dense()[index]

    def own(self, weight: Tensor, bias: Tensor | None) -> tuple[LayerTangent | None, Tensor | None]:
        """Return the tangent of a layer's weight and bias, and that of the bias where it is not part of the first."""
        unit, tangent, _ = self.parts.get(id(weight), (None, None, 0))
        if tangent is None:
            return None, self.tangent(bias)
        if unit.parameters[1] is bias or unit.bias is None:
            return tangent, None if unit.bias is not None else self.tangent(bias)
        part = tangent.dense()[0]  # used without the bias that it was made with
        return None if part is None else Dense(part), self.tangent(bias)


def is_dual(value: Any) -> bool:
    """Whether a tensor, or one in a list, carries a tangent."""
    if isinstance(value, list | tuple):
        return any(map(is_dual, value))
    return isinstance(value, Tensor) and forward_ad.unpack_dual(value).tangent is not None


@contextmanager
def forward_mode(units: Units, tangents: Tangents) -> Iterator[Duals]:
    """Switch forward mode on along `tangents`: what is computed inside carries its tangent."""
    with LEVEL, torch.no_grad(), forward_ad.dual_level(), Duals(units, tangents) as mode:
        yield mode


def primal_of(value: Any) -> Any:
    """Return what a network returned without its tangents: a tensor, or lists, tuples and dicts of them."""
    if isinstance(value, Tensor):
        return forward_ad.unpack_dual(value).primal.detach()
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(primal_of, value))
    if isinstance(value, list | tuple):
        return type(value)(map(primal_of, value))
    if isinstance(value, dict):  # also the outputs of transformers
        return type(value)({key: primal_of(part) for key, part in value.items()})
    return value


def along(units: Units, tangents: Tangents, compute: Callable[[], tuple[Tensor, Any]]) -> tuple[Tensor, Tensor, Any]:
    """Return loss, derivative along `tangents` and outputs of `compute`, which returns loss and outputs."""
    with forward_mode(units, tangents):
        loss, outputs = compute()
        primal, tangent = forward_ad.unpack_dual(loss)
        primal = primal.detach()
        return primal, torch.zeros_like(primal) if tangent is None else tangent, primal_of(outputs)
