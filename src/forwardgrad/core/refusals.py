"""What cannot be estimated, and what to do about it: looked at before any work starts."""

import math
import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter

from forwardgrad.core.draws import DISTRIBUTIONS


def is_count(value: Any) -> bool:
    """Whether a value is a whole number above 0."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def is_size(value: Any) -> bool:
    """Whether a value is a finite number above 0."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf


COUNT, SIZE = (is_count, "a whole number above 0"), (is_size, "a finite number above 0")
OPTIONS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "law": (lambda value: isinstance(value, str) and value in DISTRIBUTIONS, f"one of {', '.join(DISTRIBUTIONS)}"),
    "rank": (lambda value: value is None or is_count(value), "a whole number above 0, or None for dense tangents"),
    **dict.fromkeys(("tangents", "shares", "rows"), COUNT),
    "epsilon": (lambda value: value is None or is_size(value), "a finite number above 0, or None to choose it"),
    "head_rate": SIZE,
    "mixed": (lambda value: isinstance(value, bool), "True or False"),
}
WRAPPERS = (nn.DataParallel, nn.parallel.DistributedDataParallel, torch.optim.swa_utils.AveragedModel)


def refuse_model(model: Any, loss: Any) -> None:
    """Refuse what is no network that can be evaluated, or no loss.

    Raises:
        TypeError: It is another kind of object, a wrapper, or has no values yet.
        ValueError: It has no parameters.
    """
    if not isinstance(model, nn.Module):
        what = "a list of layers: wrap it in an nn.Sequential" if isinstance(model, list | tuple) else repr(model)[:60]
        raise TypeError(f"the model, second argument, must be an nn.Module, not {what}")
    if isinstance(model, WRAPPERS):
        raise TypeError(f"{type(model).__name__} wraps the network: pass model.module")
    compiler = sys.modules.get("torch._dynamo")  # whose import takes seconds, and without which nothing is compiled
    for name, module in model.named_modules():
        what = f"layer {name}" if name else "the network"
        if compiler is not None and isinstance(module, compiler.OptimizedModule):
            raise TypeError(f"torch.compile wraps {what}: pass the module from before it (_orig_mod)")
        if isinstance(module, torch.jit.ScriptModule):
            raise TypeError(f"{what} is TorchScript and cannot be seen through: pass the nn.Module that it was made of")
    if not callable(loss):
        raise TypeError(f"the loss, third argument, must be callable, such as nn.CrossEntropyLoss(), not {loss!r}")
    first = next(model.parameters(), None)
    if first is None:
        raise ValueError("the model has no parameters: there is nothing to estimate a gradient for")
    for name, parameter in model.named_parameters():
        if isinstance(parameter, UninitializedParameter):
            raise TypeError(f"parameter {name} has no shape yet: call the model once on a batch first")
        if parameter.is_meta:
            raise TypeError(f"parameter {name} is on the meta device, without values: model.to_empty(device=...) first")
        if parameter.is_complex():
            raise TypeError(f"parameter {name} is complex: split it into real and imaginary part")
        if parameter.is_inference():
            raise TypeError(f"parameter {name} was made in inference mode and cannot move: make the model outside it")


def refuse_option(name: str, value: Any) -> None:
    """Refuse a value that an option cannot have.

    Raises:
        ValueError: It is one.
    """
    allowed, text = OPTIONS[name]
    if not allowed(value):
        raise ValueError(f"{name}={value!r}: allowed is {text}")


def refuse_batch(inputs: Any) -> None:
    """Refuse a batch without examples.

    Raises:
        ValueError: It is empty.
    """
    parts = inputs.values() if isinstance(inputs, dict) else inputs if isinstance(inputs, tuple) else [inputs]
    for part in parts:
        if isinstance(part, Tensor) and not part.numel():
            raise ValueError(f"the batch is empty: an input has shape {tuple(part.shape)}")
