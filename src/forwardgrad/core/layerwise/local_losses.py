"""Local losses: every hidden layer learns from a linear head of its own."""

from dataclasses import replace
from typing import Any

import torch
from torch import Generator, Tensor

from forwardgrad.core.engine.network import Network
from forwardgrad.core.engine.plain import Plain
from forwardgrad.core.layerwise.gradients import Gradients
from forwardgrad.core.layerwise.stages import Stage, stages_of
from forwardgrad.core.layerwise.tails import loss_slopes
from forwardgrad.core.method import Found, Unstaged


class LocalLosses(Unstaged):
    """Every hidden layer descends the loss of a linear head H_l on its activations a_l, in place of the network's loss.

    (Belilovsky et al., 2019, arXiv 1812.11446; with forward gradients Ren et al., 2022, arXiv 2210.03310.) Behind a
    layer there is its head alone, so that the basis tangents of its activations arrive as the columns of H_l: dloss_l
    / da_l = p_l H_l, exact, at the price of a product with the head. The last hidden layer's head is the output layer
    itself. The estimate is a biased one of the network's gradient: that of other losses. The heads belong to the
    estimator, begin like a linear layer, and take a step of SGD themselves in every call.

    Args:
        generator: Source of the heads' first weights.
        head_rate: Their learning rate.
    """

    def __init__(self, generator: Generator, head_rate: float = 0.05) -> None:
        super().__init__(generator)
        self.head_rate = head_rate
        self.heads: dict[str, tuple[Tensor, Tensor]] = {}

    def evaluate(self, network: Network, tangents: None, inputs: Any, targets: Any) -> Found:
        """One pass, and every hidden layer's own loss."""
        direct, stages = stages_of(network, inputs, "local_losses")
        *hidden, last = stages
        value, slopes = loss_slopes(direct, last, targets)
        found = Gradients(direct)
        found.add(last, slopes)
        for stage in hidden:
            activations = stage.activations
            if stage is hidden[-1] and activations.dim() == 2:
                back = slopes @ direct.parameters[last.layer.weight]
            else:
                back = self._own(direct, stage, last, targets)
            found.add(stage, stage.by_outputs(back.view_as(activations)))
        return value, last.activations, found.of(network)

    def _own(self, direct: Plain, stage: Stage, last: Stage, targets: Any) -> Tensor:
        """Return the derivative of a layer's own loss by its activations; its head takes a step."""
        features = stage.activations.flatten(1)
        weight, bias = self._head(stage, features, last.outputs)
        outputs = torch.addmm(bias, features, weight.t())
        _, slopes = loss_slopes(direct, replace(last, outputs=outputs), targets)
        back = slopes @ weight
        weight.addmm_(slopes.t(), features, alpha=-self.head_rate)
        bias.sub_(slopes.sum(0), alpha=self.head_rate)
        return back

    def _head(self, stage: Stage, features: Tensor, outputs: Tensor) -> tuple[Tensor, Tensor]:
        """Return a layer's head; it is made when it is first asked for."""
        name, shape = stage.layer.name, (outputs.shape[1], features.shape[1])
        if name not in self.heads or self.heads[name][0].shape != shape:
            weight, bias = features.new_empty(shape), features.new_zeros(shape[0])
            self.heads[name] = weight.uniform_(-(shape[1] ** -0.5), shape[1] ** -0.5, generator=self.generator), bias
        return self.heads[name]

    def state(self) -> dict[str, tuple[Tensor, Tensor]]:
        """The heads."""
        return {name: (weight.clone(), bias.clone()) for name, (weight, bias) in self.heads.items()}

    def load(self, state: dict[str, tuple[Tensor, Tensor]]) -> None:
        """Go on with other heads."""
        self.heads = {name: (weight.clone(), bias.clone()) for name, (weight, bias) in state.items()}
