"""Everything that is wrong with a configuration, one line each, before any work is done.

A line names the key, its value and what is allowed there. The schema says what may stand where; references between
entries and to what exists are checked by the plan of each kind, once the form is right.
"""

import os
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from forwardgrad.arguments import RefusalError
from forwardgrad.experiments.kinds import KINDS, experiments, room
from forwardgrad.schema import schema_problems
from forwardgrad.suggestions import unknown
from forwardgrad.yaml_file import read_yaml

Mapping = dict[str, Any]
SCHEMAS = ("config", *(kind for kind in KINDS if kind != "training"))


def load_schema(folder: Path) -> Mapping:
    """Return the schema of a configuration, the sections of all kinds of experiment included."""
    parts = {name: read_yaml(folder / f"{name}.schema.yaml") for name in SCHEMAS}
    schema = parts.pop("config")
    schema["properties"] |= parts
    return schema


def problems(config: Mapping, schema: Mapping) -> list[str]:
    """Return one line for everything wrong with `config`; an empty list if it can be run."""
    lines = [*schema_problems(config, schema)] or reference_problems(config)
    return list(dict.fromkeys(map(in_one_line, lines)))


def in_one_line(text: str) -> str:
    """Return `text` with what cannot be printed escaped: a name may hold a line break."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def reference_problems(config: Mapping) -> Iterator[str]:
    """Yield what is wrong with a configuration that has the right form."""
    yield from unknown("run", config["run"], "experiment", experiments(config))
    for kind in KINDS:
        if kind in config["experiments"]:
            yield f"experiments.{kind}: allowed is another name, this one is that of a kind of experiment"
    for kind in KINDS:
        if kind == "training" or kind in config:
            yield from room(kind, "plan").problems(config)


def obstacles(*folders: str | Path, megabytes: int = 200) -> Iterator[str]:
    """Yield a line for each of the `folders` that cannot take results: it cannot be written to, or its disk is full."""
    for folder in folders:
        path = Path(folder).absolute()
        existing = next(each for each in (path, *path.parents) if each.exists() or each.is_symlink())
        if not (existing.is_dir() and os.access(existing, os.W_OK)):
            yield f"{existing} cannot be written to: make it a folder that can, results go there"
        elif (free := shutil.disk_usage(existing).free // 2**20) < megabytes:
            yield f"{existing} has {free} MB free, results need up to {megabytes}: make room"


def check_archive(path: Path) -> None:
    """Check the prepared data at `path`, if there are any.

    Raises:
        RefusalError: They are broken.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            broken = archive.testzip()
    except FileNotFoundError:
        return
    except (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        broken = str(error)
    if broken:
        raise RefusalError(f"{path} is broken ({broken}); to make it again, delete {path} and run the same command")
