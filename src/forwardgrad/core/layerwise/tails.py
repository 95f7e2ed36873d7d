"""Tangents that start at a stage's activations, carried forward to the loss.

Their supports are disjoint: the tangents of an example share its activations among them, in consecutive blocks of equal
size. K sign vectors of disjoint supports times sqrt(K) are orthogonal, of the same length, and span what K rows of a
Hadamard matrix times the same signs span. They are cheaper by far: a block meets its own columns of the next
layer's weight alone, so that all K together cost one product with it.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from forwardgrad.core.engine.losses import IGNORED, cross_entropy, mse_loss
from forwardgrad.core.engine.maps import Linear
from forwardgrad.core.engine.plain import Plain
from forwardgrad.core.layerwise.stages import Stage


def loss_slopes(direct: Plain, last: Stage, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return the loss, and its derivative by the outputs z of the last layer with weights: exact.

    It takes a basis tangent for every output of every example; the usual losses have a formula for them.
    """
    outputs = last.outputs
    if not last.after and direct.loss_pair is cross_entropy and outputs.dim() == 2 and not targets.is_floating_point():
        log_probabilities = torch.log_softmax(outputs, 1)
        slopes = log_probabilities.exp()
        counted = (targets != IGNORED).to(slopes.dtype)  # an ignored target adds nothing
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


def blocks_of(stage: Stage, most: int) -> int:
    """Return the largest number up to `most` of equal blocks that a stage's inputs can be cut into along axis 1."""
    units = stage.inputs.shape[1]
    return next(count for count in range(min(most, units), 0, -1) if units % count == 0)


def derivatives(
    direct: Plain,
    stages: list[Stage],
    behind: int,
    values: Tensor,
    count: int,
    slopes: Tensor,
    rows: Tensor | None = None,
) -> Tensor:
    """Return <dloss_b, u_bk> for K tangents u_bk of what the stage `behind` receives, in every example b.

    Args:
        direct: The network.
        stages: Its stages.
        behind: Index of the first stage that the tangents pass.
        values: What the tangents of an example hold, all in one, shape (batch, units, ...).
        count: K, a number of equal blocks of the units.
        slopes: Derivative of the loss by the outputs of the last stage, shape (batch, ...).
        rows: Indices of the examples that carry tangents; None for all.

    Returns:
        Shape (K, batch).
    """
    tangent = values
    for stage in stages[behind:]:
        weight = direct.parameters[stage.layer.weight]
        tangent = through(stage, weight, tangent, count) if tangent is values else onward(stage, weight, tangent)
        for layer, before, _ in () if stage is stages[-1] else stage.after:
            primal = before if rows is None else before[rows]
            _, tangent = direct.apply_layer(layer, direct.parameters, {}, primal, tangent)
    return (tangent * slopes).flatten(2).sum(2)


def through(stage: Stage, weight: Tensor, values: Tensor, count: int) -> Tensor:
    """Return W u_k for K tangents with blocks of `values`, shape (K, batch, ...): one product."""
    if isinstance(stage.layer.map, Linear):
        rows = values.unflatten(1, (count, -1)).transpose(0, 1)
        return torch.bmm(rows, weight.unflatten(1, (count, -1)).permute(1, 2, 0))
    joined = weight.unflatten(1, (count, -1)).transpose(0, 1).flatten(0, 1)
    values = values.contiguous(memory_format=torch.channels_last)
    return stage.layer.map(values, joined, None, count).unflatten(1, (count, -1)).transpose(0, 1)


def onward(stage: Stage, weight: Tensor, tangent: Tensor) -> Tensor:
    """Return W u_k for K dense tangents, shape (K, batch, ...): K products in one."""
    return stage.layer.map(tangent.flatten(0, 1), weight).unflatten(0, tangent.shape[:2])


def spread(derivative: Tensor, values: Tensor) -> Tensor:
    """Return sum_k d_bk u_bk for K tangents u_bk with blocks of `values`, in the shape of these."""
    blocks = values.unflatten(1, (len(derivative), -1)).flatten(2)
    return (blocks * derivative.t().unsqueeze(2)).view_as(values)
