"""Train a residual network by forward gradients, and the same network by backpropagation.

The network is a module of your own: skip connections and group normalisation, no `nn.Sequential`. Activity perturbation
has the least noise here: its variance falls with the batch, while that of a tangent of the parameters grows with their
number. Both start at the same parameters and take the same number of steps; their learning rates come from a few
trials on this network. What is left of the noise shows in the accuracy.

Run it with `python examples/residual.py`, half a minute, offline; `python examples/residual.py 100` takes 100 steps.
"""

import sys
import time

import torch
from digits import test, train
from torch import Tensor, nn

from forwardgrad import make_estimator, write_gradient_

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 2500
RATES = {"backprop": 0.003, "activity": 0.01}


class Residual(nn.Module):
    """x + f(x), with two normalised convolutions in f."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = (nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in range(2))
        self.first_norm, self.second_norm = nn.GroupNorm(4, width), nn.GroupNorm(4, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return features of the same shape."""
        inner = torch.relu(self.first_norm(self.first(x)))
        return torch.relu(x + self.second_norm(self.second(inner)))


class ResNet(nn.Module):
    """Patches of 2 x 2 pixels, two residual blocks, a linear head."""

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, width, 2, stride=2)
        self.blocks = nn.ModuleList([Residual(width), Residual(width)])
        self.head = nn.Linear(16 * width, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits, shape (batch, 10), of images of shape (batch, 64)."""
        x = torch.relu(self.stem(images.view(-1, 1, 8, 8)))
        for block in self.blocks:
            x = block(x)
        return self.head(x.flatten(1))


for key, rate in RATES.items():
    torch.manual_seed(0)  # the same parameters and batches for both
    model = ResNet()
    estimator = make_estimator(key, model, nn.CrossEntropyLoss(), seed=0)
    optimizer = torch.optim.Adam(model.parameters(), rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    start = time.process_time()
    for _ in range(STEPS):
        batch = torch.randint(len(train[0]), (250,))
        optimizer.zero_grad()
        write_gradient_(model, estimator(train[0][batch], train[1][batch]))
        optimizer.step()
        schedule.step()
    seconds = time.process_time() - start
    with torch.no_grad():
        accuracy = (model(test[0]).argmax(1) == test[1]).float().mean()
    print(f"{key:16}  test accuracy {accuracy:.3f}  milliseconds per step {1e3 * seconds / STEPS:.1f}")
