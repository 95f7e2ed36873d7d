"""The engine for every other network: torch's own forward mode, and structured tangents where weights are used.

The network runs as it is, hooks, control flow and all, while a `TorchFunctionMode` sees every function that it calls.
A function with a rule (`functions`) is carried out by it: a linear map whose weight has a tangent of low rank takes
the thin product. Every other function gets the parameters among its arguments as dual numbers of
`torch.autograd.forward_ad`, with their tangents written out: exact, whatever it does with them.

The network finds grad mode on, as in training, and no parameter that requires a gradient, so that no graph is made.
Where it switches grad mode off itself, what it computes is constant, which torch's forward mode would not know.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import Any

import torch
from torch import Tensor, nn
from torch._C._functorch import get_unwrapped, is_functorch_wrapped_tensor, peek_interpreter_stack
from torch._functorch.pyfunctorch import temporarily_clear_interpreter_stack
from torch.autograd import forward_ad
from torch.autograd.function import _SingleLevelFunction as Custom
from torch.overrides import TorchFunctionMode

from forwardgrad.core.engine.duals import carries, unpack
from forwardgrad.core.engine.functions import RULES
from forwardgrad.core.engine.nested import changed
from forwardgrad.core.engine.refused import ANYWHERE, REFUSED, RefusedError, culprit, explain, refuse
from forwardgrad.core.engine.rules import LEVEL
from forwardgrad.core.tangents import Dense, LayerTangent, Tangents
from forwardgrad.core.units import Unit, Units

# What is asked of a tensor but its values: a parameter needs no tangent for it.
METADATA = frozenset(
    [
        *(getattr(Tensor, name).__get__ for name in ("shape", "dtype", "device", "requires_grad", "ndim", "is_cuda")),
        *(getattr(Tensor, name).__get__ for name in ("layout", "is_leaf", "grad", "is_sparse")),
        *(getattr(Tensor, name) for name in ("size", "dim", "numel", "is_floating_point", "is_contiguous", "stride")),
        *(getattr(Tensor, name) for name in ("element_size", "data_ptr", "get_device", "is_complex", "__len__")),
        *(getattr(Tensor, name) for name in ("requires_grad_", "__hash__")),
        *(torch.is_floating_point, torch.is_complex, torch.numel, torch._C._set_grad_enabled),
    ]
)
CONSTANT = frozenset([Tensor.data.__get__, Tensor.data.__set__, Tensor.detach, torch.detach])


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
        if function in CONSTANT or not torch.is_grad_enabled():
            return constant(function, args, kwargs)
        rule = None if transformed() else RULES.get(function)
        if rule is not None and not (any(map(tracked, args)) or any(map(tracked, kwargs.values()))):
            with torch.no_grad():
                return rule(self, function, *args, **kwargs)
        args, kwargs = self.dual(args), self.dual(kwargs)
        if function in REFUSED:
            refuse(function, args, kwargs)
        return function(*args, **kwargs)

    def dual(self, value: Any) -> Any:
        """Return `value`, or what is in it, with parameters as dual numbers."""
        if isinstance(value, Tensor):
            if id(value) in self.parts:
                return self.parameter(value)
            if transformed() and self.moves(unwrapped(value)):
                raise RefusedError("a parameter loses its tangent in torch.vmap and torch.func: give them its clone()")
            return value.detach() if value.requires_grad and isinstance(value, nn.Parameter) else value
        if type(value) in (list, tuple):
            return type(value)(map(self.dual, value))
        if type(value) is dict:
            return {key: self.dual(part) for key, part in value.items()}
        return value

    def parameter(self, value: Tensor) -> Tensor:
        """Return a parameter as a dual number, with its tangent written out."""
        if id(value) not in self.written:
            _, tangent, index = self.parts[id(value)]
            with temporarily_clear_interpreter_stack():  # of torch.func, which would take it for its own number
                part, bare = tangent.dense()[index], value.detach()
                self.written[id(value)] = bare if part is None else forward_ad.make_dual(bare, part)
        return self.written[id(value)]

    def moves(self, value: Tensor | None) -> bool:
        """Whether a tensor is a parameter that has a tangent."""
        return id(value) in self.parts

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


def tracked(value: Any) -> bool:
    """Whether the network itself wants reverse mode of something, such as a force field of its energy."""
    return isinstance(value, Tensor) and value.requires_grad and not isinstance(value, nn.Parameter)


def transformed() -> bool:
    """Whether the network is within a transform of torch.func, whose tensors rules cannot look into."""
    return peek_interpreter_stack() is not None


def unwrapped(value: Tensor) -> Tensor:
    """Return what transforms of torch.func have wrapped."""
    while is_functorch_wrapped_tensor(value):
        value = get_unwrapped(value)
    return value


def constant(function: Callable, args: tuple, kwargs: dict[str, Any]) -> Any:
    """Carry a function out on tensors without their tangents; what it returns unchanged keeps its own."""
    stripped: dict[int, Tensor] = {}

    def strip(value: Any) -> Any:
        if isinstance(value, Tensor):
            if not transformed() and unpack(value)[1] is None:
                return value
            bare = value.detach()
            stripped[id(bare)] = value
            return bare
        if type(value) in (list, tuple):
            return type(value)(map(strip, value))
        return value

    found = function(*map(strip, args), **{key: strip(value) for key, value in kwargs.items()})
    return stripped.get(id(found), found)


@contextmanager
def custom_functions(mode: Duals) -> Iterator[None]:
    """Hand parameters to `torch.autograd.Function`s as dual numbers too: no mode sees their calls."""
    thread = get_ident()

    def apply(cls: type[Custom], *args: Any) -> Any:
        plain = super(Custom, cls).apply
        if get_ident() != thread:
            return plain(*args)
        with torch._C.DisableTorchFunction():
            if not torch.is_grad_enabled():
                return constant(plain, args, {})
            args = mode.dual(args)
            if cls.jvp is Custom.jvp and carries(args):
                raise RefusedError(f"{cls.__name__} has no forward mode: give it a staticmethod jvp, {ANYWHERE}")
            return plain(*args)

    Custom.apply = classmethod(apply)
    try:
        yield
    finally:
        del Custom.apply


@contextmanager
def forward_mode(model: nn.Module, units: Units, tangents: Tangents) -> Iterator[Duals]:
    """Switch forward mode on along `tangents`: what is computed inside carries its tangent."""
    mode = Duals(units, tangents)
    try:
        with LEVEL, torch.enable_grad(), forward_ad.dual_level(), custom_functions(mode), mode:
            yield mode
    except (RefusedError, NotImplementedError, RuntimeError) as error:
        explain(error, culprit(error.__traceback__, model))
        raise


def primal_of(value: Any) -> Any:
    """Return what a network returned without its tangents, and without its graph."""
    return changed(value, lambda part: forward_ad.unpack_dual(part).primal.detach())


def along(
    model: nn.Module, units: Units, tangents: Tangents, compute: Callable[[], tuple[Tensor, Any]]
) -> tuple[Tensor, Tensor, Any]:
    """Return loss, derivative along `tangents` and outputs of `compute`, which returns loss and outputs."""
    with forward_mode(model, units, tangents):
        loss, outputs = compute()
        primal, tangent = (None if part is None else part.detach() for part in forward_ad.unpack_dual(loss))
        return primal, torch.zeros_like(primal) if tangent is None else tangent, primal_of(outputs)
