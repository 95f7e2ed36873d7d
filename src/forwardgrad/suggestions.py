"""Lines for names that nothing has, with the name that was probably meant."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches


def suggest(name: str, known: Iterable[str]) -> str:
    """Return the nearest of the `known` names as a question, or all of them."""
    known = list(known)
    nearest = get_close_matches(str(name), known, n=1)
    return f"did you mean {nearest[0]}?" if nearest else f"choose one of {', '.join(known)}"


def unknown(key: str, names: Iterable[str], what: str, known: Iterable[str]) -> Iterator[str]:
    """Yield a line for each of the `names` under `key` of the configuration that is not `known`."""
    for index, name in enumerate(names):
        yield from unknown_value(f"{key}[{index}]", name, what, known)


def unknown_value(key: str, name: str, what: str, known: Iterable[str]) -> Iterator[str]:
    """Yield a line if the one name under `key` is not `known`."""
    if name not in known:
        yield f"{key} = {name!r}: unknown {what}; {suggest(name, known)}"
