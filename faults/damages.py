"""What happens to files."""

import os
import shutil
from pathlib import Path


def empty(path: Path) -> None:
    """Emptied."""
    path.write_bytes(b"")


def cut(path: Path) -> None:
    """Cut in half."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def edited(path: Path) -> None:
    """Edited: its last digit is another."""
    content = bytearray(path.read_bytes())
    place = max(place for place, byte in enumerate(content) if chr(byte).isdigit())
    content[place] = ord("1") if content[place] != ord("1") else ord("2")
    path.write_bytes(content)


def foreign(path: Path) -> None:
    """Replaced by a table of something else."""
    path.write_bytes(b"a,b\n1,2\n")


def latin(path: Path) -> None:
    """Not in UTF-8."""
    path.write_bytes(b"title: \xe9\n")


def listed(path: Path) -> None:
    """Replaced by a list."""
    path.write_bytes(b"[1]\n")


def tab(path: Path) -> None:
    """With a tab where YAML allows none."""
    path.write_bytes(b"a:\n\tb: 1\n")


def tag(path: Path) -> None:
    """With a tag that would run code."""
    path.write_bytes(b"a: !!python/object/apply:os.system ['touch pwned']\n")


def twice(path: Path) -> None:
    """With a key that stands there twice."""
    path.write_bytes(b"run: [tiny]\nrun: [speed]\n")


def gone(path: Path) -> None:
    """Deleted."""
    remove(path)


def folder(path: Path) -> None:
    """Replaced by a folder."""
    remove(path)
    path.mkdir()


def file(path: Path) -> None:
    """Replaced by a file."""
    remove(path)
    path.write_text("a file\n")


def dangling(path: Path) -> None:
    """Replaced by a link to nowhere."""
    remove(path)
    path.symlink_to("nowhere")


def remove(path: Path) -> None:
    """Remove whatever is at `path`."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def restore(path: Path, original: Path) -> None:
    """Put back what was at `path`, its times included."""
    remove(path)
    if original.is_dir():
        shutil.copytree(original, path, symlinks=True)
    elif original.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(original, path)


def dated(folder: Path, seconds: float) -> None:
    """Give every file below `folder` one time."""
    for path in folder.rglob("*"):
        if path.is_file() and ".snakemake" not in path.parts:
            os.utime(path, (seconds, seconds))
