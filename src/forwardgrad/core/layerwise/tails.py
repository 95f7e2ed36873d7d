"""Tangents that start at a stage's activations, carried forward to the loss.

Their supports are disjoint: the tangents of an example share its activations among them, in consecutive blocks. K sign
vectors of disjoint supports times sqrt(K) are orthogonal, of the same length, and span what K rows of a Hadamard
matrix times the same signs span. They are cheaper by far: a block meets its own columns of the next layer's weight
alone, so that all K together cost one product with it.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from forwardgrad.core.engine.losses import cross_entropy, mse_loss
from forwardgrad.core.engine.maps import Linear
from forwardgrad.core.engine.plain import Layer, Plain
from forwardgrad.core.layerwise.stages import Stage


def loss_slopes(direct: Plain, last: Stage, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return the loss, and its derivative by the outputs z of the last layer with weights: exact.

    It takes a basis tangent for every output of every example; the usual losses have a formula for them.
    """
    outputs = last.outputs
    if not last.after and direct.loss_pair is cross_entropy and outputs.dim() == 2 and not targets.is_floating_point():
        log_probabilities = torch.log_softmax(outputs, 1)
        counted = targets != -100
        slopes = log_probabilities.exp()
        slopes.scatter_add_(1, targets.clamp(min=0).unsqueeze(1), slopes.new_full((len(slopes), 1), -1.0))
        slopes.mul_((counted / counted.sum().clamp(min=1)).unsqueeze(1))
        return F.nll_loss(log_probabilities, targets), slopes
    if not last.after and direct.loss_pair is mse_loss:
        difference = outputs - targets
        return difference.square().mean(), difference * (2 / outputs.numel())
    basis = torch.eye(outputs.numel(), dtype=outputs.dtype, device=outputs.device).view(-1, *outputs.shape)
    primal, tangent = outputs.clone(), basis
    for layer, _, _ in last.after:
        primal, tangent = direct.apply_layer(layer, direct.parameters, {}, primal, tangent)
    value, slopes = direct.loss_pair(primal, tangent, targets)
    return value, slopes.view_as(outputs)


def through(layer: Layer, weight: Tensor, values: Tensor, count: int) -> Tensor:
    """Return W u_k for `count` tangents whose supports are consecutive blocks of `values`.

    Args:
        layer: The layer, for its kind and geometry.
        weight: W.
        values: What the tangents hold, all in one, shape (batch, ...).
        count: K.

    Returns:
        Shape (K, batch, ...).
    """
    if isinstance(layer.map, Linear) and values.dim() == 2:
        size = -(-values.shape[1] // count)
        spare = size * count - values.shape[1]
        if spare:
            values, weight = F.pad(values, (0, spare)), F.pad(weight, (0, spare))
        blocks = values.view(-1, count, size).transpose(0, 1)
        return torch.bmm(blocks, weight.view(-1, count, size).permute(1, 2, 0))
    if not isinstance(layer.map, Linear) and layer.map.groups == 1 and values.shape[1] % count == 0:
        joined = weight.unflatten(1, (count, -1)).transpose(0, 1).flatten(0, 1)
        values = values.contiguous(memory_format=torch.channels_last)
        return layer.map(values, joined, None, count).unflatten(1, (count, -1)).transpose(0, 1)
    owner = block_of(values[0].numel(), count, values.device).view(values.shape[1:])
    written = torch.stack([values * (owner == block) for block in range(count)])
    return layer.map(written.flatten(0, 1), weight).unflatten(0, (count, -1))


def block_of(entries: int, count: int, device: torch.device) -> Tensor:
    """Return which of `count` consecutive blocks each entry lies in."""
    return torch.arange(entries, device=device) // -(-entries // count)


def derivatives(
    direct: Plain,
    stages: list[Stage],
    behind: int,
    values: Tensor,
    count: int,
    slopes: Tensor,
    rows: Tensor | None = None,
) -> Tensor:
    """Return <dloss_b, u_bk> of K tangents u_bk of what the stage `behind` receives, in every example b.

    Args:
        direct: The network.
        stages: Its stages.
        behind: Index of the first stage that the tangents pass.
        values: See `through`.
        count: K.
        slopes: Derivative of the loss by the outputs of the last stage, shape (batch, ...).
        rows: Indices of the examples that carry tangents; None for all.

    Returns:
        Shape (K, batch).
    """
    stage, end = stages[behind], stages[-1].start
    tangent = through(stage.layer, direct.parameters[stage.layer.weight], values, count)
    primal = stage.outputs if rows is None else stage.outputs[rows]
    for layer in direct.layers[stage.start : end]:
        primal, tangent = direct.apply_layer(layer, direct.parameters, {}, primal, tangent)
    return (tangent * slopes).flatten(2).sum(2)


def spread(derivative: Tensor, values: Tensor) -> Tensor:
    """Return sum_k d_bk u_bk in the shape of `values`."""
    count, entries = len(derivative), values[0].numel()
    size = -(-entries // count)
    flat = values.flatten(1)
    blocks = (flat if size * count == entries else F.pad(flat, (0, size * count - entries))).view(-1, count, size)
    return (blocks * derivative.t().unsqueeze(2)).flatten(1)[:, :entries].view_as(values)
