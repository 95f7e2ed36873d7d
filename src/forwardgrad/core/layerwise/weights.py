"""Tangents of a convolution's weights that differ from example to example."""

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from forwardgrad.core.draws import signs
from forwardgrad.core.engine.plain import Plain
from forwardgrad.core.layerwise.stages import Stage
from forwardgrad.core.layerwise.tails import derivatives


def along_channels(
    direct: Plain, stages: list[Stage], index: int, rows: Tensor, slopes: Tensor, generator: Generator
) -> tuple[Tensor, Tensor]:
    """dW_c = sum_b <dloss_b/dW_c, s_bc> s_bc for a sign vector s_bc of the weights and the bias of every channel c.

    A channel's tangent moves its own output alone. The tangents of an example are disjoint, and the layer behind takes
    all of them at the price of one pass. Of a channel of q numbers E||dW_bc||^2 = q ||dloss_b/dW_c||^2.

    Args:
        direct: The network.
        stages: Its stages.
        index: Of the convolution's stage.
        rows: Indices of the examples, shape (R,).
        slopes: Of these, with their weights.
        generator: Source of the signs.

    Returns:
        The estimates for weight and bias.
    """
    stage, weight = stages[index], direct.parameters[stages[index].layer.weight]
    geometry, channels = stage.layer.map, len(weight)
    patches = F.unfold(stage.inputs[rows], weight.shape[2:], geometry.dilation, geometry.padding, geometry.stride)
    drawn = signs((len(rows), channels, patches.shape[1] + 1), weight, generator)
    tangent = torch.baddbmm(drawn[:, :, -1:], drawn[:, :, :-1], patches)
    primal = stage.outputs[rows]
    tangent = tangent.view_as(primal)
    for layer, _, _ in stage.after:
        primal, tangent = direct.apply_layer(layer, direct.parameters, {}, primal, tangent)
    along = derivatives(direct, stages, index + 1, tangent, channels, slopes, rows)
    total = (drawn * along.t().unsqueeze(2)).sum(0)
    return total[:, :-1].view_as(weight), total[:, -1]
