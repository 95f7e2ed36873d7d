"""MNIST and the sets in its format: four archives, read by torchvision, split without touching the test set."""

import gzip
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from forwardgrad.data.files import File
from forwardgrad.data.splits import Split, divide
from forwardgrad.data.torchvision_import import import_torchvision

if TYPE_CHECKING:
    import numpy as np

DEFINITION = (
    "the official 10,000 test images; of the official 60,000 training images 5,000, stratified per seed, are the "
    "validation part and 55,000 are for training"
)
TEST_IMAGES = 10_000
VALIDATION_IMAGES = 5_000


def files(name: str, md5: Mapping[str, str], mirrors: Iterable[str]) -> tuple[File, ...]:
    """Return the archives of torchvision's set `name`, given the MD5 sum of each and the addresses of their folder."""
    return tuple(
        File(f"{name}/raw/{archive}", f"md5:{checksum}", tuple(mirror + archive for mirror in mirrors))
        for archive, checksum in md5.items()
    )


def load(raw: Path, name: str) -> tuple["np.ndarray", "np.ndarray"]:
    """Return the official training images followed by the official test images.

    Args:
        raw: Folder of verified archives, in torchvision's layout.
        name: `MNIST` or `KMNIST`.

    Returns:
        Images, uint8, shape (70000, 1, 28, 28), and labels, int64, shape (70000,).
    """
    import numpy as np

    images, labels = zip(*(read_archive(raw, name, train) for train in (True, False)), strict=True)
    return np.concatenate(images), np.concatenate(labels)


def read_archive(raw: Path, name: str, train: bool) -> tuple["np.ndarray", "np.ndarray"]:
    """Read one half of an official set with torchvision's own readers.

    torchvision reads unpacked files, for which no checksums are published; so the verified archives are unpacked
    into a temporary folder, and nothing unpacked is kept. `raw` and `name` are those of `load`.

    Returns:
        Images, uint8, shape (N, 1, 28, 28), and labels, int64, shape (N,).
    """
    import_torchvision()
    from torchvision.datasets.mnist import read_image_file, read_label_file

    half = "train" if train else "t10k"
    archives = (f"{half}-images-idx3-ubyte.gz", f"{half}-labels-idx1-ubyte.gz")
    with tempfile.TemporaryDirectory() as folder:
        images, labels = (Path(folder, archive.removesuffix(".gz")) for archive in archives)
        for archive, unpacked in zip(archives, (images, labels), strict=True):
            unpacked.write_bytes(gzip.decompress((raw / name / "raw" / archive).read_bytes()))
        return read_image_file(str(images)).unsqueeze(1).numpy(), read_label_file(str(labels)).numpy()


def split(labels: "np.ndarray", generator: "np.random.RandomState") -> Split:
    """Return the official test part, and the official training part less 5,000 stratified validation images."""
    import numpy as np

    official_train = np.arange(len(labels) - TEST_IMAGES)
    test = np.arange(len(official_train), len(labels))
    train, validation = divide(official_train, labels, VALIDATION_IMAGES, generator)
    return Split(train, validation, test)
