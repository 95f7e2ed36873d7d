"""Test functions of optimisation, with their minima.

Each takes points of shape (..., dimensions) and returns values of shape (...). They are written so that
torch tensors and NumPy arrays both do: what is descended and what is drawn is one definition.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Array = Any  # torch.Tensor or numpy.ndarray


@dataclass(frozen=True)
class Function:
    """A function with its minimum.

    Attributes:
        value: The function, points (..., dimensions) to values (...).
        minimiser: Where the minimum lies; a single coordinate stands for all, None for more points than one.
        minimum: The value there.
        dimensions: How many coordinates a point has; None for any number.
        group: Of what their number is a multiple.
    """

    value: Callable[[Array], Array]
    minimiser: tuple[float, ...] | None
    minimum: float = 0.0
    dimensions: int | None = 2
    group: int = 1


def beale(points: Array) -> Array:
    """(1.5 - x + x y)^2 + (2.25 - x + x y^2)^2 + (2.625 - x + x y^3)^2 (Beale, 1958)."""
    x, y = points[..., 0], points[..., 1]
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


def rosenbrock(points: Array) -> Array:
    """(1 - x)^2 + 100 (y - x^2)^2, a curved valley (Rosenbrock, 1960)."""
    x, y = points[..., 0], points[..., 1]
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def rosenbrock_swapped(points: Array) -> Array:
    """100 (x - y^2)^2 + (y - 1)^2: Rosenbrock's with its coordinates swapped, as Gallo (2023) has it."""
    x, y = points[..., 0], points[..., 1]
    return 100 * (x - y**2) ** 2 + (y - 1) ** 2


def sum_squares(points: Array) -> Array:
    """x^2 + 2 y^2."""
    x, y = points[..., 0], points[..., 1]
    return x**2 + 2 * y**2


def trid(points: Array) -> Array:
    """(x - 1)^2 + (y - 1)^2 - x y; its minimum is -2 (Gallo, 2023, has -12)."""
    x, y = points[..., 0], points[..., 1]
    return (x - 1) ** 2 + (y - 1) ** 2 - x * y


def sphere(points: Array) -> Array:
    """||x||^2, in any number of dimensions."""
    return (points**2).sum(-1)


def product(points: Array) -> Array:
    """(y.z - 1)^2 / 2 for the even coordinates y and the odd ones z, in any even number of dimensions.

    Minima lie wherever y.z = 1, flat ones and sharp ones: the trace of the Hessian is ||y||^2 + ||z||^2, at least 2.
    """
    return ((points[..., 0::2] * points[..., 1::2]).sum(-1) - 1) ** 2 / 2


FUNCTIONS = {
    "beale": Function(beale, (3.0, 0.5)),
    "rosenbrock": Function(rosenbrock, (1.0, 1.0)),
    "rosenbrock_swapped": Function(rosenbrock_swapped, (1.0, 1.0)),
    "sum_squares": Function(sum_squares, (0.0, 0.0)),
    "trid": Function(trid, (2.0, 2.0), -2.0),
    "sphere": Function(sphere, (0.0,), dimensions=None),
    "product": Function(product, None, dimensions=None, group=2),
}
