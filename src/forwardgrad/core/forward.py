"""The forward-mode engine: a primal and its tangent pass through a network together.

The rule of each kind of layer (`rules`) says what happens to the dual number (x, x'). The tangent is zero in
front of the first layer that has one, and costs nothing there. The result is the loss f(theta) and the
directional derivative <grad f(theta), v>: exact, from one pass, with no activation kept (Wengert, 1964;
Baydin et al., 2022, arXiv 2202.08587, section 3). Of K stacked tangents it is K derivatives, from one pass too.

A layer that has parameters and no rule is refused by name, since only a rule can say what a structured tangent
does there.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from forwardgrad.core.rules import VIEWS, WITH_PARAMETERS, WITHOUT_PARAMETERS, Dual, Loss, by_function, loss_rule, relu_
from forwardgrad.core.tangents import Tangents

Parameters = dict[str, Tensor]


@dataclass(frozen=True)
class Layer:
    """A layer in place: its module and rule, and the keys of its parameters ('' where it has none)."""

    name: str
    module: nn.Module
    rule: Callable[..., Dual]
    weight: str = ""
    bias: str = ""


@dataclass(frozen=True)
class Network:
    """A `nn.Sequential` and a loss, ready for forward mode. Holds no parameters of its own."""

    layers: tuple[Layer, ...]
    loss: Loss
    loss_pair: Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]

    @property
    def trainable(self) -> dict[str, nn.Module]:
        """The layers that have parameters, by name."""
        return {layer.name: layer.module for layer in self.layers if layer.weight}

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
            return layer.rule(layer.module, primal, tangent)
        weight, bias = parameters[layer.weight], parameters.get(layer.bias)
        return layer.rule(layer.module, weight, bias, tangents.get(layer.name), primal, tangent)

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
    ) -> tuple[Tensor, Tensor]:
        """Return the loss and its derivative at `parameters` along `tangents`.

        Both are without dimensions; the derivative along K stacked tangents has shape (K,). `inputs` and `start` are
        those of `outputs`.
        """
        primal, tangent = self.outputs(parameters, tangents, inputs, start)
        if tangent is None:
            loss = self.loss(primal, targets)
            return loss, torch.zeros_like(loss)
        return self.loss_pair(primal, tangent, targets)


def walk(model: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Yield the layers of nested `nn.Sequential` in order, with their names."""
    for name, module in model._modules.items():  # named_children would skip a layer that is used twice
        if isinstance(module, nn.Sequential):
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


def network(model: nn.Sequential, loss: Loss) -> Network:
    """Look up the rule of every layer.

    Raises:
        TypeError: If the model is no `nn.Sequential`, a layer with parameters has no rule or two layers share
            a parameter; names the layer or parameter.
    """
    if not isinstance(model, nn.Sequential):
        raise TypeError(f"forward mode needs an nn.Sequential, not {type(model).__name__}: wrap the layers in one")
    own = dict(model.named_parameters())
    shared = [name for name, _ in model.named_parameters(remove_duplicate=False) if name not in own]
    if shared:
        raise TypeError(
            f"parameter {shared[0]} belongs to two layers: forward mode gives each a tangent of its own, so copy it"
        )
    layers, owned = [], False  # owned: the dual number is the engine's, not the caller's input, and may be overwritten
    for name, module in pool_first(list(walk(model))):
        rule = WITH_PARAMETERS.get(type(module))
        if rule and getattr(module, "padding_mode", "zeros") == "zeros":
            layers.append(Layer(name, module, rule, f"{name}.weight", f"{name}.bias"))
        elif next(module.parameters(), None) is None:
            rule = relu_ if owned and type(module) is nn.ReLU else WITHOUT_PARAMETERS.get(type(module), by_function)
            layers.append(Layer(name, module, rule))
        else:
            known = ", ".join(kind.__name__ for kind in WITH_PARAMETERS)
            raise TypeError(
                f"layer {name} ({module}) has parameters and no rule: use {known} (padded by zeros) or add a rule"
            )
        if not isinstance(module, VIEWS):
            owned = rule is not by_function
    return Network(tuple(layers), loss, loss_rule(loss))
