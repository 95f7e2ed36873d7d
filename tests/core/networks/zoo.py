"""The networks that the engine is tested on, by name: seeded, small, in float64 and in training mode."""

import torch
from torch.utils._pytree import tree_map_only

from . import others, sequences, vision
from .case import Case

ZOO = vision.ZOO | sequences.ZOO | others.ZOO


def build(name):
    """The network called `name`, with what it is called on."""
    torch.manual_seed(0)
    case = ZOO[name]()
    model = case.model.double().train()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.numel() == max(parameter.shape) or not parameter.any():  # 0, 1 and 1e-6 would hide much
                parameter.add_(torch.randn_like(parameter), alpha=0.1)
    inputs, targets = tree_map_only(torch.Tensor, as_double, (case.inputs, case.targets))
    return Case(model, case.loss, inputs, targets)


def as_double(tensor):
    return tensor.double() if tensor.is_floating_point() else tensor
