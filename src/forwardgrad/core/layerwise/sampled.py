"""The gradient by sampled forward-mode derivatives: few tangents, of the examples and along the axes that matter."""

from typing import Any

import torch
from torch import Generator, Tensor

from forwardgrad.core.draws import signs
from forwardgrad.core.engine.maps import Linear
from forwardgrad.core.engine.network import Network
from forwardgrad.core.engine.plain import Plain
from forwardgrad.core.layerwise.gradients import Gradients
from forwardgrad.core.layerwise.stages import Stage, stages_of
from forwardgrad.core.layerwise.tails import blocks_of, derivatives, loss_slopes, spread
from forwardgrad.core.layerwise.weights import along_channels
from forwardgrad.core.method import Found, Unstaged

UNIFORM = 0.1  # of the draws of examples, the part that is uniform: it bounds the weight of a rare one


def draw_examples(slopes: Tensor, count: int, generator: Generator) -> tuple[Tensor, Tensor]:
    """Draw examples in proportion to ||dloss_b/dz_L||, which is known before any deep tangent is carried.

    Most examples are soon classified well, and have next to no gradient. Systematic sampling: an example whose share of
    the draws is s is drawn floor(s) or ceil(s) times, in random order.

    Returns:
        Indices, shape (count,), and weights 1 / (count q_b) that make sums over them unbiased.
    """
    sizes = slopes.flatten(1).norm(dim=1)
    batch = len(sizes)
    chances = (1 - UNIFORM) * sizes / sizes.sum().clamp(min=torch.finfo(sizes.dtype).tiny) + UNIFORM / batch
    chances /= chances.sum()
    start = torch.rand((), generator=generator, dtype=sizes.dtype, device=sizes.device)
    marks = (torch.arange(count, dtype=sizes.dtype, device=sizes.device) + start) / count
    found = torch.searchsorted(chances.cumsum(0), marks).clamp_(max=batch - 1)
    found = found[torch.randperm(count, generator=generator, device=sizes.device)]
    return found, 1 / (count * chances[found])


class ForwardSampled(Unstaged):
    """Forward-mode derivatives of every layer, exact where they are cheap and of drawn examples elsewhere; unbiased.

    Of the last layer: exact. Of the last hidden layer: exact too. A basis tangent e_j of its activations comes to the
    logits as column j of their weight W, so that all n of them cost one product with W, p W: what reverse mode
    computes there. In front of it, of the layers

    - whose next two layers end the network: basis tangents of the activations, n / `shares` in every drawn example.
      They pass the next layer as its columns, and reach the logits through D_b, the slopes of its activation function,
      and W. The diagonal D_b is moved over to W, so that all tangents are one product. Every unit has the exact
      derivative of batch / `shares` draws;
    - that are convolutions of fewer weights than activations: tangents of the weights, a sign vector of each output
      channel's, in batch / `rows` drawn examples;
    - others: `tangents` orthogonal tangents of the activations, as in `ActivityOrthogonal`.

    Examples are drawn by `draw_examples`.

    Args:
        generator: Source of the draws.
        shares: How many times fewer basis tangents than all.
        rows: How many times fewer examples than the batch have tangents of the weights.
        tangents: K.
    """

    def __init__(self, generator: Generator, shares: int = 16, rows: int = 8, tangents: int = 4) -> None:
        super().__init__(generator)
        self.shares, self.rows, self.tangents = shares, rows, tangents

    def evaluate(self, network: Network, tangents: None, inputs: Any, targets: Any) -> Found:
        """One pass, then the layers one by one."""
        direct, stages = stages_of(network, inputs, "forward_sampled")
        value, slopes = loss_slopes(direct, stages[-1], targets)
        found = Gradients(direct)
        found.add(stages[-1], slopes)
        for index, stage in enumerate(stages[:-1]):
            self._add(found, direct, stages, index, stage, slopes)
        return value, stages[-1].activations, found.of(network)

    def _add(
        self, found: Gradients, direct: Plain, stages: list[Stage], index: int, stage: Stage, slopes: Tensor
    ) -> None:
        activations, following = stage.activations, stages[index + 1 :]
        weight = direct.parameters[stage.layer.weight]
        vectors = all(isinstance(each.layer.map, Linear) for each in following)
        if len(following) == 1 and vectors:
            columns = slopes @ direct.parameters[following[0].layer.weight]
            found.add(stage, stage.by_outputs(columns.view_as(activations)))
        elif weight.dim() == 4 and weight.numel() < activations[0].numel():
            rows, weights = draw_examples(slopes, -(-len(slopes) // self.rows), self.generator)
            found.put(
                stage, *along_channels(direct, stages, index, rows, scaled(slopes[rows], weights), self.generator)
            )
        elif len(following) == 2 and vectors and following[0].elementwise:
            self._shares(found, direct, stage, following, slopes)
        else:
            count = blocks_of(following[0], self.tangents)
            values = stage.live(signs(activations.shape, activations, self.generator))
            along = derivatives(direct, stages, index + 1, values, count, slopes)
            found.add(stage, stage.by_outputs(spread(along, values)))

    def _shares(self, found: Gradients, direct: Plain, stage: Stage, following: list[Stage], slopes: Tensor) -> None:
        """Block g of the activations has its basis tangents in share g of the drawn examples, each with weight G."""
        near, last = (direct.parameters[each.layer.weight] for each in following)
        units = near.shape[1]
        groups = blocks_of(following[0], min(self.shares, len(slopes)))
        rows, weights = draw_examples(slopes, len(slopes) // groups * groups, self.generator)
        drawn, between = stage.at(rows), following[0].at(rows)
        readout = last * between.by_outputs(torch.ones_like(between.activations)).unsqueeze(1)  # (draws, C, n), W D_b
        blocks = near.view(len(near), groups, -1).transpose(0, 1)
        logits = torch.bmm(readout.view(groups, -1, len(near)), blocks).view(len(rows), len(last), -1)
        along = torch.bmm(scaled(slopes[rows], weights * groups).unsqueeze(1), logits).view(groups, -1, units // groups)
        if isinstance(stage.layer.map, Linear) and stage.elementwise:
            ones = drawn.by_outputs(torch.ones_like(drawn.activations)).view(groups, -1, groups, units // groups)
            own = along * ones.diagonal(0, 0, 2).movedim(-1, 0)
            inputs = drawn.inputs.view(groups, -1, drawn.inputs.shape[1])
            found.put(stage, torch.bmm(own.transpose(1, 2), inputs).flatten(0, 1), own.sum(1).flatten())
        else:
            placed = along.new_zeros(groups, len(rows) // groups, groups, units // groups)
            placed.diagonal(0, 0, 2).copy_(along.movedim(0, -1))
            found.add(drawn, drawn.by_outputs(placed.view_as(drawn.activations)))


def scaled(slopes: Tensor, weights: Tensor) -> Tensor:
    """Return every example's slopes times its weight."""
    return slopes * weights.view(-1, *[1] * (slopes.dim() - 1))
