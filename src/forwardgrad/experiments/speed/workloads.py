"""What is measured, by name: a network with a loss and one random batch."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Generator, Tensor, nn

from forwardgrad.catalogue import ARCHITECTURES, MODELS, network_parts
from forwardgrad.core.engine.losses import Loss
from forwardgrad.core.models import build
from forwardgrad.core.transformers import GPT, ViT, token_loss
from forwardgrad.data.torchvision_import import import_torchvision
from forwardgrad.experiments.speed.steps import Case

RATE = 1e-9  # a measurement must not change what it measures
LOSS = nn.CrossEntropyLoss()
FEW = 2
CLASSES = 10  # of the architectures that classify

Made = tuple[nn.Module, Loss, Any, Any]


@dataclass(frozen=True)
class Workload:
    """A network with a loss and a batch.

    Attributes:
        name: By which its rows are found.
        device: cpu or cuda.
        make: Returns model, loss, inputs and targets.
        make_small: The same with few examples, where there is such a thing.
    """

    name: str
    device: str
    make: Callable[[], Made]
    make_small: Callable[[], Made] | None = None

    def case(self) -> Case:
        """Make it."""
        return Case(*self.make(), RATE)

    def small_case(self) -> Case:
        """Make it with few examples, to load what a step needs."""
        return Case(*(self.make_small or self.make)(), RATE)


def named(name: str, batch_size: int, device: str) -> Workload:
    """Return a network of the catalogue by its name: a model, one of another size, or an architecture."""
    make = architecture if name in ARCHITECTURES else classifier
    return Workload(name, device, *(partial(make, name, size, device) for size in (batch_size, FEW)))


def classifier(name: str, batch_size: int, device: str) -> Made:
    """Return a model, and random inputs of its shape with random classes."""
    shape, generator = MODELS[network_parts(name)[0]].shape, Generator().manual_seed(0)
    batch = classified(batch_size, shape.inputs, shape.classes, generator)
    return placed(build(name, 0), LOSS, *batch, device)


def architecture(name: str, batch_size: int, device: str) -> Made:
    """Return one of the architectures with initial weights, and a random batch."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        made = BUILT[name](batch_size, Generator().manual_seed(0))
    return placed(*made, device)


def resnet18(batch_size: int, generator: Generator) -> Made:
    """Return torchvision's ResNet-18, in training mode, and images of 64 x 64 pixels."""
    model = import_torchvision().models.resnet18(num_classes=CLASSES)
    return model, LOSS, *classified(batch_size, (3, 64, 64), CLASSES, generator)


def vit(batch_size: int, generator: Generator) -> Made:
    """Return a ViT, and images of 32 x 32 pixels."""
    model = ViT(size=32, patch=4, width=192, depth=6, heads=3, classes=CLASSES)
    return model, LOSS, *classified(batch_size, (3, 32, 32), CLASSES, generator)


def gpt(batch_size: int, generator: Generator) -> Made:
    """Return a GPT, and sequences of 64 bytes, each with the byte behind it."""
    model = GPT(vocabulary=256, length=64, width=256, depth=4, heads=4)
    text = torch.randint(256, (batch_size, 65), generator=generator)
    return model, token_loss, text[:, :-1].contiguous(), text[:, 1:].contiguous()


BUILT: dict[str, Callable[[int, Generator], Made]] = {"resnet18": resnet18, "vit": vit, "gpt": gpt}


def classified(count: int, shape: tuple[int, ...], classes: int, generator: Generator) -> tuple[Tensor, Tensor]:
    """Return random inputs and random classes."""
    inputs = torch.rand(count, *shape, generator=generator)
    return inputs, torch.randint(classes, (count,), generator=generator)


def placed(model: nn.Module, loss: Loss, inputs: Tensor, targets: Tensor, device: str) -> Made:
    """Return all of it on its device, images and kernels in the layout that convolutions are fast in."""
    if inputs.dim() == 4:
        inputs = inputs.contiguous(memory_format=torch.channels_last)
    return model.to(device, memory_format=torch.channels_last), loss, inputs.to(device), targets.to(device)
