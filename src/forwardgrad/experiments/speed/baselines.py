"""What forward gradients are measured against: one step of everything else.

`evaluation` is the base of the
paper's R: a plain forward pass with loss. Backprop comes in three strengths: the fastest that a library user
gets, with activations computed twice to spare memory, and written out by hand (`by_hand`). `jvp` and `forward_ad` are
the framework's own forward mode, which other reproductions measured.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.optim.sgd import sgd
from torch.utils.checkpoint import checkpoint

from forwardgrad.core.units import detached
from forwardgrad.experiments.speed.by_hand import by_hand
from forwardgrad.experiments.speed.steps import Case, Parts

EXAMPLES = 50_000  # from which a batch is gathered: about as many as MNIST has


def gathering(case: Case) -> Parts:
    """Gather a random batch of as many examples into memory that is in the cache, as training does."""
    size = len(case.inputs)
    inputs = case.inputs.new_zeros((EXAMPLES, *case.inputs.shape[1:]))
    targets, batch = case.targets.new_zeros(EXAMPLES), torch.empty_like(case.inputs)
    orders = torch.randperm(EXAMPLES // size * size, device=inputs.device).split(size)
    count = 0

    def step() -> Iterator[str]:
        nonlocal count
        order, count = orders[count % len(orders)], count + 1
        torch.index_select(inputs, 0, order, out=batch)
        torch.index_select(targets, 0, order)
        yield "forward"

    return step


def evaluation(case: Case) -> Parts:
    """The loss, and nothing else."""

    @torch.no_grad()
    def value() -> Tensor:
        return case.loss(case.model(case.inputs), case.targets)

    def step() -> Iterator[str]:
        value()
        yield "forward"

    return step


def gradient_foreach(case: Case) -> Parts:
    """`torch.autograd.grad` and one fused update of all parameters."""
    parameters = tuple(case.model.parameters())
    moved = list(detached(case.model).values())

    def step() -> Iterator[str]:
        value = case.loss(case.model(case.inputs), case.targets)
        yield "forward"
        gradient = torch.autograd.grad(value, parameters)
        yield "backward"
        torch._foreach_add_(moved, gradient, alpha=-case.rate)
        yield "update"

    return step


def sgd_fused(case: Case) -> Parts:
    """`backward`, and the fused update of `torch.optim.SGD` as its functional form, without its bookkeeping.

    (Its class would import torch's compiler first, for a second.)
    """
    parameters, moved = list(case.model.parameters()), list(detached(case.model).values())
    settings = {"weight_decay": 0.0, "momentum": 0.0, "dampening": 0.0, "nesterov": False, "maximize": False}

    def step() -> Iterator[str]:
        for parameter in parameters:
            parameter.grad = None
        value = case.loss(case.model(case.inputs), case.targets)
        yield "forward"
        value.backward()
        yield "backward"
        gradient = [parameter.grad for parameter in parameters]
        sgd(moved, gradient, [None] * len(moved), lr=case.rate, fused=True, **settings)
        yield "update"

    return step


LIBRARY = {"grad_foreach": gradient_foreach, "sgd_fused": sgd_fused}


def checkpointed(case: Case) -> Parts:
    """Backprop that keeps the inputs of about sqrt(L) groups of layers and computes the rest once more.

    The last layer that has weights is not computed again (Chen et al., 2016, arXiv 1604.06174).
    """
    groups, last = groups_of(list(case.model))
    parameters, moved = tuple(case.model.parameters()), list(detached(case.model).values())

    def step() -> Iterator[str]:
        value = case.inputs
        for group in groups:
            value = checkpoint(group, value, use_reentrant=False, preserve_rng_state=False)
        value = case.loss(last(value), case.targets)
        yield "forward"
        gradient = torch.autograd.grad(value, parameters)
        yield "backward"
        torch._foreach_add_(moved, gradient, alpha=-case.rate)
        yield "update"

    return step


def groups_of(modules: list[nn.Module]) -> tuple[list[nn.Sequential], nn.Sequential]:
    """Return the layers in groups of about sqrt(L) blocks, each from a layer with weights on, and the last block."""
    starts = [index for index, module in enumerate(modules) if next(module.parameters(), None) is not None]
    *starts, last = [0, *starts[1:]]
    size = max(1, round(len(starts) ** 0.5))
    cuts = [*starts[::size], last] if starts else [last]
    groups = [nn.Sequential(*modules[low:high]) for low, high in pairwise(cuts)]
    return groups, nn.Sequential(*modules[last:])


def jvp(case: Case) -> Parts:
    """`torch.func.jvp` along a dense Gaussian tangent, then the update."""

    def derivative(parameters: dict[str, Tensor], tangent: dict[str, Tensor]) -> Tensor:
        def value(theta: dict[str, Tensor]) -> Tensor:
            return case.loss(torch.func.functional_call(case.model, theta, (case.inputs,)), case.targets)

        return torch.func.jvp(value, (parameters,), (tangent,))[1]

    return along_gaussian(case, derivative)


def dual_numbers(case: Case) -> Parts:
    """`torch.autograd.forward_ad`, the same along dual parameters."""

    def derivative(parameters: dict[str, Tensor], tangent: dict[str, Tensor]) -> Tensor:
        with torch.no_grad(), forward_ad.dual_level():
            theta = {name: forward_ad.make_dual(parameters[name], tangent[name]) for name in parameters}
            value = case.loss(torch.func.functional_call(case.model, theta, (case.inputs,)), case.targets)
            return forward_ad.unpack_dual(value).tangent

    return along_gaussian(case, derivative)


def along_gaussian(case: Case, derivative: Callable[[dict[str, Tensor], dict[str, Tensor]], Tensor]) -> Parts:
    """A forward-gradient step as one writes it with the framework: draw, `derivative` along the tangent, update."""
    parameters = detached(case.model)

    def step() -> Iterator[str]:
        tangent = {name: torch.randn_like(parameter) for name, parameter in parameters.items()}
        yield "draw"
        slope = derivative(parameters, tangent)
        yield "forward"
        for name, parameter in parameters.items():
            parameter.addcmul_(tangent[name], slope, value=-case.rate)
        yield "update"

    return step


BASELINES = {
    "gathering": gathering,
    "evaluation": evaluation,
    "backprop_by_hand": by_hand,
    "backprop_checkpoint": checkpointed,
    "jvp": jvp,
    "forward_ad": dual_numbers,
}
