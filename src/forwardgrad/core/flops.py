"""Multiply-adds of a step by arithmetic: the floor under any measurement.

With F the products of one forward pass and F_1 those of its first parameterised layer, backprop needs
3 F - F_1 (no cotangent is passed below the first layer), a dense tangent the same, K of them K times that, a
rank-one tangent 2 F - F_1, a difference of two losses 2 F. Random draws, elementwise work and updates come on
top and are not counted.
"""

import torch
from torch import Tensor, nn


def products(model: nn.Sequential, inputs: Tensor) -> list[float]:
    """Return the multiply-adds of each layer that has a weight, in order, for one forward pass."""
    counts, value = [], inputs
    with torch.no_grad():
        for module in model:
            value = module(value)
            if isinstance(module, nn.Linear):
                counts.append(float(value.shape[0] * module.weight.numel()))
            elif isinstance(module, nn.Conv2d):
                counts.append(float(value.shape[0] * value.shape[2:].numel() * module.weight.numel()))
    return counts


def floor(method: str, layers: list[float], biases: bool = True) -> float:
    """Return the multiply-adds of one step of `method` over those of a backprop step.

    Args:
        method: An estimator key or baseline; all that are not named below need what backprop needs.
        layers: Multiply-adds per layer, from `products`.
        biases: Whether layers have biases; blockwise estimators spend a pass on each.
    """
    forward, first = sum(layers), layers[0]
    rest = [sum(layers[index + 1 :]) for index in range(len(layers))]  # tangent products above a moving layer
    above = sum(rest) / len(layers)
    blockwise = sum((1 + biases) * (forward + above) + count for above, count in zip(rest, layers, strict=True))
    one = 3 * forward - first
    total = {
        "evaluation": forward,
        "spsa": 2 * forward,
        "spsa_rank_one": 2 * forward,
        **{f"forward_{kind}_{count}": count * one for kind in ("mean", "projected") for count in (4, 16)},
        "forward_rank_one": 2 * forward - first,
        "forward_rank_four": 2 * forward - first,
        "forward_rank_one_layer": forward + above,
        "forward_blockwise": blockwise,
        "forward_blockwise_standardised": blockwise,
    }.get(method, one)
    return total / one
