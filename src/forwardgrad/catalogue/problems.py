"""Data sets and models: their labels, and the shapes that decide which fit together."""

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


TABLE = Shape((4,), 3)
IMAGE = Shape((1, 28, 28), 10)

DATASETS = {
    "penguins": Entry("Palmer penguins", TABLE),
    "mnist5k": Entry("MNIST, 5,000 digits", IMAGE),
    "kmnist600": Entry("KMNIST, 600 images", IMAGE),
    "mnist": Entry("MNIST", IMAGE),
    "kmnist": Entry("KMNIST", IMAGE),
}

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
}
