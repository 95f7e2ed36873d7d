"""The cost of a step on a given network, in multiply-adds: `catalogue.costs` counted for its layers and batch."""

import torch
from torch import Tensor, nn

from forwardgrad.catalogue.costs import LayerCost
from forwardgrad.catalogue.estimators import BASELINES, ESTIMATORS
from forwardgrad.core.engine.plain import walk


def layer_costs(model: nn.Sequential, inputs: Tensor) -> list[LayerCost]:
    """Return the multiply-adds of every layer that has weights, in order, for a batch of `inputs`."""
    found = []
    with torch.no_grad():
        for _, module in walk(model):
            outputs = module(inputs)
            if isinstance(module, nn.Linear | nn.Conv2d):
                width, *_ = module.weight.shape
                positions = outputs.numel() // width  # a convolution works at every place of every image
                thin = inputs.numel() + outputs.numel()
                if isinstance(module, nn.Conv2d):
                    thin = thin + positions * module.groups * module.weight[0, 0].numel()
                shape = len(inputs), inputs[0].numel(), inputs.shape[1], width, module.weight.numel()
                found.append(LayerCost(positions * module.weight.numel(), thin, module.bias is not None, *shape))
            inputs = outputs
    return found


def multiply_adds(method: str, layers: list[LayerCost]) -> float:
    """Return the multiply-adds of one step of `method`.

    Args:
        method: Key of an estimator or of a baseline.
        layers: What `layer_costs` returns.

    Raises:
        ValueError: If there is no such method; names it.
    """
    methods = BASELINES | ESTIMATORS
    if method not in methods:
        raise ValueError(f"no estimator or baseline {method!r}: choose one of {', '.join(methods)}")
    return methods[method].cost(layers)


def relative(method: str, layers: list[LayerCost]) -> float:
    """Return the multiply-adds of one step of `method` over those of a backprop step."""
    return multiply_adds(method, layers) / multiply_adds("backprop", layers)
