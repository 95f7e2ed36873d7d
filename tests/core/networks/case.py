"""One network of the zoo with what it is called on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

BATCH, CLASSES = 4, 5


@dataclass(frozen=True)
class Case:
    """A model, a loss of what it returns and the targets, and a batch: a tensor, a tuple or a dict of arguments."""

    model: nn.Module
    loss: Callable[[Any, Any], torch.Tensor]
    inputs: Any
    targets: Any

    def outputs(self):
        """What the model returns."""
        if isinstance(self.inputs, dict):
            return self.model(**self.inputs)
        return self.model(*self.inputs) if isinstance(self.inputs, tuple) else self.model(self.inputs)


def labels(*shape):
    return torch.randint(CLASSES, shape or (BATCH,))
