"""What an estimate's mean, size and angle should be, by formula, where there is one.

G is the gradient, of n entries, in units of its own norm: ||G|| = 1. `sampling` names the quantities.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from forwardgrad.core.forward import Loss


@dataclass(frozen=True)
class Block:
    """A part of the gradient: its entries, the sum of their squares, and that of their squares about their mean."""

    entries: int
    square: float
    centred: float

    @staticmethod
    def of(part: Tensor) -> "Block":
        """Measure one part."""
        return Block(part.numel(), part.square().sum().item(), (part - part.mean()).square().sum().item())


def cosine(dimensions: int, entries: int) -> float:
    """E|cos| between a vector and its projection on an isotropic subspace; of one dimension about sqrt(2 / (pi n)).

    cos^2 follows the law Beta(K / 2, (n - K) / 2).
    """
    gammas = (dimensions + 1) / 2, entries / 2, dimensions / 2, (entries + 1) / 2
    first, second, third, fourth = map(math.lgamma, gammas)
    return math.exp(first + second - third - fourth)


def formulae(estimator: str, tensors: Sequence[Block], layers: Sequence[Block]) -> dict[str, float]:
    """Return the quantities of `estimator` for which there is a formula.

    Differences (`spsa`) have those of their derivatives, up to terms of order epsilon^2.

    Args:
        estimator: Its key.
        tensors: The gradient cut into parameter tensors.
        layers: The gradient cut into layers, weight and bias together.
    """
    n, count = sum(block.entries for block in tensors), len(layers)
    unbiased = {"along": 1.0, "bias": 0.0}
    line = {"cosine": cosine(1, n), "cosine_squared": 1 / n}
    gaussian, signs = {"second_moment": n + 2.0} | line, {"second_moment": float(n), "cosine_squared": 1 / n}
    kept = sum(block.centred for block in tensors)
    own: dict[str, dict[str, float]] = {
        "backprop": {"second_moment": 1.0, "cosine": 1.0, "cosine_squared": 1.0},
        "forward_gaussian": gaussian,
        "spsa": gaussian,
        "forward_sphere": {"second_moment": float(n)} | line,
        "forward_rademacher": signs,
        "forward_rank_one": signs,
        "spsa_rank_one": signs,
        "forward_rank_one_layer": {
            "second_moment": count * sum(block.entries * block.square for block in layers),
            "cosine_squared": sum(block.square / block.entries for block in layers) / count,
        },
        "forward_blockwise": {"second_moment": sum((block.entries + 2) * block.square for block in tensors)},
        "forward_blockwise_standardised": {
            "second_moment": sum((block.entries - 1) * block.centred for block in tensors),
            "along": kept,
            "bias": 1 - kept,
        },
        "noisy_backprop": {"second_moment": n + 2.0},
    }
    for tangents in (4, 16):
        size = min(tangents, n)
        own[f"forward_mean_{tangents}"] = {"second_moment": (n + tangents + 1) / tangents}
        angle = {"cosine": cosine(size, n) if size < n else 1.0, "cosine_squared": size / n}
        own[f"forward_projected_{tangents}"] = {"second_moment": n / size} | angle
    return unbiased | own.get(estimator, {})


def activity_second_moment(model: nn.Sequential, loss: Loss, inputs: Tensor, targets: Tensor) -> float | None:
    """E||g||^2 of `activity`, in units of the loss's own gradient; None unless every layer with parameters is linear.

    ||G||^2 + sum over examples b and layers l of (||x_lb||^2 + 1) (m_l ||c_b||^2 - ||c_lb||^2), with x_lb the layer's
    input and c_lb the cotangent of its m_l outputs, c_b that of all layers. Without a bias there is no + 1.
    """
    layers = [layer for layer in model.modules() if list(layer.parameters(recurse=False))]
    if not all(isinstance(layer, nn.Linear) for layer in layers):
        return None
    passes: list[tuple[Tensor, Tensor]] = []
    hooks = [layer.register_forward_hook(lambda _, given, made: passes.append((given[0], made))) for layer in layers]
    value = loss(model(inputs), targets)
    for hook in hooks:
        hook.remove()
    outputs = [made for _, made in passes]
    cotangents = torch.autograd.grad(value, outputs, retain_graph=True)
    gradient = torch.autograd.grad(value, list(model.parameters()))
    everywhere = sum(cotangent.square().sum(1) for cotangent in cotangents)
    moment = sum(part.square().sum() for part in gradient)
    for layer, (given, made), cotangent in zip(layers, passes, cotangents, strict=True):
        size = given.square().sum(1) + (layer.bias is not None)
        moment = moment + (size * (made.shape[1] * everywhere - cotangent.square().sum(1))).sum()
    return moment.detach().item()
