"""The estimate of all parameters, collected layer by layer."""

from torch import Tensor

from forwardgrad.core.engine.network import Network
from forwardgrad.core.engine.plain import Plain
from forwardgrad.core.layerwise.stages import Stage


class Gradients:
    """What has been estimated so far, by parameter name."""

    def __init__(self, direct: Plain) -> None:
        self.parameters, self.found = direct.parameters, {}

    def add(self, stage: Stage, slopes: Tensor) -> None:
        """Add a layer, from the derivative by its outputs in every example."""
        self.put(stage, *stage.by_parameters(slopes, self.parameters[stage.layer.weight]))

    def put(self, stage: Stage, weight: Tensor, bias: Tensor) -> None:
        """Add a layer, from the derivative by its weight and bias."""
        self.found |= {stage.layer.weight: weight, stage.layer.bias: bias}

    def of(self, network: Network) -> tuple[Tensor, ...]:
        """Return the estimates of the parameters that move, in their order."""
        return tuple(self.found[name] for name in network.parameters())
