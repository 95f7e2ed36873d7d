"""What forward mode cannot do, and what to do about it.

torch's own forward mode is wrong in some functions, without a word, and has no rule for others. Both end in one error
that names the layer.
"""

import re
from collections.abc import Callable
from types import TracebackType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import resolve_name

from forwardgrad.core.engine.duals import carries


class RefusedError(TypeError):
    """A function that has no derivative along a tangent here."""


ANYWHERE = "or use an estimator without forward mode, such as spsa"
WRONG = "torch's own forward mode is wrong here (pytorch issue {}): write it with {}"
CUMULATIVE = WRONG.format(196705, "torch.cumsum")
INVERSE = WRONG.format(196682, "torch.linalg.inv")
SOLVE = WRONG.format(196694, "torch.linalg.solve_triangular, twice")
TRIANGULAR = "torch's own forward mode is wrong here: write it with torch.linalg.solve_triangular"
PRODUCT = WRONG.format(196702, "sums of logarithms")
CHUNKED = "torch's own forward mode is zero with options here: leave options=None"
CLASS_WEIGHTS = "the weights of the classes have no derivative in torch: detach them"


def always(*args: Any, **kwargs: Any) -> bool:
    """Whatever it is called on."""
    return True


def of_vectors(input: Tensor, factor: Tensor, *args: Any, **kwargs: Any) -> bool:
    """Whether the right-hand sides of a batch of factors are vectors."""
    return factor.dim() > 2 and input.dim() < factor.dim()


def by_product(*args: Any, reduce: str = "", **kwargs: Any) -> bool:
    """Whether a scatter multiplies."""
    return "prod" in (reduce, *(each for each in args if isinstance(each, str)))


def in_chunks(*args: Any, options: Any = None, **kwargs: Any) -> bool:
    """Whether a fused loss has options."""
    return options is not None


def of_learned_weights(input: Tensor, target: Tensor, weight: Tensor | None = None, *args: Any, **kwargs: Any) -> bool:
    """Whether the weights of the classes carry a tangent."""
    return carries(weight)


REFUSED: dict[Callable, tuple[str, Callable[..., bool]]] = {
    **dict.fromkeys((torch.logcumsumexp, Tensor.logcumsumexp), (CUMULATIVE, always)),
    **dict.fromkeys((torch.cholesky_inverse, Tensor.cholesky_inverse), (INVERSE, always)),
    **dict.fromkeys((torch.cholesky_solve, Tensor.cholesky_solve), (SOLVE, of_vectors)),
    **dict.fromkeys((torch.triangular_solve, Tensor.triangular_solve), (TRIANGULAR, always)),
    **dict.fromkeys((torch.scatter_reduce, Tensor.scatter_reduce, Tensor.scatter_reduce_), (PRODUCT, by_product)),
    F.linear_cross_entropy: (CHUNKED, in_chunks),
    **dict.fromkeys((F.cross_entropy, F.nll_loss, torch.nn.functional.nll_loss), (CLASS_WEIGHTS, of_learned_weights)),
}

# torch's own words, and what they mean.
UNSUPPORTED = {
    r"forward AD with (?:aten::)?(\w+) that does not support it": "torch has no forward mode of {}",
    r"^(\w+)\(\): functions with out=\.\.\. arguments don't support": "{} has no forward mode with out=...",
    r"implement the jvp function|use an autograd.Function with functorch": "{} has no forward mode",
    r"forward grad that itself has a forward gradient": "torch takes no forward derivative of the targets of {}",
    r"Nested forward mode AD is not supported": "torch has no forward mode within forward mode, as in {}",
    r"^(\w+) is not differentiable wrt running_mean": "the running statistics of {} have no derivative",
}


def refuse(function: Callable, args: tuple, kwargs: dict[str, Any]) -> None:
    """Refuse a function that torch would carry out wrongly, where a tangent meets it.

    Raises:
        RefusedError: It is one.
    """
    reason, when = REFUSED[function]
    if when(*args, **kwargs) and (carries(args) or carries(kwargs)):
        raise RefusedError(f"{function.__name__}: {reason}, {ANYWHERE}")


def explain(error: Exception, where: str) -> None:
    """Say of an error that arose in `where` what it means, if it is about forward mode.

    Raises:
        TypeError: In one line: the layer, the function, the reason and the remedy.
    """
    if isinstance(error, RefusedError):
        raise TypeError(f"{where}: {error}") from error
    reason = meaning(error)
    if reason is not None:
        raise TypeError(f"{where}: {reason}: write it otherwise, {ANYWHERE}") from error


def meaning(error: Exception) -> str | None:
    """Return what torch's error says of forward mode; None if it is about something else."""
    for pattern, text in UNSUPPORTED.items():
        found = re.search(pattern, str(error))
        if found:
            return text.format(found[1] if found.groups() else function_of(error.__traceback__))
    return None


def frames(trace: TracebackType | None) -> list[dict[str, Any]]:
    """Return the local names of every call that an error has passed, the innermost first."""
    found = []
    while trace is not None:
        found.insert(0, trace.tb_frame.f_locals)
        trace = trace.tb_next
    return found


def culprit(trace: TracebackType | None, model: nn.Module) -> str:
    """Return the innermost layer that an error has passed."""
    names = {id(module): name for name, module in model.named_modules()}
    for place in frames(trace):
        module = place.get("self")
        if id(module) in names and module is not model:
            return f"layer {names[id(module)]} ({type(module).__name__})"
        if isinstance(module, nn.Module) and id(module) not in names:
            return f"the loss ({type(module).__name__})"
    return f"the network ({type(model).__name__}) or its loss"


def function_of(trace: TracebackType | None) -> str:
    """Return the name of the torch function, or of the user's `autograd.Function`, in which an error arose."""
    for place in frames(trace):
        if isinstance(place.get("cls"), type):
            return place["cls"].__name__
        if callable(place.get("function")):
            return resolve_name(place["function"]) or place["function"].__name__
    return "a function"
