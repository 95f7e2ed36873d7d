"""A machine without internet, and small archives in the official format."""

import gzip
import hashlib
import socket
import struct
from pathlib import Path

import numpy as np
import pytest

from forwardgrad.data.sets import kmnist


@pytest.fixture(autouse=True)
def no_internet(monkeypatch):
    """Let no test leave this machine: looking up any other host fails as it does without a network."""
    look_up = socket.getaddrinfo

    def local_only(host, *args, **kwargs):
        if host != "127.0.0.1":
            raise socket.gaierror(socket.EAI_NONAME, "no network in tests")
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", local_only)


def idx(array: np.ndarray) -> bytes:
    """Return a uint8 array in the format of the official archives: magic number, sizes, bytes."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def write_set():
    """Write one half of a synthetic set, gzipped, in torchvision's layout; return its images and labels."""

    def write(folder: Path, name: str, half: str, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        images = np.random.default_rng(len(labels)).integers(0, 256, (len(labels), 28, 28), dtype=np.uint8)
        (folder / name / "raw").mkdir(parents=True, exist_ok=True)
        for path, array in (("images-idx3", images), ("labels-idx1", labels.astype(np.uint8))):
            content = gzip.compress(idx(array), mtime=0)
            (folder / name / "raw" / f"{half}-{path}-ubyte.gz").write_bytes(content)
        return images, labels

    return write


@pytest.fixture
def kmnist_folder(tmp_path, monkeypatch, write_set):
    """A data folder with a small test archive for `kmnist600`, and checksums that take it for the official one."""
    folder = tmp_path / "folder"
    write_set(folder, "KMNIST", "t10k", np.random.default_rng(1).permutation(np.repeat(np.arange(10), 70)))
    for path in folder.rglob("*.gz"):
        monkeypatch.setitem(kmnist.MD5, path.name, hashlib.md5(path.read_bytes()).hexdigest())
    return folder


@pytest.fixture
def corrupt():
    """Flip one bit of a file."""

    def corrupt(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)

    return corrupt
