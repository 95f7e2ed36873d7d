"""Tune a pretrained network for another task by forward gradients: its head alone, then adapters of low rank.

Backpropagation trains a residual MLP on 3,500 MNIST digits. It is then tuned for KMNIST, Japanese characters, on 500
images: only its last layer, or the last layer and an adapter B A of rank 4 in every residual layer, of which B moves
and A stays as drawn. Everything else is frozen. All methods begin at the same parameters and take the same number of
steps; their learning rates come from a few trials. The memory is the peak that a step on all 500 images allocates.

What to see: forward-only, the head alone is tuned as well as by backpropagation. With adapters in 16 layers the noise
of every layer reaches every other, and they gain nothing. A rank-one tangent keeps no activations and halves the
memory, but is the noisiest; activity perturbation learns faster, and keeps every layer's inputs and its own numbers.

Run it with `python examples/fine_tuning.py`, under a minute; `python examples/fine_tuning.py 100` takes 100 steps.
KMNIST (3 MB) is downloaded unless its archives lie in the folder FORWARDGRAD_DATA.
"""

import os
import sys
import tempfile
from itertools import accumulate
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from forwardgrad import make_estimator, step_, write_gradient_
from forwardgrad.data.locate import locate
from forwardgrad.data.sets import kmnist600, mnist5k

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 1500
DEPTH, WIDTH, RANK = 16, 128, 4
RATES = {
    "head": {"backprop": 0.03, "activity": 0.03},
    "adapters": {"backprop": 0.003, "activity": 0.01, "forward_rank_one": 0.003},
}


class Network(nn.Module):
    """A residual MLP: x + W relu(x) + b, sixteen times."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Linear(784, WIDTH)
        self.layers = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(DEPTH))
        self.head = nn.Linear(WIDTH, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, shape (batch, 10), of images of shape (batch, 784)."""
        x = self.stem(x)
        for layer in self.layers:
            x = x + layer(torch.relu(x))
        return self.head(torch.relu(x))


class Adapted(nn.Module):
    """W x + b + B A x: a frozen layer, and an adapter that begins at zero. Only B moves."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.layer = layer
        self.down = nn.Linear(layer.in_features, RANK, bias=False).requires_grad_(False)
        self.up = nn.Linear(RANK, layer.out_features, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Return features of the layer, changed by the adapter."""
        return self.layer(x) + self.up(self.down(x))


def load(name: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return training images and classes, then those for testing."""
    module = {"mnist5k": mnist5k, "kmnist600": kmnist600}[name]
    with tempfile.TemporaryDirectory() as folder:
        record = locate(name, Path(folder) / "record.json", Path(folder), os.environ.get("FORWARDGRAD_DATA"))
        if not record["available"]:
            sys.exit(f"{record['reason']}: {record['remedy']}")
        images, classes = map(torch.from_numpy, module.load(Path(folder)))
    split = module.split(classes.numpy(), np.random.RandomState(0))
    inputs = (images.flatten(1) / 255 - 0.1307) / 0.3081
    return inputs[split.train], classes[split.train], inputs[split.test], classes[split.test]


def prepared(part: str, weights: dict[str, Tensor]) -> Network:
    """Return the pretrained network, with only that part free to move."""
    model = Network()
    model.load_state_dict(weights)
    model.stem.requires_grad_(False)
    model.layers.requires_grad_(False)
    if part == "adapters":
        model.layers = nn.ModuleList(map(Adapted, model.layers))
    return model


def train(model: nn.Module, key: str, rate: float, steps: int, inputs: Tensor, targets: Tensor) -> None:
    """Train whatever is free to move, by Adam with a decaying learning rate, on batches of 100."""
    estimator = make_estimator(key, model, nn.CrossEntropyLoss(), seed=0)
    optimizer = torch.optim.Adam([each for each in model.parameters() if each.requires_grad], rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        batch = torch.randint(len(inputs), (100,))
        optimizer.zero_grad()
        write_gradient_(model, estimator(inputs[batch], targets[batch]))
        optimizer.step()
        schedule.step()


def peak(model: nn.Module, key: str, inputs: Tensor, targets: Tensor) -> int:
    """Return the most bytes that a step has allocated at one time, its update included."""
    estimator = make_estimator(key, model, nn.CrossEntropyLoss(), seed=0)
    step_(model, estimator(inputs, targets), 0.0)  # the first call also looks at the network
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        step_(model, estimator(inputs, targets), 0.0)
    events = [event for event in profiled.profiler.kineto_results.events() if event.name() == "[memory]"]
    return max(accumulate(event.nbytes() for event in sorted(events, key=lambda event: event.start_ns())))


def accuracy(model: nn.Module, inputs: Tensor, targets: Tensor) -> float:
    """Return the share of images that are classified correctly."""
    return (model(inputs).argmax(1) == targets).float().mean().item()


digits, characters = load("mnist5k"), load("kmnist600")
torch.manual_seed(0)
model = Network()
train(model, "backprop", 0.001, 500, *digits[:2])
weights = model.state_dict()
print(f"pretrained: MNIST test accuracy {accuracy(model, *digits[2:]):.3f}")
for part, rates in RATES.items():
    for key, rate in rates.items():
        torch.manual_seed(1)  # the same parameters and batches for all
        model = prepared(part, weights)
        train(model, key, rate, STEPS, *characters[:2])
        mebibytes = peak(model, key, *characters[:2]) / 2**20
        told = f"KMNIST test accuracy {accuracy(model, *characters[2:]):.3f}  peak memory {mebibytes:.2f} MiB"
        print(f"{part:8}  {key:16}  {told}")
