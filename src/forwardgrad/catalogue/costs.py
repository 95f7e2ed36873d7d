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
        examples: Of the batch.
        inputs: Numbers that an example has in front of the layer.
        units: Features or channels of these.
        outputs: Features or channels behind the layer.
        weights: Entries of the weight.
    """

    product: float
    thin: float = 0.0
    bias: bool = True
    examples: int = 1
    inputs: int = 1
    units: int = 1
    outputs: int = 1
    weights: int = 1

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


def in_span(layers: Layers) -> float:
    """That of rank one, and the inner products of the inputs of linear layers wider than the batch."""
    wide = (layer for layer in layers if layer.inputs == layer.units > layer.examples)
    return low_rank(1, layers) + sum(layer.examples * (layer.examples + 1) * layer.inputs for layer in wide)


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


def largest_divisor(number: int, most: int) -> int:
    """The largest divisor of a number up to `most`."""
    return next(each for each in range(min(number, most), 0, -1) if number % each == 0)


def behind(layers: Layers, count: int) -> float:
    """K tangents of disjoint supports from the first of `layers` on, which takes all of them in one product."""
    return layers[0].product + count * evaluation(layers[1:])


def orthogonal(count: int, layers: Layers) -> float:
    """The primal, the products of the weights' update, and up to K tangents behind every hidden layer."""
    tails = (layers[index:] for index in range(1, len(layers)))
    return 2 * evaluation(layers) + sum(behind(tail, largest_divisor(tail[0].units, count)) for tail in tails)


def local(layers: Layers) -> float:
    """The primal, the update, three products for every head; for the last hidden layer one with the last weight."""
    classes = layers[-1].outputs
    heads = sum(layer.examples * layer.inputs * classes for layer in layers[1:-1])
    return 2 * evaluation(layers) + 3 * heads + evaluation(layers[1:][-1:])


def sampled(shares: int, rows: int, count: int, layers: Layers) -> float:
    """The primal and, layer by layer, what `ForwardSampled` does there."""
    total = evaluation(layers) + layers[-1].product
    for index, layer in enumerate(layers[:-1]):
        following = layers[index + 1 :]
        near, linear = following[0], all(one.inputs == one.units for one in following)
        if len(following) == 1 and linear:
            total += layer.product + near.product
        elif layer.inputs != layer.units and layer.weights < near.inputs:
            total += (layer.product + behind(following, layer.outputs)) / rows
        elif len(following) == 2 and linear:
            groups = largest_divisor(near.units, shares)
            classes = following[1].outputs
            drawn = near.examples * classes * (near.outputs + near.units / groups)  # W D_b, and the slopes of the loss
            total += (layer.product + classes * near.product) / groups + drawn
        else:
            total += layer.product + behind(following, largest_divisor(near.units, count))
    return total
