"""A network of the user's: made by a function without arguments, which a module of the user's has.

The function returns model, loss, inputs and targets. Whatever is wrong with it is one line.
"""

import sys
from collections.abc import Callable
from importlib import import_module
from os import getcwd
from typing import Any

from torch import Tensor, nn

from forwardgrad.arguments import RefusalError
from forwardgrad.core.engine.nested import tensors
from forwardgrad.experiments.speed.steps import Case
from forwardgrad.experiments.speed.workloads import Made, Workload

RETURNS = "it must return (model, loss, inputs, targets)"


def imported(name: str) -> Callable[[], Any]:
    """Return the function `module:factory` names; the current folder comes before all packages.

    Raises:
        RefusalError: There is no such module, it cannot be imported, or it has no such function.
    """
    module, _, factory = name.partition(":")
    if getcwd() not in sys.path:
        sys.path.insert(0, getcwd())
    try:
        found = import_module(module)
    except Exception as fault:  # whatever the module does when it is imported
        raise RefusalError(f"--network {name}: {module} cannot be imported: {in_one_line(fault)}") from fault
    if not callable(made := getattr(found, factory, None)):
        raise RefusalError(f"--network {name}: {module} has no function {factory}; {RETURNS}")
    return made


def workload(factory: Callable[[], Any], name: str, device: str = "cpu") -> Workload:
    """Return what a function makes as something to measure; each process makes it anew.

    Args:
        factory: Returns model, loss, inputs and targets. Inputs are a tensor, a tuple (the model's arguments) or a
            dict (its keyword arguments); the loss takes what the model returns and the targets, and gives one number.
        name: By which its rows are found.
        device: Where the function puts the model, cpu or cuda.
    """
    return Workload(name, device, lambda: checked(factory, name, device))


def checked(factory: Callable[[], Any], name: str, device: str) -> Made:
    """Return what the function returns.

    Raises:
        RefusalError: It fails, or that is nothing that can be measured.
    """
    try:
        made = factory()
    except Exception as fault:  # whatever it does
        raise RefusalError(f"{name}: the function fails: {in_one_line(fault)}") from fault
    if not isinstance(made, tuple) or len(made) != 4:
        what = f"{len(made)} values" if isinstance(made, tuple) else type(made).__name__
        raise RefusalError(f"{name} returns {what}: {RETURNS}")
    for wrong in faults(*made, device):
        raise RefusalError(f"{name} {wrong}")
    return made


def faults(model: Any, loss: Any, inputs: Any, targets: Any, device: str) -> Any:
    """Yield what is wrong with what a function has returned, each with the remedy."""
    if not isinstance(model, nn.Module):
        yield f"returns {type(model).__name__} as its model: {RETURNS}, the model an nn.Module"
    elif not any(parameter.requires_grad for parameter in model.parameters()):
        yield "returns a model without trainable parameters: one must have requires_grad"
    elif any(parameter.device.type != device for parameter in model.parameters()):
        yield f"returns a model that does not lie on {device}: put it there, or name another --device"
    elif not callable(loss):
        yield f"returns {type(loss).__name__} as its loss: {RETURNS}, the loss a function of outputs and targets"
    elif not (parts := list(tensors(inputs))) or not parts[0].dim():
        yield f"returns {type(inputs).__name__} as its inputs: a tensor, a tuple or a dict of tensors is needed"


def in_one_line(fault: Exception) -> str:
    """Return an error's type, and the first line of what it says."""
    return f"{type(fault).__name__}: {first_line(fault)}"


def first_line(fault: Exception) -> str:
    """Return the first line of what an error says, or the name of its type."""
    return str(fault).partition("\n")[0] or type(fault).__name__


def require_one_loss(name: str, case: Case) -> None:
    """Compute the loss once.

    Raises:
        RefusalError: It fails, or gives anything but one number that depends on the parameters.
    """
    try:
        value = case.value()
    except Exception as fault:  # whatever a user's model or loss does
        raise RefusalError(f"{name}: its loss cannot be computed: {in_one_line(fault)}") from fault
    if not isinstance(value, Tensor) or value.dim():
        given = f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
        raise RefusalError(f"{name}: its loss is {given}: one number is needed, such as the mean over the batch")
    if not value.requires_grad:
        raise RefusalError(f"{name}: its loss depends on no parameter")
