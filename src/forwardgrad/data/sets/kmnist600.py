"""KMNIST at the size of the students' work: 500 training and 100 test images from the official test archive.

The archive is 3 MB instead of the whole set's 21. Nothing is drawn at random, so that every library version gives
the same images: of each class the first 50 in the archive's order are for training, the next 10 for testing.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from forwardgrad.data.files import File
from forwardgrad.data.official import read_archive
from forwardgrad.data.sets import kmnist
from forwardgrad.data.splits import Split

if TYPE_CHECKING:
    import numpy as np

DEFINITION = replace(
    kmnist.DEFINITION,
    source="KMNIST, official test archive",
    definition=(
        "600 images of KMNIST's official test archive: the first 60 of each class in the archive's order, of which the "
        "first 50 are for training and the next 10 for testing, the same for every seed; no validation part"
    ),
)
TRAIN_PER_CLASS = 50
TEST_PER_CLASS = 10


def files() -> tuple[File, ...]:
    """Return KMNIST's two test archives, images and labels."""
    return tuple(file for file in kmnist.files() if "/t10k-" in file.path)


def load(raw: Path) -> tuple["np.ndarray", "np.ndarray"]:
    """Return the first 60 images of each class of KMNIST's test archive, in the archive's order.

    Returns:
        Images, uint8, shape (600, 1, 28, 28), and labels, int64, shape (600,).
    """
    import numpy as np

    images, labels = read_archive(raw, "KMNIST", train=False)
    kept = ranks(labels) < TRAIN_PER_CLASS + TEST_PER_CLASS
    return np.ascontiguousarray(images[kept]), labels[kept]


def split(labels: "np.ndarray", generator: "np.random.RandomState") -> Split:
    """Return the fixed split: `generator` is not used, every seed has the same images. No validation part."""
    import numpy as np

    first = ranks(labels) < TRAIN_PER_CLASS
    return Split(np.flatnonzero(first), np.array([], dtype=np.int64), np.flatnonzero(~first))


def ranks(labels: "np.ndarray") -> "np.ndarray":
    """Return for each example how many of its class come before it."""
    import numpy as np

    rank = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        rank[labels == label] = np.arange((labels == label).sum())
    return rank
