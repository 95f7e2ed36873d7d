"""What forward gradients are measured against: one step of everything else.

`evaluation` is the base of the paper's R: a plain forward pass with loss. Backprop comes in three strengths: the
fastest that a library user gets, with activations computed twice to spare memory (`checkpoints`), and written out by
hand (`by_hand`). Forward mode of others is in `stock`.
"""

from collections.abc import Iterator

import torch
from torch.optim.sgd import sgd

from forwardgrad.experiments.speed.by_hand import by_hand
from forwardgrad.experiments.speed.checkpoints import checkpointed
from forwardgrad.experiments.speed.steps import Case, Parts
from forwardgrad.experiments.speed.stock import dual_numbers, jvp, torchzero

EXAMPLES = 50_000  # from which a batch is gathered: about as many as MNIST has


def gathering(case: Case) -> Parts:
    """Gather a random batch of as many examples into memory that is in the cache, as training does.

    Raises:
        TypeError: An example is not one tensor.
    """
    if not isinstance(case.inputs, torch.Tensor):
        raise TypeError("gathering is measured where inputs are one tensor")
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
    value = torch.no_grad()(case.value)

    def step() -> Iterator[str]:
        value()
        yield "forward"

    return step


def gradient_foreach(case: Case) -> Parts:
    """`torch.autograd.grad` and one fused update of all parameters."""
    parameters = tuple(case.parameters.values())
    moved = [parameter.detach() for parameter in parameters]

    def step() -> Iterator[str]:
        value = case.value()
        yield "forward"
        gradient = torch.autograd.grad(value, parameters, materialize_grads=True)
        yield "backward"
        torch._foreach_add_(moved, gradient, alpha=-case.rate)
        yield "update"

    return step


def sgd_fused(case: Case) -> Parts:
    """`backward`, and the fused update of `torch.optim.SGD` as its functional form, without its bookkeeping.

    (Its class would import torch's compiler first, for a second.)
    """
    parameters = list(case.parameters.values())
    moved = [parameter.detach() for parameter in parameters]
    settings = {"weight_decay": 0.0, "momentum": 0.0, "dampening": 0.0, "nesterov": False, "maximize": False}

    def step() -> Iterator[str]:
        for parameter in parameters:
            parameter.grad = None
        value = case.value()
        yield "forward"
        value.backward()
        yield "backward"
        reached = [(part, parameter.grad) for part, parameter in zip(moved, parameters, strict=True)]
        own, gradient = map(list, zip(*(pair for pair in reached if pair[1] is not None), strict=True))
        sgd(own, gradient, [None] * len(own), lr=case.rate, fused=True, **settings)
        yield "update"

    return step


LIBRARY = {"grad_foreach": gradient_foreach, "sgd_fused": sgd_fused}

BASELINES = {
    "gathering": gathering,
    "evaluation": evaluation,
    "backprop_by_hand": by_hand,
    "backprop_checkpoint": checkpointed,
    "jvp": jvp,
    "forward_ad": dual_numbers,
    "torchzero": torchzero,
}
