"""K orthogonal tangents of every layer's activations, anew in every example, layer by layer."""

from typing import Any

from torch import Generator

from forwardgrad.core.draws import signs
from forwardgrad.core.engine.network import Network
from forwardgrad.core.layerwise.gradients import Gradients
from forwardgrad.core.layerwise.stages import stages_of
from forwardgrad.core.layerwise.tails import blocks_of, derivatives, loss_slopes, spread
from forwardgrad.core.method import Found, Unstaged


class ActivityOrthogonal(Unstaged):
    """da_l = sum_k <dloss_b/da_l, u_bk> u_bk for K sign vectors u_bk of disjoint supports (`tails`).

    They are drawn for the activations a_l of every layer and example, and carried through what lies behind that layer
    alone: no layer's noise reaches another. Of n_l activations in K equal blocks it is unbiased, and
    E||da_l||^2 = (n_l / K) ||dloss_b/da_l||^2; at K = n_l it is the gradient. Behind a ReLU that is off the derivative
    is zero, and so are the tangents: n_l counts the others alone. The derivative by the outputs of the last layer
    is exact.

    Args:
        generator: Source of the signs.
        tangents: The most tangents of a layer and example. K is the largest number up to that which cuts the
            units of a linear layer behind, or the channels of a convolution behind, into equal blocks.
    """

    def __init__(self, generator: Generator, tangents: int = 16) -> None:
        super().__init__(generator)
        self.tangents = tangents

    def evaluate(self, network: Network, tangents: None, inputs: Any, targets: Any) -> Found:
        """One pass, and for every hidden layer K tangents behind it."""
        direct, stages = stages_of(network, inputs, "activity_orthogonal")
        value, slopes = loss_slopes(direct, stages[-1], targets)
        found = Gradients(direct)
        found.add(stages[-1], slopes)
        for index, stage in enumerate(stages[:-1]):
            count = blocks_of(stages[index + 1], self.tangents)
            values = stage.live(signs(stage.activations.shape, stage.activations, self.generator))
            along = derivatives(direct, stages, index + 1, values, count, slopes)
            found.add(stage, stage.by_outputs(spread(along, values)))
        return value, stages[-1].activations, found.of(network)
