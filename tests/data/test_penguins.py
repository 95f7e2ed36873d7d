import hashlib

import numpy as np

from forwardgrad.data.sets import penguins
from forwardgrad.files import write_atomically


def test_rebuilt_file_is_tfds_own_byte_for_byte():
    content, origin = penguins.packaged()
    assert len(content) == 25_648
    assert f"sha256:{hashlib.sha256(content).hexdigest()}" == penguins.files()[0].checksum
    assert origin.startswith("rebuilt from palmerpenguins ")


def test_tfds_builds_the_same_arrays_twice(tmp_path):
    write_atomically(tmp_path / "penguins" / "raw" / "penguins_processed.csv", penguins.packaged()[0])
    inputs, labels = penguins.load(tmp_path)
    again = penguins.load(tmp_path)
    assert np.array_equal(inputs, again[0])
    assert np.array_equal(labels, again[1])
    assert (inputs.shape, inputs.dtype) == ((334, 4), np.float32)
    assert np.bincount(labels).tolist() == [146, 68, 120]
    assert inputs.min(axis=0).tolist() == [0] * 4
    assert inputs.max(axis=0).tolist() == [1] * 4
    # The file TFDS read is all that lies in its folder afterwards.
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["penguins_processed.csv"]


def test_tfds_built_what_the_file_says(tmp_path):
    path = tmp_path / "penguins" / "raw" / "penguins_processed.csv"
    write_atomically(path, penguins.packaged()[0])
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    expected = np.column_stack([table[:, 0], table[:, 1:].astype(np.float32)])
    inputs, labels = penguins.load(tmp_path)
    built = np.column_stack([labels, inputs])
    assert sorted(map(tuple, built)) == sorted(map(tuple, expected))
