"""MNIST: the official training and test sets, 70,000 handwritten digits."""

from functools import partial

from forwardgrad.data import official
from forwardgrad.data.sets import Definition

DEFINITION = Definition(
    source="MNIST, official training and test sets",
    licence="CC BY-SA 3.0",
    licence_url="https://creativecommons.org/licenses/by-sa/3.0/",
    citation=(
        "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-based learning applied to document recognition, "
        "Proceedings of the IEEE 86(11), 1998, doi:10.1109/5.726791"
    ),
    definition=official.DEFINITION,
)

# Addresses and checksums are those of torchvision 0.28; a test compares them.
MIRRORS = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/")
MD5 = {
    "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
}

files = partial(official.files, "MNIST", MD5, MIRRORS)
load = partial(official.load, name="MNIST")
split = official.split
