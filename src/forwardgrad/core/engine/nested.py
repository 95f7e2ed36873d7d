"""What networks take and return: a tensor, or tensors in lists, tuples and dicts, one within the other."""

from collections.abc import Callable, Iterator
from typing import Any

from torch import Tensor, nn


def tensors(value: Any) -> Iterator[Tensor]:
    """Yield the tensors in it."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from tensors(part)


def changed(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """Return the same with every tensor changed, in the order of `tensors`."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(changed(part, change) for part in value))
    if isinstance(value, list | tuple):
        return type(value)(changed(part, change) for part in value)
    if isinstance(value, dict):  # also the outputs of transformers
        return type(value)({key: changed(part, change) for key, part in value.items()})
    return value


def put_back(value: Any, parts: Iterator[Tensor]) -> Any:
    """Return the same with other tensors in the places of its own."""
    return changed(value, lambda _: next(parts))


def batch_size(inputs: Any) -> int:
    """Return the number of examples: the length of the first tensor."""
    return len(next(tensors(inputs)))


def arguments(inputs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return inputs as a model's positional and named arguments: a tuple is several, a dict named ones."""
    if isinstance(inputs, dict):
        return (), inputs
    return (inputs if isinstance(inputs, tuple) else (inputs,)), {}


def called(model: nn.Module, inputs: Any) -> Any:
    """Return what a model makes of its inputs."""
    positional, named = arguments(inputs)
    return model(*positional, **named)
