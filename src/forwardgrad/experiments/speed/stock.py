"""Forward gradients by others' means: the framework's own forward mode, which reproductions measured, and torchzero.

All draw dense Gaussian tangents.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.nn.attention import SDPBackend, sdpa_kernel

from forwardgrad.experiments.speed.steps import Case, Parts


def jvp(case: Case) -> Parts:
    """`torch.func.jvp` along a dense Gaussian tangent, then the update."""

    def derivative(parameters: dict[str, Tensor], tangent: dict[str, Tensor]) -> Tensor:
        with attention_with_rules(case):
            return torch.func.jvp(case.value_at, (parameters,), (tangent,))[1]

    return along_gaussian(case, derivative)


def dual_numbers(case: Case) -> Parts:
    """`torch.autograd.forward_ad`, the same along dual parameters."""

    def derivative(parameters: dict[str, Tensor], tangent: dict[str, Tensor]) -> Tensor:
        with torch.no_grad(), attention_with_rules(case), forward_ad.dual_level():
            theta = {name: forward_ad.make_dual(parameters[name], tangent[name]) for name in parameters}
            return forward_ad.unpack_dual(case.value_at(theta)).tangent

    return along_gaussian(case, derivative)


def attention_with_rules(case: Case) -> AbstractContextManager[None]:
    """Within it `F.scaled_dot_product_attention` is the form that torch's forward mode has rules for."""
    return nullcontext() if isinstance(case.model, nn.Sequential) else sdpa_kernel(SDPBackend.MATH)


def along_gaussian(case: Case, derivative: Callable[[dict[str, Tensor], dict[str, Tensor]], Tensor]) -> Parts:
    """A forward-gradient step as one writes it with the framework: draw, `derivative` along the tangent, update."""
    parameters = {name: parameter.detach() for name, parameter in case.parameters.items()}

    def step() -> Iterator[str]:
        tangent = {name: torch.randn_like(parameter) for name, parameter in parameters.items()}
        yield "draw"
        slope = derivative(parameters, tangent)
        yield "forward"
        for name, parameter in parameters.items():
            parameter.addcmul_(tangent[name], slope, value=-case.rate)
        yield "update"

    return step


def torchzero(case: Case) -> Parts:
    """The optimizer `ForwardGradient` of the package torchzero, with plain SGD.

    Raises:
        TypeError: The package is not installed.
    """
    if find_spec("torchzero") is None:
        raise TypeError("torchzero is not installed: `pip install torchzero`")
    from torchzero import Optimizer, m

    optimizer = Optimizer(case.parameters.values(), m.ForwardGradient(), m.LR(case.rate))

    def step() -> Iterator[str]:
        optimizer.zero_grad()
        with attention_with_rules(case):
            optimizer.step(lambda backward=True: case.value())
        yield "forward"

    return step
