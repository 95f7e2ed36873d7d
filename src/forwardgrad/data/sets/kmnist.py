"""KMNIST: the official training and test sets, 70,000 characters of classical Japanese in MNIST's format."""

from functools import partial

from forwardgrad.data import official
from forwardgrad.data.sets import Definition

DEFINITION = Definition(
    source="KMNIST, official training and test sets",
    licence="CC BY-SA 4.0",
    licence_url="https://creativecommons.org/licenses/by-sa/4.0/",
    citation=(
        "T. Clanuwat, M. Bober-Irizar, A. Kitamoto, A. Lamb, K. Yamamoto, D. Ha, "
        "Deep Learning for Classical Japanese Literature, 2018, arXiv:1812.01718; "
        "KMNIST Dataset (created by CODH), adapted from Kuzushiji Dataset (created by NIJL and others), "
        "doi:10.20676/00000341"
    ),
    definition=official.DEFINITION,
)

# Addresses and checksums are those of torchvision 0.28; a test compares them.
MIRRORS = ("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",)
MD5 = {
    "train-images-idx3-ubyte.gz": "bdb82020997e1d708af4cf47b453dcf7",
    "train-labels-idx1-ubyte.gz": "e144d726b3acfaa3e44228e80efcd344",
    "t10k-images-idx3-ubyte.gz": "5c965bf0a639b31b8f53240b1b52f4d7",
    "t10k-labels-idx1-ubyte.gz": "7320c461ea6c1c855c0b718fb2a4b134",
}

files = partial(official.files, "KMNIST", MD5, MIRRORS)
load = partial(official.load, name="KMNIST")
split = official.split
