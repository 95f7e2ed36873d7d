"""The forward-mode engine: a primal and its tangent pass through a network together.

One rule per kind of layer says what happens to the pair (x, x'). The tangent is None while it is
still zero, in front of the first layer that moves, and costs nothing there. At the end stand the loss
f(theta) and the directional derivative <grad f(theta), v>: exact, from one pass, with no activation
kept (Wengert, 1964; Baydin et al., 2022, arXiv 2202.08587, section 3).

A layer without parameters that has no rule goes through `torch.func.jvp` on its own, and so does a
loss. A layer that has parameters and no rule is refused by name, since only a rule can say what a
structured tangent does there.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forwardgrad.core.tangents import LayerTangent, Tangents, convolve

Parameters = dict[str, Tensor]
Pair = tuple[Tensor, Tensor | None]
Moves = LayerTangent | None  # the tangent of the layer itself
Loss = Callable[[Tensor, Tensor], Tensor]
aten = torch.ops.aten


def linear(
    layer: nn.Linear, weight: Tensor, bias: Tensor | None, moves: Moves, primal: Tensor, tangent: Tensor | None
) -> Pair:
    """y = W x + b, y' = W x' + W' x + b'. Primal and tangent share one matrix product with W."""
    if primal.dim() > 2:
        flat = None if tangent is None else tangent.flatten(0, -2)
        outputs, flat = linear(layer, weight, bias, moves, primal.flatten(0, -2), flat)
        shape = (*primal.shape[:-1], -1)
        return outputs.view(shape), None if flat is None else flat.view(shape)
    if tangent is None:
        outputs = F.linear(primal, weight, bias)
    else:
        outputs, tangent = F.linear(torch.cat((primal, tangent)), weight).split(len(primal))
        if bias is not None:
            outputs.add_(bias)
    return outputs, tangent if moves is None else moves.output(layer, primal, tangent)


def conv2d(
    layer: nn.Conv2d, weight: Tensor, bias: Tensor | None, moves: Moves, primal: Tensor, tangent: Tensor | None
) -> Pair:
    """y = W * x + b, y' = W * x' + W' * x + b'. Two convolutions: stacking them would gain nothing."""
    primal = primal.contiguous(memory_format=torch.channels_last)
    outputs = convolve(layer, primal, weight, bias, layer.groups)
    if tangent is not None:
        tangent = convolve(layer, tangent, weight, None, layer.groups)
    return outputs, tangent if moves is None else moves.output(layer, primal, tangent)


def relu(layer: nn.ReLU, primal: Tensor, tangent: Tensor | None) -> Pair:
    """y = max(x, 0), y' = x' where x > 0. The kernel of the mask is the one torch's own forward mode uses."""
    primal = torch.relu(primal)
    return primal, None if tangent is None else aten.threshold_backward(tangent, primal, 0)


def relu_(layer: nn.ReLU, primal: Tensor, tangent: Tensor | None) -> Pair:
    """`relu` in place, where the engine made the pair itself: large activations cost more to allocate than to mask."""
    primal.relu_()
    if tangent is not None:
        aten.threshold_backward.grad_input(tangent, primal, 0, grad_input=tangent)
    return primal, tangent


def tanh(layer: nn.Tanh, primal: Tensor, tangent: Tensor | None) -> Pair:
    """y = tanh x, y' = (1 - y^2) x'."""
    primal = torch.tanh(primal)
    return primal, None if tangent is None else torch.addcmul(tangent, tangent, primal.square(), value=-1)


def gelu(layer: nn.GELU, primal: Tensor, tangent: Tensor | None) -> Pair:
    """y = x Phi(x), y' = (Phi(x) + x phi(x)) x', with the normal distribution's Phi and density phi."""
    if layer.approximate != "none":
        return by_function(layer, primal, tangent)
    if tangent is not None:
        slope = torch.special.ndtr(primal) + primal * torch.exp(-primal.square() / 2) / math.sqrt(2 * math.pi)
        tangent = tangent * slope
    return F.gelu(primal), tangent


def max_pool2d(layer: nn.MaxPool2d, primal: Tensor, tangent: Tensor | None) -> Pair:
    """The tangent is taken from where the maximum stands."""
    if tangent is None:
        return layer(primal), None
    pooled, where = F.max_pool2d(
        primal, layer.kernel_size, layer.stride, layer.padding, layer.dilation, layer.ceil_mode, return_indices=True
    )
    batch, channels, height, width = pooled.shape
    where = where.permute(0, 2, 3, 1).reshape(batch, height * width, channels)
    taken = tangent.permute(0, 2, 3, 1).reshape(batch, -1, channels).gather(1, where)
    return pooled, taken.view(batch, height, width, channels).permute(0, 3, 1, 2)


def flatten(layer: nn.Flatten, primal: Tensor, tangent: Tensor | None) -> Pair:
    """Flattening is linear."""
    dimensions = layer.start_dim, layer.end_dim
    return primal.flatten(*dimensions), None if tangent is None else tangent.flatten(*dimensions)


def linear_map(layer: nn.Module, primal: Tensor, tangent: Tensor | None) -> Pair:
    """A linear layer without parameters (average pooling) is its own tangent map."""
    return layer(primal), None if tangent is None else layer(tangent)


def by_function(layer: Callable[[Tensor], Tensor], primal: Tensor, tangent: Tensor | None) -> Pair:
    """Any layer without parameters, through `torch.func.jvp`."""
    return (layer(primal), None) if tangent is None else torch.func.jvp(layer, (primal,), (tangent,))


WITH_PARAMETERS = {nn.Linear: linear, nn.Conv2d: conv2d}
VIEWS = (nn.Flatten, nn.Identity)
WITHOUT_PARAMETERS = {
    nn.ReLU: relu,
    nn.Tanh: tanh,
    nn.GELU: gelu,
    nn.MaxPool2d: max_pool2d,
    nn.AvgPool2d: linear_map,
    nn.Flatten: flatten,
    nn.Identity: linear_map,
}


def cross_entropy(logits: Tensor, tangent: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """f = -mean log p_y, f' = mean (sum_c p_c z'_c - z'_y), p = softmax z, y the class."""
    if logits.dim() != 2 or targets.is_floating_point():
        return loss_by_function(F.cross_entropy, logits, tangent, targets)
    log_probabilities = torch.log_softmax(logits, 1)
    expected = (log_probabilities.exp() * tangent).sum(1, keepdim=True)
    return F.nll_loss(log_probabilities, targets), F.nll_loss(tangent - expected, targets)


def mse_loss(outputs: Tensor, tangent: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """f = mean (z - y)^2, f' = 2 mean ((z - y) z')."""
    difference = outputs - targets
    return difference.square().mean(), 2 * torch.mean(difference * tangent)


def loss_by_function(loss: Loss, outputs: Tensor, tangent: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Any loss, through `torch.func.jvp`."""
    return torch.func.jvp(lambda moving: loss(moving, targets), (outputs,), (tangent,))


def loss_rule(loss: Loss) -> Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Return the rule for `loss`: its own if it is a plain mean over the batch, else `loss_by_function`."""
    if loss is F.cross_entropy or is_default(loss, nn.CrossEntropyLoss()):
        return cross_entropy
    if loss is F.mse_loss or is_default(loss, nn.MSELoss()):
        return mse_loss
    return partial(loss_by_function, loss)


def is_default(loss: Loss, default: nn.Module) -> bool:
    """Whether `loss` is a module of the kind of `default` with the same options."""
    options = ("reduction", "weight", "ignore_index", "label_smoothing")
    same = (getattr(loss, option, None) == getattr(default, option, None) for option in options)
    return type(loss) is type(default) and all(same)


@dataclass(frozen=True)
class Layer:
    """A layer in place: its module and rule, and the keys of its parameters ('' where it has none)."""

    name: str
    module: nn.Module
    rule: Callable[..., Pair]
    weight: str = ""
    bias: str = ""


@dataclass(frozen=True)
class Network:
    """A `nn.Sequential` and a loss, ready for forward mode. Holds no parameters of its own."""

    layers: tuple[Layer, ...]
    loss: Loss
    loss_pair: Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]

    @property
    def moving(self) -> dict[str, nn.Module]:
        """The layers that have parameters, by name."""
        return {layer.name: layer.module for layer in self.layers if layer.weight}

    def outputs(self, parameters: Parameters, tangents: Tangents, inputs: Tensor, start: int = 0) -> Pair:
        """Return the network's output and its tangent, None where nothing moves.

        Args:
            parameters: Where to evaluate.
            tangents: Directions, by layer.
            inputs: What goes into the layer at `start`.
            start: Index of the first layer to pass; nothing moves in front of it.
        """
        primal, tangent = inputs, None
        for layer in self.layers[start:]:
            primal, tangent = self.passed(layer, parameters, tangents, primal, tangent)
        return primal, tangent

    def passed(
        self, layer: Layer, parameters: Parameters, tangents: Tangents, primal: Tensor, tangent: Tensor | None
    ) -> Pair:
        """Return what `layer` makes of a pair."""
        if not layer.weight:
            return layer.rule(layer.module, primal, tangent)
        weight, bias, moves = parameters[layer.weight], parameters.get(layer.bias), tangents.get(layer.name)
        return layer.rule(layer.module, weight, bias, moves, primal, tangent)

    def entries(self, parameters: Parameters, inputs: Tensor) -> dict[str, tuple[int, Tensor]]:
        """Return the index and the input of every layer that has parameters, by its name.

        No pass that starts there overwrites that input: such a layer writes its output elsewhere.
        """
        found, primal = {}, inputs
        for index, layer in enumerate(self.layers):
            if layer.weight:
                found[layer.name] = index, primal
            primal, _ = self.passed(layer, parameters, {}, primal, None)
        return found

    def evaluate(
        self, parameters: Parameters, tangents: Tangents, inputs: Tensor, targets: Tensor, start: int = 0
    ) -> tuple[Tensor, Tensor]:
        """Return the loss and its derivative at `parameters` along `tangents`, both without dimensions.

        `inputs` and `start` are those of `outputs`.
        """
        primal, tangent = self.outputs(parameters, tangents, inputs, start)
        if tangent is None:
            loss = self.loss(primal, targets)
            return loss, torch.zeros_like(loss)
        return self.loss_pair(primal, tangent, targets)


def walk(model: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Yield the layers of nested `nn.Sequential` in order, with their names."""
    for name, module in model._modules.items():  # named_children would skip a layer that stands in two places
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
        raise TypeError(f"parameter {shared[0]} belongs to two layers: forward mode moves each by itself, so copy it")
    layers, owned = [], False  # owned: the pair is the engine's, not the caller's input, and may be overwritten
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
