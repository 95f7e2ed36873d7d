import subprocess
import sys

import numpy as np
import pytest
import torch

from forwardgrad.data.prepared import read, to_float, write
from forwardgrad.pipeline import digest

PROVENANCE = {"source": "source", "licence": "licence", "sha256": {"X/raw/x.gz": "00"}}


@pytest.fixture
def prepare(tmp_path):
    """A function that writes a set of ten examples with one split and returns its path."""

    def prepare(train, validation, test, inputs=None):
        inputs = np.arange(10 * 4, dtype=np.uint8).reshape(10, 1, 2, 2) if inputs is None else inputs
        split = [np.array(part, dtype=np.int64) for part in (train, validation, test)]
        write(tmp_path / "set.npz", inputs, np.arange(10) % 3, PROVENANCE, [split])
        return tmp_path / "set.npz"

    return prepare


def test_parts_are_the_indexed_examples(prepare):
    data = read(prepare([0, 1, 4], [2, 3], [5, 9]), seed=0)
    assert data.train.inputs.dtype == torch.float32
    assert torch.equal(data.train.inputs[2].flatten(), torch.tensor([16.0, 17, 18, 19]) / 255)
    assert data.train.labels.tolist() == [0, 1, 1]
    assert data.test.labels.tolist() == [2, 0]
    assert {name: len(part) for name, part in data.splits.items()} == {"train": 3, "validation": 2, "test": 2}
    assert data.provenance == PROVENANCE


def test_tuning_changes_nothing_where_parts_are_disjoint(prepare):
    path = prepare([0, 1, 4], [2, 3], [5, 9])
    for tuning in (False, True):
        data = read(path, 0, tuning=tuning)
        assert (len(data.train), len(data.validation)) == (3, 2)


def test_validation_inside_training_is_for_tuning_only(prepare):
    path = prepare([0, 1, 2, 3, 4], [1, 3], [5, 9])
    ordinary, tuning = read(path, 0), read(path, 0, tuning=True)
    assert (len(ordinary.train), ordinary.validation) == (5, None)
    assert list(ordinary.splits) == ["train", "test"]
    assert tuning.train.labels.tolist() == [0, 2, 1]
    assert tuning.validation.labels.tolist() == [1, 0]


def test_no_validation_part_is_none(prepare):
    assert read(prepare([0, 1], [], [2]), 0).validation is None


def test_measurements_stay_as_they_are(prepare):
    inputs = np.linspace(0, 1, 40, dtype=np.float32).reshape(10, 4)
    data = read(prepare([0, 1], [], [2], inputs), 0)
    assert torch.equal(data.train.inputs, torch.from_numpy(inputs[:2]))


def test_normalisation_is_torchvisions_bit_for_bit(prepare):
    from forwardgrad.data.torchvision_import import import_torchvision

    transforms = import_torchvision().transforms
    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    theirs = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])(pixels)
    assert torch.equal(to_float(torch.from_numpy(pixels)[None], (0.1307, 0.3081)), theirs)
    path = prepare([0, 1], [], [2])
    assert torch.equal(read(path, 0, (0.5, 0.25)).train.inputs, (read(path, 0).train.inputs - 0.5) / 0.25)


def test_missing_seed_names_the_remedy(prepare):
    with pytest.raises(ValueError, match=r"no split for seed 7, only for seeds 0 to 0: prepare it again for 8 seeds"):
        read(prepare([0], [], [1]), 7)


def test_missing_file_names_the_remedy(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none.npz does not exist: prepare it first"):
        read(tmp_path / "none.npz", 0)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"plain text"])
def test_damaged_file_is_named(tmp_path, content):
    path = tmp_path / "bad.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"bad.npz is not a prepared data set .*delete it and prepare it again"):
        read(path, 0)


def test_flipped_bit_is_noticed(prepare):
    path = prepare([0, 1], [], [2])
    content = bytearray(path.read_bytes())
    content[content.index(bytes(range(10)))] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"not a prepared data set \(Bad CRC-32 for file 'inputs.npy'\)"):
        read(path, 0)


@pytest.mark.parametrize("name", ["train-0", "x"])
def test_archive_of_something_else_is_named(tmp_path, name):
    np.savez(tmp_path / "other.npz", **{name: np.arange(3)})
    with pytest.raises(ValueError, match=r"other.npz is not a prepared data set"):
        read(tmp_path / "other.npz", 0)


def test_only_reading_is_used_outside_the_data_layer():
    """What finds and prepares data is reached by the command line alone."""
    for module in digest.modules():
        if module.partition(".")[0] != "data" and module != "pipeline.cli":
            used = {name for name in digest.imports(module) if name.startswith("data.")}
            assert used <= {"data.prepared", "data.torchvision_import"}, module


def test_reading_needs_torch_and_numpy_only():
    code = (
        "import sys, forwardgrad.data.prepared; "
        "print([name for name in ('torchvision', 'tensorflow_datasets', 'sklearn', 'pandas') "
        "if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
