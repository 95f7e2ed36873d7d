import subprocess
import sys

import pytest

from forwardgrad.catalogue import DATASETS
from forwardgrad.data import sets
from forwardgrad.data.sets import kmnist, kmnist600, mnist, penguins
from forwardgrad.data.torchvision_import import import_torchvision


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_set_of_the_catalogue_has_a_module(dataset):
    module = sets.find(dataset)
    assert module.__name__ == f"forwardgrad.data.sets.{dataset}"
    assert module.files()
    assert callable(module.load)
    assert callable(module.split)


def test_every_module_is_in_the_catalogue(root):
    modules = {path.stem for path in (root / "src/forwardgrad/data/sets").glob("*.py")}
    assert modules - {"__init__"} == set(DATASETS)


def test_unknown_set_is_refused():
    with pytest.raises(ValueError, match=f"no data set 'mnits': choose one of {', '.join(DATASETS)}"):
        sets.find("mnits")


def test_finding_loads_the_standard_library_only():
    code = (
        "import sys; before = set(sys.modules); from forwardgrad.data import sets; "
        "[sets.find(key).files() for key in sets.DATASETS]; "
        "print(sorted({name.partition('.')[0] for name in set(sys.modules) - before} - sys.stdlib_module_names))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "['forwardgrad']"


@pytest.mark.parametrize(("name", "module"), [("MNIST", mnist), ("KMNIST", kmnist)])
def test_official_files_are_those_of_torchvision(name, module):
    theirs = getattr(import_torchvision().datasets, name)
    assert list(module.MD5.items()) == theirs.resources
    assert list(module.MIRRORS) == theirs.mirrors


def test_penguins_checksum_is_read_from_tfds():
    (file,) = penguins.files()
    assert file.checksum == "sha256:d9e034c8d8905e19b5528a9c195091ceba4b14df6c095c050d89c5f106dd50ba"
    assert file.urls == (
        "https://storage.googleapis.com/download.tensorflow.org/data/palmer_penguins/penguins_processed.csv",
    )


def test_kmnist600_needs_the_two_test_archives_only():
    assert [file.path for file in kmnist600.files()] == [
        "KMNIST/raw/t10k-images-idx3-ubyte.gz",
        "KMNIST/raw/t10k-labels-idx1-ubyte.gz",
    ]
