"""Data sets and models: their labels, and the shapes that decide which fit together."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """Shape of one input (without the batch) and the number of classes."""

    inputs: tuple[int, ...]
    classes: int

    def __str__(self) -> str:
        return f"{' x '.join(map(str, self.inputs))} inputs and {self.classes} classes"


@dataclass(frozen=True)
class Entry:
    """A data set or a model: its label in figures and tables, and its shape."""

    label: str
    shape: Shape


@dataclass(frozen=True)
class DataSet(Entry):
    """A data set; `train` is the number of examples in its training split."""

    train: int


TABLE = Shape((4,), 3)
IMAGE = Shape((1, 28, 28), 10)

DATASETS = {
    "penguins": DataSet("Palmer penguins", TABLE, 250),
    "mnist5k": DataSet("MNIST, 5,000 digits", IMAGE, 3_500),
    "kmnist600": DataSet("KMNIST, 600 images", IMAGE, 500),
    "mnist": DataSet("MNIST", IMAGE, 55_000),
    "kmnist": DataSet("KMNIST", IMAGE, 55_000),
}

# Hidden layers and their width, of the MLPs of the experiment `map`.
SIZES = ((1, 256), (2, 256), (4, 256), (8, 256), (2, 64), (2, 1024))
HIDDEN = {f"mlp_{depth}x{width}": (depth, width) for depth, width in SIZES}

MODELS = {
    "students_lr": Entry("logistic regression 4-3", TABLE),
    "students_mlp": Entry("MLP 4-64-8-3", TABLE),
    "students_cnn": Entry("students\u2019 CNN", IMAGE),
    "students_cnn_softmax": Entry("students\u2019 CNN with softmax output", IMAGE),
    "lr": Entry("logistic regression 784-10", IMAGE),
    "mlp": Entry("MLP 784-1024-1024-10", IMAGE),
    "cnn": Entry("CNN, 4 convolutions of 64", IMAGE),
    "mlp_256": Entry("MLP 784-256-10", IMAGE),
    "mlp_256_256": Entry("MLP 784-256-256-10", IMAGE),
    "cnn_small": Entry("small CNN", IMAGE),
    **{
        key: Entry(f"MLP, {depth} hidden layer{'s' if depth > 1 else ''} of {width:,}", IMAGE)
        for key, (depth, width) in HIDDEN.items()
    },
}

# Networks of other kinds, whose steps are measured; nothing here trains them.
ARCHITECTURES = {
    "resnet18": "ResNet-18, 64 x 64 pixels",
    "vit": "ViT, 6 layers of 192",
    "gpt": "GPT, 4 layers of 256",
}

RESIZED = re.compile(r"(mlp|cnn(?=_width))_(depth|width)_([1-9][0-9]*)")


def network_parts(network: str) -> tuple[str, str | None, int | None]:
    """Return the model of a network and, for one of another size, what differs: `mlp_depth_10` has ten hidden layers.

    `mlp_width_8` has hidden layers of 8 units, `cnn_width_8` convolutions of 8 channels.
    """
    found = RESIZED.fullmatch(network)
    return (found[1], found[2], int(found[3])) if found else (network, None, None)
