"""What every way to estimate a gradient has in common."""

from typing import Any, Protocol

from torch import Generator, Tensor

from forwardgrad.core.engine.network import Network

Found = tuple[Tensor, Any, Any]  # the loss, what the network returned, and the estimate


class Method(Protocol):
    """One way to estimate a gradient. Its state is what the next draws depend on."""

    staged: bool  # whether the draw is a stage of its own, with a cost of its own

    def draw(self, network: Network, inputs: Any) -> Any:
        """Return what the next estimate is taken along."""

    def evaluate(self, network: Network, tangents: Any, inputs: Any, targets: Any) -> Found:
        """Return the loss, the outputs, and the estimate: terms of a forward gradient, or one tensor per parameter."""

    def state(self) -> Any:
        """Return what `load` needs to go on from here."""

    def load(self, state: Any) -> None:
        """Go on from a state."""


class Unstaged:
    """A method that draws as it evaluates, or nothing: all that it goes on from is its generator's state."""

    staged = False

    def __init__(self, generator: Generator) -> None:
        self.generator = generator

    def draw(self, network: Network, inputs: Any) -> None:
        """Nothing."""

    def state(self) -> Any:
        """Nothing."""

    def load(self, state: Any) -> None:
        """Nothing."""
