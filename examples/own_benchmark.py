"""What does a step cost on your own network, by forward gradients and by backpropagation?

Run it with `python examples/own_benchmark.py`; it takes seconds and downloads nothing.
"""

import torch
from torch import nn

from forwardgrad import bench_network


class Residual(nn.Module):
    """Blocks that are added to what they read, and a linear head."""

    def __init__(self, width: int = 512, depth: int = 4) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width)) for _ in range(depth))
        self.head = nn.Linear(width, 10)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return logits."""
        for block in self.blocks:
            values = values + torch.relu(block(values))
        return self.head(values)


def make() -> tuple:
    """Return model, loss, inputs and targets: everything that a step needs."""
    return Residual(), nn.CrossEntropyLoss(), torch.rand(256, 512), torch.randint(10, (256,))


if __name__ == "__main__":
    bench_network(make, seconds=2)
