"""Strict argument types of the command line; each error names the value and what is allowed."""

import argparse
import json
import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn


class RefusalError(ValueError):
    """What a command was asked for and cannot do: one line that names it, and the remedy."""


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, without its usage."""

    def error(self, message: str) -> NoReturn:
        """Stop with status 2."""
        self.exit(2, f"{self.prog}: {message}\n")


def require(allowed: bool, text: str, what: str) -> None:
    """Raise an error that names `text` and `what` is allowed, unless `text` is allowed."""
    if not allowed:
        raise argparse.ArgumentTypeError(f"{text!r}: allowed is {what}")


def count(text: str) -> int:
    """Read a whole number above 0."""
    require(text.isdecimal() and int(text) > 0, text, "a whole number above 0")
    return int(text)


def counts(text: str) -> list[int]:
    """Read a list of whole numbers above 0, such as `2,10,50`."""
    return [count(part) for part in text.split(",")]


def duration(text: str) -> float:
    """Read a number of seconds above 0."""
    require(text.replace(".", "", 1).isdecimal() and float(text) > 0, text, "a number of seconds above 0")
    return float(text)


def key_of(name: str) -> Callable[[str], str]:
    """Return a reader of one key of the catalogue's `name`, such as `MODELS`."""

    def read(text: str) -> str:
        from forwardgrad import catalogue  # imported here, since most commands do not need it

        require(text in getattr(catalogue, name), text, f"one of {', '.join(getattr(catalogue, name))}")
        return text

    return read


def keys_of(name: str) -> Callable[[str], list[str]]:
    """Return a reader of a list of such keys, such as `lr,mlp`."""
    return lambda text: [key_of(name)(key) for key in text.split(",")]


def mapping(text: str) -> dict[str, Any]:
    """Read a JSON object of names and values."""
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    require(isinstance(values, dict), text, 'names and values as JSON, such as {"quick": true}')
    return values


def writable(text: str) -> Path:
    """Read the path of an output file and create its folder."""
    path = Path(text)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: its folder cannot be made ({error.strerror})") from None
    require(os.access(path.parent, os.W_OK) and not path.is_dir(), text, "a file in a folder that can be written to")
    return path


def calling(function: str, *names: str, package: str = "experiments") -> Callable[[argparse.Namespace], int]:
    """Return what carries out a command: `module:function` below a `package` of ours, given the options `names`.

    The module is imported only then: parsing needs neither torch nor pandas.
    """

    def carry_out(options: argparse.Namespace) -> int:
        module, _, name = function.partition(":")
        getattr(import_module(f"forwardgrad.{package}.{module}"), name)(*(getattr(options, each) for each in names))
        return 0

    return carry_out


def add_results(command: argparse.ArgumentParser) -> None:
    """Add the option --results to `command`."""
    command.add_argument("--results", type=Path, default=Path("results"), help="folder of results (default: results)")


def add_reference(command: argparse.ArgumentParser) -> None:
    """Add the option --reference to `command`."""
    folder = Path("results/reference")
    command.add_argument("--reference", type=Path, default=folder, help=f"published results (default: {folder})")
