"""The models, each a plain `nn.Sequential`, with the initial weights their authors used.

`lr`, `mlp` and `cnn` are the paper's (Baydin et al., 2022, section 5); `students_*` are those of Ramirez
Palacios and Perez Barreales (2023).
"""

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import torch
from torch import nn

from forwardgrad.catalogue import HIDDEN, network_parts


def layers(*widths: int) -> list[nn.Module]:
    """Linear layers of these widths with ReLU between them."""
    chain = [part for pair in pairwise(widths) for part in (nn.Linear(*pair), nn.ReLU())]
    return chain[:-1]


def convolution(inputs: int, outputs: int) -> list[nn.Module]:
    """A 3 x 3 convolution with padding 1, and ReLU."""
    return [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU()]


def initialise(model: nn.Sequential, draw: Callable[[torch.Tensor], torch.Tensor]) -> nn.Sequential:
    """Draw every parameter, biases included, with `draw`."""
    for parameter in model.parameters():
        draw(parameter)
    return model


def students_cnn() -> nn.Sequential:
    """Two narrow convolutions, one pooling, two linear layers."""
    images = [*convolution(1, 2), *convolution(2, 4), nn.MaxPool2d(2), nn.Flatten()]
    return nn.Sequential(*images, *layers(784, 64, 10))


def cnn(width: int = 64) -> nn.Sequential:
    """The paper's: four convolutions of 64 channels, pooling after the second and the fourth.

    Of another `width` everything behind the images is wider or narrower alike.
    """
    first = [*convolution(1, width), *convolution(width, width), nn.MaxPool2d(2)]
    second = [*convolution(width, width), *convolution(width, width), nn.MaxPool2d(2)]
    return nn.Sequential(*first, *second, nn.Flatten(), *layers(49 * width, 16 * width, 10))


def cnn_small() -> nn.Sequential:
    """A small CNN of the same kind, its first convolution strided, for comparisons that need many runs."""
    strided = [nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.ReLU()]
    return nn.Sequential(*strided, *convolution(8, 16), nn.MaxPool2d(2), nn.Flatten(), *layers(784, 10))


def deep(depth: int, width: int = 1024) -> nn.Sequential:
    """The paper's MLP with `depth` hidden layers."""
    return nn.Sequential(nn.Flatten(), *layers(784, *[width] * depth, 10))


MODELS: dict[str, Callable[[], nn.Sequential]] = {
    "students_lr": lambda: initialise(nn.Sequential(*layers(4, 3)), nn.init.normal_),
    "students_mlp": lambda: initialise(nn.Sequential(*layers(4, 64, 8, 3)), lambda part: nn.init.uniform_(part, -1, 1)),
    "students_cnn": students_cnn,
    "students_cnn_softmax": lambda: nn.Sequential(*students_cnn(), nn.Softmax(1)),
    "lr": lambda: nn.Sequential(nn.Flatten(), *layers(784, 10)),
    "mlp": lambda: deep(2),
    "cnn": cnn,
    "mlp_256": lambda: nn.Sequential(nn.Flatten(), *layers(784, 256, 10)),
    "mlp_256_256": lambda: deep(2, 256),
    "cnn_small": cnn_small,
    **{key: partial(deep, depth, width) for key, (depth, width) in HIDDEN.items()},
}


RESIZED: dict[tuple[str, str], Callable[[int], nn.Sequential]] = {
    ("mlp", "depth"): deep,
    ("mlp", "width"): lambda width: deep(2, width),
    ("cnn", "width"): cnn,
}


def build(network: str, seed: int) -> nn.Sequential:
    """Return a model by key, or one of another size (`network_parts`), with the initial weights of `seed`.

    Torch's global random state is left alone.
    """
    model, axis, number = network_parts(network)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return RESIZED[model, axis](number) if axis else MODELS[model]()
