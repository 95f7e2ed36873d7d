"""The networks that the engine is tested on, by name: seeded, small, in float64, in training mode by default."""

import torch
from torch.utils._pytree import tree_map_only

from . import others, sequences, vision
from .case import Case

IN_EVALUATION = (
    "mobilenet_v2",
    "swin",
    "bert",
    "causal_encoder",
    "lstm",
    "spectral_norm",
)  # torch has fast paths there
ZOO = vision.ZOO | sequences.ZOO | others.ZOO
NAMES = (*ZOO, *(f"{name}, evaluation" for name in IN_EVALUATION))


def build(name):
    """The network called `name`, with what it is called on."""
    family, _, mode = name.partition(", ")
    torch.default_generator.manual_seed(0)
    case = ZOO[family]()
    model = case.model.double().train(mode != "evaluation")
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.numel() == max(parameter.shape) or not parameter.any():  # 0, 1 and 1e-6 would hide much
                parameter.add_(torch.randn_like(parameter), alpha=0.1)
    inputs, targets = tree_map_only(torch.Tensor, as_double, (case.inputs, case.targets))
    return Case(model, case.loss, inputs, targets)


def as_double(tensor):
    return tensor.double() if tensor.is_floating_point() else tensor
