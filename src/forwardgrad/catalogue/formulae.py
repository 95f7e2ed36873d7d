"""The moments of an estimator by formula, where there is one.

G is the gradient, of n entries, in units of its own norm: ||G|| = 1. `experiments.estimators.sample` names the
quantities. Every function takes the gradient and returns the quantities that are known.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Block:
    """A part of the gradient: its entries, the sum of their squares, and that of their squares about their mean."""

    entries: int
    square: float
    centred: float


@dataclass(frozen=True)
class Gradient:
    """The gradient cut into parameter tensors, and into layers: weight and bias together."""

    tensors: Sequence[Block]
    layers: Sequence[Block]

    @property
    def n(self) -> int:
        """Number of entries."""
        return sum(block.entries for block in self.tensors)


Quantities = dict[str, float]
Formula = Callable[[Gradient], Quantities]


def unbiased(**known: float) -> Quantities:
    """Add the mean to what is `known` of an unbiased estimator."""
    return {"along": 1.0, "bias": 0.0} | known


def mean_alone(gradient: Gradient) -> Quantities:
    """Of an unbiased estimator about which nothing else is known."""
    return unbiased()


def unknown(gradient: Gradient) -> Quantities:
    """Of an estimator of something else."""
    return {}


def cosine(dimensions: int, entries: int) -> float:
    """E|cos| between a vector and its projection on an isotropic subspace; of one dimension about sqrt(2 / (pi n)).

    cos^2 follows the law Beta(K / 2, (n - K) / 2).
    """
    gammas = (dimensions + 1) / 2, entries / 2, dimensions / 2, (entries + 1) / 2
    first, second, third, fourth = map(math.lgamma, gammas)
    return math.exp(first + second - third - fourth)


def exact(gradient: Gradient) -> Quantities:
    """The gradient itself."""
    return unbiased(second_moment=1.0, cosine=1.0, cosine_squared=1.0)


def noisy(gradient: Gradient) -> Quantities:
    """The gradient with isotropic noise that has the second moment of `gaussian`."""
    return unbiased(second_moment=gradient.n + 2.0)


def gaussian(gradient: Gradient) -> Quantities:
    """Along a Gaussian tangent."""
    return unbiased(second_moment=gradient.n + 2.0, cosine=cosine(1, gradient.n), cosine_squared=1 / gradient.n)


def sphere(gradient: Gradient) -> Quantities:
    """Along a tangent on the sphere of radius sqrt(n)."""
    return unbiased(second_moment=float(gradient.n), cosine=cosine(1, gradient.n), cosine_squared=1 / gradient.n)


def signs(gradient: Gradient) -> Quantities:
    """Along Rademacher tangents, dense or of rank one in every layer: ||v||^2 = n always."""
    return unbiased(second_moment=float(gradient.n), cosine_squared=1 / gradient.n)


def one_layer(gradient: Gradient) -> Quantities:
    """Along `signs` of one of the layers, drawn uniformly, times the root of their number."""
    layers, count = gradient.layers, len(gradient.layers)
    return unbiased(
        second_moment=count * sum(block.entries * block.square for block in layers),
        cosine_squared=sum(block.square / block.entries for block in layers) / count,
    )


def blockwise(gradient: Gradient) -> Quantities:
    """Along a Gaussian tangent of every tensor on its own."""
    return unbiased(second_moment=sum((block.entries + 2) * block.square for block in gradient.tensors))


def blockwise_standardised(gradient: Gradient) -> Quantities:
    """The same with standardised tangents: the mean of every tensor's gradient is lost."""
    kept = sum(block.centred for block in gradient.tensors)
    moment = sum((block.entries - 1) * block.centred for block in gradient.tensors)
    return {"second_moment": moment, "along": kept, "bias": 1 - kept}


def mean(count: int, gradient: Gradient) -> Quantities:
    """The mean over `count` Gaussian tangents."""
    return unbiased(second_moment=(gradient.n + count + 1) / count)


def projected(count: int, gradient: Gradient) -> Quantities:
    """The projection on `count` Gaussian tangents, made unbiased."""
    n = gradient.n
    size = min(count, n)
    angle = cosine(size, n) if size < n else 1.0
    return unbiased(second_moment=n / size, cosine=angle, cosine_squared=size / n)


def orthogonal(count: int, gradient: Gradient) -> Quantities:
    """Along `count` sign tangents of disjoint supports, of equal size where `count` divides n."""
    n, count = gradient.n, min(count, gradient.n)
    if n % count:
        return unbiased()
    return unbiased(second_moment=n / count, cosine_squared=count / n)
