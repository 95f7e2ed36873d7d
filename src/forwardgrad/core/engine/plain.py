"""The direct engine: an `nn.Sequential` of known layers, rule by rule, without a call of any module.

The rule of each kind of layer (`rules`) says what happens to the dual number (x, x'). The tangent is zero in
front of the first layer that has one, and costs nothing there. The result is the loss f(theta) and the
directional derivative <grad f(theta), v>: exact, from one pass, with no activation kept (Wengert, 1964;
Baydin et al., 2022, arXiv 2202.08587, section 3). Of K stacked tangents it is K derivatives, from one pass too.

Small networks are worth it: all that Python does around their products takes as long as the products. Every other
network is for `general`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules import module as hooks

from forwardgrad.core.engine.losses import Loss, loss_rule, one_number
from forwardgrad.core.engine.maps import Convolution, Linear
from forwardgrad.core.engine.refused import explain
from forwardgrad.core.engine.rules import VIEWS, WITH_PARAMETERS, WITHOUT_PARAMETERS, Dual, by_function, relu_
from forwardgrad.core.tangents import Tangents
from forwardgrad.core.units import Parameters

RANDOM = (nn.modules.dropout._DropoutNd, nn.RReLU, nn.FractionalMaxPool2d, nn.FractionalMaxPool3d)
STATEFUL = (nn.modules.batchnorm._NormBase,)  # they write buffers as they go


@dataclass(frozen=True)
class Layer:
    """A layer in place.

    Attributes:
        name: Of the module in the network.
        map: What the rule needs to know of it: a linear map's geometry, or the module.
        rule: Its rule.
        weight: Name of its weight; empty where it has none.
        bias: Name of its bias.
    """

    name: str
    map: Any
    rule: Callable[..., Dual]
    weight: str = ""
    bias: str = ""


@dataclass(frozen=True)
class Plain:
    """A `nn.Sequential` and a loss, ready for forward mode.

    Attributes:
        layers: In the order in which they are applied.
        loss: Maps outputs and targets to a number.
        loss_pair: Its rule.
        parameters: Values of all parameters by name, in their own memory but unknown to autograd.
        containers: Every `nn.Sequential`, and what was in it.
        modules: Every other module, and its type.
        held: Of every parameter its owner, key, the parameter, whether it moved and where its values lay.
    """

    layers: tuple[Layer, ...]
    loss: Loss
    loss_pair: Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
    parameters: Parameters
    containers: list[tuple[nn.Sequential, list[nn.Module]]]
    modules: list[tuple[nn.Module, type]]
    held: list[tuple[nn.Module, str, nn.Parameter, bool, int]]

    def current(self) -> bool:
        """Whether the network still consists of what it was made of: layers, hooks, parameters and their memory."""
        for container, inside in self.containers:
            if container._forward_hooks or container._forward_pre_hooks:
                return False
            if list(container._modules.values()) != inside:
                return False
        for module, kind in self.modules:
            if type(module) is not kind or module._forward_hooks or module._forward_pre_hooks:
                return False
            if "forward" in module.__dict__:  # replaced on this one module
                return False
        for owner, key, parameter, moved, place in self.held:
            now = owner._parameters.get(key)
            if now is not parameter or now.requires_grad is not moved or now.data_ptr() != place:
                return False
        return not (hooks._global_forward_hooks or hooks._global_forward_pre_hooks)

    def outputs(self, parameters: Parameters, tangents: Tangents, inputs: Tensor, start: int = 0) -> Dual:
        """Return the network's output and its tangent, None if no layer has one.

        Args:
            parameters: Where to evaluate.
            tangents: Tangents of the layers, by name.
            inputs: Input of the layer at `start`.
            start: Index of the first layer to apply; those in front of it have no tangent.
        """
        primal, tangent = inputs, None
        for layer in self.layers[start:]:
            primal, tangent = self.apply_layer(layer, parameters, tangents, primal, tangent)
        return primal, tangent

    def apply_layer(
        self, layer: Layer, parameters: Parameters, tangents: Tangents, primal: Tensor, tangent: Tensor | None
    ) -> Dual:
        """Apply one layer to a dual number."""
        if not layer.weight:
            try:
                return layer.rule(layer.map, primal, tangent)
            except (NotImplementedError, RuntimeError) as error:
                explain(error, f"layer {layer.name} ({type(layer.map).__name__})")
                raise
        weight, bias = parameters[layer.weight], parameters.get(layer.bias)
        return layer.rule(layer.map, weight, bias, tangents.get(layer.name), primal, tangent)

    def layer_inputs(self, parameters: Parameters, inputs: Tensor) -> dict[str, tuple[int, Tensor]]:
        """Return the index and the input of every layer that has parameters, by its name.

        No pass that starts there overwrites that input: such a layer writes its output elsewhere.
        """
        found, primal = {}, inputs
        for index, layer in enumerate(self.layers):
            if layer.weight:
                found[layer.name] = index, primal
            primal, _ = self.apply_layer(layer, parameters, {}, primal, None)
        return found

    def evaluate(
        self, parameters: Parameters, tangents: Tangents, inputs: Tensor, targets: Tensor, start: int = 0
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the loss and its derivative at `parameters` along `tangents`, and the network's output.

        The first two are without dimensions; the derivative along K stacked tangents has shape (K,). `inputs` and
        `start` are those of `outputs`.
        """
        primal, tangent = self.outputs(parameters, tangents, inputs, start)
        if tangent is None:
            loss = one_number(self.loss(primal, targets))
            return loss, torch.zeros_like(loss), primal
        try:
            return *self.loss_pair(primal, tangent, targets), primal
        except (NotImplementedError, RuntimeError) as error:
            explain(error, f"the loss ({type(self.loss).__name__})")
            raise


def walk(model: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Yield the layers of nested `nn.Sequential` in order, with their names."""
    for name, module in model._modules.items():  # named_children would skip a layer that is used twice
        if type(module) is nn.Sequential:
            yield from walk(module, f"{prefix}{name}.")
        else:
            yield prefix + name, module


def pool_first(layers: list[tuple[str, nn.Module]]) -> list[tuple[str, nn.Module]]:
    """Swap a ReLU with the max-pool behind it: both are monotonic, so the function is the same, on less data."""
    for index in range(len(layers) - 1):
        (_, here), (_, after) = layers[index : index + 2]
        if type(here) is nn.ReLU and type(after) is nn.MaxPool2d and not after.padding:
            layers[index : index + 2] = layers[index + 1], layers[index]
    return layers


def is_known(module: nn.Module) -> bool:
    """Whether a layer has a rule, or none is needed since `torch.func.jvp` can do it."""
    if type(module) in WITH_PARAMETERS:
        return getattr(module, "padding_mode", "zeros") == "zeros" and module._parameters.get("weight") is not None
    simple = not (module._parameters or module._buffers or module._modules or isinstance(module, STATEFUL))
    return type(module) in WITHOUT_PARAMETERS or (simple and type(module).__module__.startswith("torch.nn.modules."))


def geometry(module: nn.Module) -> Linear | Convolution:
    """Return the linear map of a layer with weights."""
    if isinstance(module, nn.Linear):
        return Linear()
    return Convolution(module.stride, module.padding, module.dilation, module.groups, last=True)


def plain(model: nn.Module, loss: Loss) -> Plain | None:
    """Look up the rule of every layer; return None if `general` has to do it."""
    if type(model) is not nn.Sequential:
        return None
    found = list(walk(model))
    names = [name for name, _ in model.named_parameters(remove_duplicate=False)]
    parameters = dict(model.named_parameters())
    alike = {parameter.dtype for parameter in parameters.values()}
    if not all(is_known(module) for _, module in found) or len(names) != len(parameters) or len(alike) != 1:
        return None
    layers, owned = [], False  # owned: the dual number is the engine's, not the caller's input, and may be overwritten
    for name, module in pool_first(list(found)):
        rule = WITH_PARAMETERS.get(type(module))
        if rule:
            layers.append(Layer(name, geometry(module), rule, f"{name}.weight", f"{name}.bias"))
        else:
            rule = relu_ if owned and type(module) is nn.ReLU else WITHOUT_PARAMETERS.get(type(module), by_function)
            layers.append(Layer(name, module, rule))
        if not isinstance(module, VIEWS):
            owned = rule is not by_function
    held = [
        (module, key, parameter, parameter.requires_grad, parameter.data_ptr())
        for _, module in found
        for key, parameter in module._parameters.items()
        if parameter is not None
    ]
    made = Plain(
        tuple(layers),
        loss,
        loss_rule(loss),
        {name: parameter.detach() for name, parameter in parameters.items()},
        [(part, list(part._modules.values())) for part in model.modules() if type(part) is nn.Sequential],
        [(module, type(module)) for _, module in found],
        held,
    )
    return made if made.current() else None
