"""Data of the examples: 1,797 handwritten digits of 8 x 8 pixels, from scikit-learn."""

from collections.abc import Iterator

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

images, labels = load_digits(return_X_y=True)
shuffled = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
inputs, targets = torch.tensor(images / 16, dtype=torch.float32)[shuffled], torch.tensor(labels)[shuffled]
train, test = (inputs[:1500], targets[:1500]), (inputs[1500:], targets[1500:])


def batches(epochs: int, size: int = 50) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the batches of `epochs` epochs, reshuffled in each."""
    for _ in range(epochs):
        for index in torch.randperm(len(train[0])).split(size):
            yield train[0][index], train[1][index]


def report(step: int, loss: Tensor, model: nn.Module) -> None:
    """Print the loss of the batch and the accuracy on the test images, every 500 steps."""
    if step % 500 == 0:
        accuracy = (model(test[0]).argmax(1) == test[1]).float().mean()
        print(f"step {step:5}  loss {loss:.3f}  test accuracy {accuracy:.3f}")
