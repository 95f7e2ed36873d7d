"""The forward gradient along tangents of the whole network: one, or several in one pass."""

from collections.abc import Callable
from typing import Any

from torch import Generator, Tensor

from forwardgrad.core import draws
from forwardgrad.core.engine.network import Network
from forwardgrad.core.method import Found
from forwardgrad.core.tangents import Tangents


class Along:
    """g = <grad f, v> v for one tangent v of the whole network per call (Baydin et al., 2022, arXiv 2202.08587)."""

    staged = True

    def __init__(self, stream: draws.TangentStream | draws.OneLayer) -> None:
        self.stream = stream

    def state(self) -> Any:
        """The stream's."""
        return self.stream.state()

    def load(self, state: Any) -> None:
        """Go on from a state."""
        self.stream.load(state)

    def draw(self, network: Network, inputs: Any) -> Tangents:
        """Return the next tangent."""
        return self.stream.draw(network.units)

    def evaluate(self, network: Network, tangents: Tangents, inputs: Any, targets: Any) -> Found:
        """One forward-mode pass."""
        value, derivative, outputs = network.evaluate(tangents, inputs, targets)
        return value, outputs, [(derivative, tangents)]


class Several(Along):
    """g = sum_k w_k v_k over K independent tangents, in one forward-mode pass.

    The primal is computed once. The tangents go along together, so that K tangents of a layer's output are held at a
    time. `weights` gives w, shape (K,), from the derivatives <grad f, v_k> and the tangents as rows, shape (K, n).
    """

    def __init__(
        self, generator: Generator, weights: Callable[[Tensor, Tensor], Tensor], tangents: int, law: str = "gaussian"
    ) -> None:
        super().__init__(draws.TangentStream(draws.dense_stack, draws.DISTRIBUTIONS[law], generator, tangents))
        self.weights = weights

    def evaluate(self, network: Network, tangents: Tangents, inputs: Any, targets: Any) -> Found:
        """One forward-mode pass for all."""
        value, derivatives, outputs = network.evaluate(tangents, inputs, targets)
        return value, outputs, [(self.weights(derivatives, self.stream.numbers), tangents)]
