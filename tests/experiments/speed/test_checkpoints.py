"""Which parts of a network checkpointed backprop computes twice; that its step is the right one says test_baselines."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from forwardgrad.core import models
from forwardgrad.experiments.speed.checkpoints import blocks_of, checkpointed, groups_of
from forwardgrad.experiments.speed.workloads import named

BLOCKS = {"resnet18": ("BasicBlock", 8), "vit": ("Block", 6), "gpt": ("Block", 4)}


@pytest.mark.parametrize(("depth", "sizes"), [(0, []), (1, [1]), (2, [1, 1]), (5, [2, 2, 1]), (10, [3, 3, 3, 1])])
def test_checkpoints_lie_about_the_root_of_the_depth_apart(depth, sizes):
    modules = list(models.deep(depth, 8))
    groups, last = groups_of(modules)
    assert [sum(isinstance(module, nn.Linear) for module in group) for group in groups] == sizes
    assert [module for group in [*groups, last] for module in group] == modules
    assert sum(isinstance(module, nn.Linear) for module in last) == 1
    assert all(isinstance(group[0], nn.Linear) for group in [*groups[1:], last] if depth)


@pytest.mark.parametrize(("name", "kind", "count"), [(name, *found) for name, found in BLOCKS.items()])
def test_blocks_are_the_largest_parts_of_a_list_of_layers(name, kind, count):
    assert [type(block).__name__ for block in blocks_of(named(name, 1, "cpu").case().model)] == [kind] * count


def test_a_network_without_blocks_is_refused():
    with pytest.raises(TypeError, match=r"^Linear has no blocks to checkpoint"):
        blocks_of(nn.Linear(2, 2))


@pytest.mark.parametrize("name", BLOCKS)
def test_blocks_are_computed_twice_take_the_right_step_and_stay_what_they_were(name):
    case, other = (named(name, 2, "cpu").case() for _ in range(2))
    blocks, calls = blocks_of(case.model), []
    for block in blocks:
        next(block.children()).register_forward_hook(lambda part, *_: calls.append(part))
    gradient = torch.autograd.grad(other.value(), list(other.parameters.values()))
    expected = [part - 0.1 * own for part, own in zip(other.parameters.values(), gradient, strict=True)]
    list(checkpointed(replace(case, rate=0.1))())
    for part, other in zip(case.parameters.values(), expected, strict=True):
        assert torch.allclose(part, other, rtol=1e-4, atol=1e-5)
    assert len(calls) == 2 * len(blocks)
    assert not any("forward" in vars(block) for block in blocks)
