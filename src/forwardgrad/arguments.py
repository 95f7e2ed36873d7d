"""Values of the command line, read strictly: what is wrong is said in one line, with what is allowed."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """A parser that does not print its usage before every error."""

    def error(self, message: str) -> NoReturn:
        """Stop with status 2."""
        self.exit(2, f"{self.prog}: {message}\n")


def require(allowed: bool, text: str, what: str) -> None:
    """Refuse `text`, saying `what` is allowed, unless it is."""
    if not allowed:
        raise argparse.ArgumentTypeError(f"{text!r}: allowed is {what}")


def count(text: str) -> int:
    """Read a whole number above 0."""
    require(text.isdecimal() and int(text) > 0, text, "a whole number above 0")
    return int(text)


def counts(text: str) -> list[int]:
    """Read a list of them, such as `2,10,50`."""
    return [count(part) for part in text.split(",")]


def duration(text: str) -> float:
    """Read a number of seconds above 0."""
    require(text.replace(".", "", 1).isdecimal() and float(text) > 0, text, "a number of seconds above 0")
    return float(text)


def keys_of(name: str) -> Callable[[str], list[str]]:
    """Return what reads a list of keys, such as `lr,mlp`, each one of the catalogue's `name`."""

    def read(text: str) -> list[str]:
        from forwardgrad import catalogue  # only now: most commands do not need it

        for key in text.split(","):
            require(key in getattr(catalogue, name), key, f"one or more of {','.join(getattr(catalogue, name))}")
        return text.split(",")

    return read


def writable(text: str) -> Path:
    """Read the name of a file that is to be written, and make its folder."""
    path = Path(text)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: its folder cannot be made ({error.strerror})") from None
    require(os.access(path.parent, os.W_OK) and not path.is_dir(), text, "a file in a folder that can be written to")
    return path
