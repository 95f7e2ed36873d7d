"""How good a model is on a split: loss, accuracy and the number of misclassifications."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CHUNK = 100  # activations of this many examples stay in the cache
EXAMPLES = 10_000  # of a split, at most


class Score(NamedTuple):
    """Mean cross-entropy in nats, share classified correctly, and number classified wrongly."""

    loss: float
    accuracy: float
    misclassified: int


@torch.no_grad()
def score(model: nn.Module, inputs: Tensor, labels: Tensor) -> Score:
    """Evaluate `model` on a split; of larger splits only the first 10,000 examples count.

    They are the same for every method of a seed. Only splits of the full sets are that large.

    Args:
        model: Maps inputs to logits, shape (N, classes).
        inputs: Shape (N, ...).
        labels: Classes, shape (N,).
    """
    inputs, labels = inputs[:EXAMPLES], labels[:EXAMPLES]
    loss, wrong = 0.0, 0
    for chunk, classes in zip(inputs.split(CHUNK), labels.split(CHUNK), strict=True):
        logits = model(chunk)
        loss += F.cross_entropy(logits, classes, reduction="sum").item()
        wrong += int((logits.argmax(1) != classes).sum())
    return Score(loss / len(labels), 1 - wrong / len(labels), wrong)
