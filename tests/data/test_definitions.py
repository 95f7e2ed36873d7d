from forwardgrad import catalogue
from forwardgrad.data import definitions, penguins
from forwardgrad.data.torchvision_import import import_torchvision


def test_every_set_of_the_catalogue_is_defined():
    assert set(definitions.DEFINITIONS) == set(catalogue.DATASETS)
    for dataset, entry in catalogue.DATASETS.items():
        assert len(definitions.definition(dataset).class_names) == entry.shape.classes


def test_official_files_are_those_of_torchvision():
    datasets = import_torchvision().datasets
    for name in ("MNIST", "KMNIST"):
        theirs = getattr(datasets, name)
        assert list(definitions.MD5[name].items()) == theirs.resources
        assert list(definitions.MIRRORS[name]) == theirs.mirrors
    assert list(definitions.HIRAGANA) == datasets.KMNIST.classes
    assert [name.split(" ")[0] for name in datasets.MNIST.classes] == list(definitions.DIGITS)


def test_penguins_checksum_is_read_from_tfds():
    (file,) = definitions.files("penguins")
    assert file.checksum == "sha256:d9e034c8d8905e19b5528a9c195091ceba4b14df6c095c050d89c5f106dd50ba"
    assert file.urls == (
        "https://storage.googleapis.com/download.tensorflow.org/data/palmer_penguins/penguins_processed.csv",
    )
    assert definitions.definition("penguins").class_names == penguins.SPECIES


def test_kmnist600_needs_the_two_test_archives_only():
    assert [file.path for file in definitions.files("kmnist600")] == [
        "KMNIST/raw/t10k-images-idx3-ubyte.gz",
        "KMNIST/raw/t10k-labels-idx1-ubyte.gz",
    ]
