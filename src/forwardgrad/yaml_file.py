"""YAML read strictly: what is broken is one line that names the file, and no key counts twice."""

from pathlib import Path
from typing import Any

import yaml

from forwardgrad.arguments import RefusalError


class Unique(yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader):  # type: ignore[misc]
    """Refuses a mapping that has a key twice: YAML would drop the first without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return the mapping of `node`.

        Raises:
            ValueError: A key stands in it twice.
        """
        found = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in found:
                    raise ValueError(f"duplicate key {key.value!r} in line {key.start_mark.line + 1}")
                found.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path, remedy: str = "mend it") -> Any:
    """Return what a YAML file holds; None if it is empty.

    Raises:
        RefusalError: It is missing, is no text in UTF-8, is not YAML, or has a key twice; one line, with the remedy.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Unique)
    except UnicodeDecodeError as error:
        fault = f"is not text in UTF-8 (byte {error.object[error.start]:#04x} at position {error.start})"
    except OSError as error:
        fault = f"cannot be read ({error.strerror})"
    except (yaml.YAMLError, ValueError) as error:
        fault = f"is not YAML as it is meant here ({' '.join(str(error).split())})"
    raise RefusalError(f"{path} {fault}: {remedy}")


def read_mapping(path: Path, remedy: str = "mend it", empty: bool = False) -> dict[str, Any]:
    """Return the mapping that a YAML file holds; of an `empty` one, if that is allowed, a mapping of nothing.

    Raises:
        RefusalError: See `read_yaml`, or it holds something else.
    """
    content = read_yaml(path, remedy)
    if content is None and empty:
        return {}
    if not isinstance(content, dict):
        raise RefusalError(f"{path} holds no mapping of keys to values: {remedy}")
    return content
