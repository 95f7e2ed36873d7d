"""The cost of one step by arithmetic: the floor under any measurement.

Counted are multiply-adds of products that grow with the batch: activations, and their tangents or cotangents,
times weights, tangents of weights or each other. With F the products of one forward pass and F_1 those of its first
layer with weights, backprop needs 3 F - F_1: no cotangent is passed below the first layer. Random draws, elementwise
work and updates of the parameters come on top.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class LayerCost:
    """Multiply-adds of one layer with weights W, for one batch of inputs x.

    Attributes:
        product: Of W x, as of the layer's every other product: W x', V x with a dense tangent V, and those of backprop.
        thin: Of u (w . x) with a rank-one tangent u w'.
        bias: Whether the layer has a bias.
    """

    product: float
    thin: float = 0.0
    bias: bool = True

    def low_rank(self, rank: int) -> float:
        """Multiply-adds of V x with a tangent V of rank `rank`."""
        return rank * self.thin


Layers = Sequence[LayerCost]
Cost = Callable[[Layers], float]


def nothing(layers: Layers) -> float:
    """No product at all."""
    return 0.0


def evaluation(layers: Layers) -> float:
    """F: the loss alone."""
    return sum(layer.product for layer in layers)


def differences(layers: Layers) -> float:
    """2 F: the loss at two points."""
    return 2 * evaluation(layers)


def along(layers: Layers, own: float, tangents: int = 1) -> float:
    """One forward-mode pass: the primal, and for each tangent that of the activations and `own` products V x."""
    return evaluation(layers) + tangents * (evaluation(layers[1:]) + own)


def dense(layers: Layers, tangents: int = 1) -> float:
    """F + K (2 F - F_1): K dense tangents. One costs as much as backprop and activity perturbation, 3 F - F_1."""
    return along(layers, evaluation(layers), tangents)


def checkpointed(layers: Layers) -> float:
    """Backprop that computes all but the last layer with weights once more."""
    return dense(layers) + evaluation(layers[:-1])


def framework(layers: Layers) -> float:
    """3 F: torch's own forward mode along a dense tangent; it multiplies the inputs' tangent, which is zero, too."""
    return 3 * evaluation(layers)


def low_rank(rank: int, layers: Layers) -> float:
    """2 F - F_1 and thin products: a tangent of rank `rank` in every layer."""
    return along(layers, sum(layer.low_rank(rank) for layer in layers))


def one_layer(layers: Layers) -> float:
    """The mean over layers of a rank-one tangent of one of them: its own thin product and the tangent above."""
    above = sum(evaluation(layers[index + 1 :]) + layer.low_rank(1) for index, layer in enumerate(layers))
    return evaluation(layers) + above / len(layers)


def blockwise(layers: Layers) -> float:
    """The inputs of all layers once, then a pass for every weight and every bias, from its layer on."""
    total = evaluation(layers)
    for index, layer in enumerate(layers):
        total += along(layers[index:], layer.product) + (along(layers[index:], 0) if layer.bias else 0)
    return total
