"""A network as stages: a layer with weights, and the layers without that follow it.

Every estimator here perturbs a stage's activations, what the next layer with weights receives. Within a stage an
estimate of the loss's derivative by the activations becomes one for the weights: elementwise, and by one product
with the layer's own inputs. No number passes from a stage to the one in front of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forwardgrad.core.engine.maps import Convolution, Linear
from forwardgrad.core.engine.network import Network
from forwardgrad.core.engine.plain import Layer, Plain


@dataclass(frozen=True)
class Stage:
    """A stage, and what a batch made of it.

    Attributes:
        layer: The layer with weights.
        inputs: What it receives, shape (batch, ...).
        outputs: What it returns; a ReLU behind it may have overwritten it, which changes no derivative.
        after: The layers without weights behind it, each with its input and output.
    """

    layer: Layer
    inputs: Tensor
    outputs: Tensor
    after: list[tuple[Layer, Tensor, Tensor]] = field(default_factory=list)

    @property
    def activations(self) -> Tensor:
        """What the next stage receives."""
        return self.after[-1][2] if self.after else self.outputs

    @property
    def elementwise(self) -> bool:
        """Whether every activation comes from the output in its place."""
        return all(type(layer.map) in ELEMENTWISE for layer, _, _ in self.after)

    def live(self, values: Tensor) -> Tensor:
        """Return `values` of the activations, zero where its unit is off: behind a ReLU."""
        off = any(type(layer.map) is nn.ReLU for layer, _, _ in self.after)
        return values * (self.activations != 0) if off else values

    def at(self, rows: Tensor) -> "Stage":
        """Return the stage for some examples of the batch."""
        after = [(layer, before[rows], behind[rows]) for layer, before, behind in self.after]
        return Stage(self.layer, self.inputs[rows], self.outputs[rows], after)

    def by_outputs(self, slopes: Tensor) -> Tensor:
        """Return the derivative by the layer's outputs, from that by the activations."""
        for layer, before, behind in reversed(self.after):
            slopes = DERIVATIVES[type(layer.map)](layer.map, before, behind, slopes.view_as(behind))
        return slopes.view_as(self.outputs)

    def by_parameters(self, slopes: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Return the derivative by weight and bias, summed over the batch, from that by the layer's outputs."""
        if isinstance(self.layer.map, Linear):
            return slopes.t() @ self.inputs, slopes.sum(0)
        geometry = self.layer.map
        inputs = self.inputs.contiguous(memory_format=torch.channels_last)
        found = nn.grad.conv2d_weight(
            inputs, weight.shape, slopes, geometry.stride, geometry.padding, geometry.dilation
        )
        return found, slopes.sum((0, 2, 3))


def of_relu(layer: nn.ReLU, before: Tensor, behind: Tensor, slopes: Tensor) -> Tensor:
    """1 where the unit is active."""
    return torch.ops.aten.threshold_backward(slopes, behind, 0)


def of_tanh(layer: nn.Tanh, before: Tensor, behind: Tensor, slopes: Tensor) -> Tensor:
    """1 - y^2."""
    return slopes * (1 - behind.square())


def of_view(layer: nn.Module, before: Tensor, behind: Tensor, slopes: Tensor) -> Tensor:
    """The same numbers in another shape."""
    return slopes.view_as(before)


def of_max_pool(layer: nn.MaxPool2d, before: Tensor, behind: Tensor, slopes: Tensor) -> Tensor:
    """1 in the place of the maximum."""
    _, where = F.max_pool2d(
        before, layer.kernel_size, layer.stride, layer.padding, layer.dilation, layer.ceil_mode, return_indices=True
    )
    batch, channels, height, width = before.shape
    places = slopes.new_zeros(batch, height * width, channels)  # channels last, the layout convolutions are fast in
    places.scatter_add_(1, where.flatten(2).transpose(1, 2), slopes.flatten(2).transpose(1, 2))
    return places.view(batch, height, width, channels).permute(0, 3, 1, 2)


DERIVATIVES: dict[type, Callable[[nn.Module, Tensor, Tensor, Tensor], Tensor]] = {
    nn.ReLU: of_relu,
    nn.Tanh: of_tanh,
    nn.Flatten: of_view,
    nn.Identity: of_view,
    nn.MaxPool2d: of_max_pool,
}
ELEMENTWISE = (nn.ReLU, nn.Tanh, nn.Identity)


def stages_of(network: Network, inputs: Tensor, key: str) -> tuple[Plain, list[Stage]]:
    """Pass a batch forward; return the network and its stages, the last of which makes the outputs.

    Raises:
        TypeError: It is no sequence of layers that have a rule here; `key` names the estimator that needs them.
    """
    direct = network.direct
    known = ", ".join(kind.__name__ for kind in (nn.Linear, nn.Conv2d, *DERIVATIVES))
    if direct is None:
        raise TypeError(f"{key} takes an nn.Sequential of {known} in one precision: use another estimator")
    last = max(index for index, layer in enumerate(direct.layers) if layer.weight)
    stages: list[Stage] = []
    reached = inputs.detach()
    for index, layer in enumerate(direct.layers):
        ruled = bool(layer.weight) or type(layer.map) in DERIVATIVES or index > last
        if isinstance(layer.map, Convolution):
            ruled = layer.map.groups == 1 and not isinstance(layer.map.padding, str)
        elif isinstance(layer.map, Linear):
            ruled = reached.dim() == 2
        if not ruled:
            raise TypeError(
                f"{key} has no rule for layer {layer.name} ({layer.map}): it takes {known}, convolutions without "
                "groups and with padding in numbers, linear layers of one row per example"
            )
        before = reached
        reached, _ = direct.apply_layer(layer, direct.parameters, {}, before, None)
        if layer.weight:
            stages.append(Stage(layer, before, reached))
        elif stages:
            stages[-1].after.append((layer, before, reached))
    return direct, stages
