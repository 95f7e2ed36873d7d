"""A control variate: what earlier estimates have told of the gradient takes part of the noise away."""

from typing import Any

import torch
from torch import Generator, Tensor

from forwardgrad.core import draws
from forwardgrad.core.along import Along
from forwardgrad.core.engine.network import Network
from forwardgrad.core.method import Found
from forwardgrad.core.tangents import Dense, Tangents
from forwardgrad.core.units import Parameters, written_out


class ForwardControl(Along):
    """g = h + (<grad f, v> - <h, v>) v, then h += (<grad f, v> - <h, v>) v / n (SEGA: Hanzely et al., 2018).

    v are n signs. Unbiased whatever h, with E||g - grad f||^2 = (n - 1) ||grad f - h||^2. A step tells h 1 / n of
    what it lacks, so that it serves where the gradient changes little within n steps.
    """

    def __init__(self, generator: Generator) -> None:
        super().__init__(draws.TangentStream(draws.dense, draws.rademacher_, generator))
        self.known: Parameters = {}  # h

    def state(self) -> tuple[Any, Parameters]:
        """The stream's, and h."""
        return self.stream.state(), {name: part.clone() for name, part in self.known.items()}

    def load(self, state: tuple[Any, Parameters]) -> None:
        """Go on from a state."""
        self.stream.load(state[0])
        self.known = {name: part.clone() for name, part in state[1].items()}

    def evaluate(self, network: Network, tangents: Tangents, inputs: Any, targets: Any) -> Found:
        """One forward-mode pass; the estimate is made of h as it is afterwards."""
        value, derivative, outputs = network.evaluate(tangents, inputs, targets)
        zeros = written_out(network.units) if set(self.known) != set(network.parameters()) else None
        self.known = self.known if zeros is None else zeros
        known: Tangents = {}
        for name, unit in network.units.items():
            known[name] = Dense(*(None if key is None else self.known[key] for key in unit.names))
        news = derivative - sum(inner(known[name], tangent) for name, tangent in tangents.items())
        count = sum(part.numel() for part in self.known.values())
        for name, tangent in tangents.items():
            tangent.add_to_(known[name].weight, known[name].bias, news, 1 / count)
        return value, outputs, [(torch.ones_like(news), known), (news * (1 - 1 / count), tangents)]


def inner(one: Dense, other: Dense) -> Tensor:
    """Return the inner product of two dense tangents of a layer."""
    pairs = zip(one.dense(), other.dense(), strict=True)
    return sum(torch.sum(a * b) for a, b in pairs if a is not None)
