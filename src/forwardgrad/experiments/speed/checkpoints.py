"""Backprop that spares memory: the activations of groups of layers are computed once more in the backward pass."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from forwardgrad.experiments.speed.steps import Case, Parts


def checkpointed(case: Case) -> Parts:
    """Backprop that keeps the inputs of groups of layers and computes the rest once more.

    An `nn.Sequential` has about sqrt(L) groups, and its last layer with weights is not computed again (Chen et al.,
    2016, arXiv 1604.06174). Of any other network each block is a group.

    Raises:
        TypeError: It has no blocks.
    """
    parameters = tuple(case.parameters.values())
    moved = [parameter.detach() for parameter in parameters]
    value = in_groups(case) if isinstance(case.model, nn.Sequential) else in_blocks(case)

    def step() -> Iterator[str]:
        loss = value()
        yield "forward"
        gradient = torch.autograd.grad(loss, parameters, materialize_grads=True)
        yield "backward"
        torch._foreach_add_(moved, gradient, alpha=-case.rate)
        yield "update"

    return step


def in_groups(case: Case) -> Callable[[], Tensor]:
    """Return a function that computes the loss of an `nn.Sequential`, its groups checkpointed."""
    groups, last = groups_of(list(case.model))

    def value() -> Tensor:
        values = case.inputs
        for group in groups:
            values = checkpoint(group, values, use_reentrant=False, preserve_rng_state=False)
        return case.loss(last(values), case.targets)

    return value


def in_blocks(case: Case) -> Callable[[], Tensor]:
    """Return a function that computes the loss of any other network, its blocks checkpointed."""
    blocks = blocks_of(case.model)

    def value() -> Tensor:
        for block in blocks:  # between steps the model is as it was
            block.forward = partial(checkpoint, block.forward, use_reentrant=False)
        try:
            return case.value()
        finally:
            for block in blocks:
                del block.forward

    return value


def blocks_of(model: nn.Module) -> list[nn.Module]:
    """Return the blocks of a network: the parts with weights of every `nn.Sequential` or `nn.ModuleList` in it.

    Raises:
        TypeError: It has none.
    """
    found: list[nn.Module] = []
    for module in model.modules():
        if isinstance(module, nn.Sequential | nn.ModuleList):
            within = {part for block in found for part in block.modules()}
            if module not in within:
                found += [part for part in module if next(part.parameters(), None) is not None]
    if not found:
        raise TypeError(
            f"{type(model).__name__} has no blocks to checkpoint: no nn.Sequential or nn.ModuleList of layers"
        )
    return found


def groups_of(modules: list[nn.Module]) -> tuple[list[nn.Sequential], nn.Sequential]:
    """Return the layers in groups of about sqrt(L) blocks, each from a layer with weights on, and the last block."""
    starts = [index for index, module in enumerate(modules) if next(module.parameters(), None) is not None]
    *starts, last = [0, *starts[1:]]
    size = max(1, round(len(starts) ** 0.5))
    cuts = [*starts[::size], last] if starts else [last]
    groups = [nn.Sequential(*modules[low:high]) for low, high in pairwise(cuts)]
    return groups, nn.Sequential(*modules[last:])
