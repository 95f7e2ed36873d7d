"""Many small networks trained as one: the same network from the initial weights of many seeds, stacked.

The gradient of the sum of their losses holds the gradient of each, and optimizers work entry by entry:
each trains as it would alone, at a fraction of the time.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import repeat

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forwardgrad.core.models import build
from forwardgrad.data.prepared import Dataset, Examples
from forwardgrad.seeds import initialisation_seed

Optimizer = Callable[[list[Tensor]], torch.optim.Optimizer]


class Ensemble:
    """`count` networks of one model, each with initial weights of its own, on splits of penguins in turn.

    Attributes:
        network: One of them, for its layers: `nn.Linear`, and others without parameters.
        parameters: By name, stacked: shape (count, ...).
        train: Training parts of the splits, stacked: inputs (count, N, 4), labels (count, N).
        test: The same of the test parts.
    """

    def __init__(self, model: str, count: int, splits: Sequence[Dataset]) -> None:
        networks = [build(model, initialisation_seed("penguins", model, seed)) for seed in range(count)]
        self.network: nn.Sequential = networks[0]
        self.parameters: dict[str, Tensor] = torch.func.stack_module_state(networks)[0]
        chosen = [splits[index % len(splits)] for index in range(count)]
        self.train, self.test = (stacked([split.splits[part] for split in chosen]) for part in ("train", "test"))

    def losses(self, examples: Examples) -> Tensor:
        """Return the mean cross-entropy of every network, shape (count,)."""
        value = examples.inputs
        for name, layer in self.network.named_children():
            if isinstance(layer, nn.Linear):
                weight, bias = self.parameters[f"{name}.weight"], self.parameters[f"{name}.bias"]
                value = torch.baddbmm(bias.unsqueeze(1), value, weight.mT)
            else:
                value = layer(value)
        return F.cross_entropy(value.mT, examples.labels, reduction="none").mean(1)

    def gradients(self, examples: Examples) -> dict[str, Tensor]:
        """Return the gradient of every network's own loss, stacked like the parameters."""
        total = self.losses(examples).sum()
        return dict(zip(self.parameters, torch.autograd.grad(total, self.parameters.values()), strict=True))

    def descend(self, batches: Iterable[Examples], optimizer: Optimizer) -> Iterator[None]:
        """Do one step of every network by backpropagation whenever the next item is asked for."""
        chosen = optimizer(list(self.parameters.values()))
        for batch in batches:
            for name, gradient in self.gradients(batch).items():
                self.parameters[name].grad = gradient
            chosen.step()
            yield

    def single(self, epochs: int) -> Iterator[Examples]:
        """Yield every training example on its own, `epochs` times, in the order of the split."""
        for index in list(range(self.train.labels.shape[1])) * epochs:
            yield Examples(self.train.inputs[:, [index]], self.train.labels[:, [index]])

    def whole(self, steps: int) -> Iterator[Examples]:
        """Yield the whole training part `steps` times."""
        return repeat(self.train, steps)


def stacked(parts: Sequence[Examples]) -> Examples:
    """Return equally large parts as one, with a dimension in front."""
    return Examples(torch.stack([part.inputs for part in parts]), torch.stack([part.labels for part in parts]))


def steps_to(ensemble: Ensemble, loss: float, watched: Sequence[Examples], rate: float, most: int) -> Tensor:
    """Train by gradient descent until the loss of every network was at or below `loss` on each of `watched`.

    Returns:
        The step at which it was so for the first time, shape (len(watched), count); `most` where it never was.
    """
    steps = torch.full((len(watched), len(ensemble.train.labels)), float(most))
    training = ensemble.descend(ensemble.whole(most), partial(torch.optim.SGD, lr=rate))
    for step in range(most):
        with torch.no_grad():
            reached = torch.stack([ensemble.losses(examples) <= loss for examples in watched])
        steps[reached & (steps == most)] = step
        if (steps < most).all():
            break
        next(training)
    return steps
