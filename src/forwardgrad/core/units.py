"""The units of a network: which parameters share one tangent.

The weight of a linear layer, a convolution or an embedding is a matrix (with a kernel behind it), so that its tangent
can have low rank; the bias of the first two is one more column of it. Every other parameter is a unit of its own,
whose tangent is dense: scales of normalisations, recurrent weights, positions, a bias whose weight is frozen.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

JOINT = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)  # the bias belongs to the rows of the weight
ATTENTION = ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight")  # of nn.MultiheadAttention
MATRICES = (*JOINT, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d, nn.Embedding)

Parameters = dict[str, Tensor]


@dataclass(frozen=True)
class Unit:
    """A layer's weight and bias, or a single parameter.

    Attributes:
        name: Of the layer, or of the parameter.
        owner: The module that has the parameters.
        keys: What `owner` calls weight and bias; None for a part that there is not or that does not move.
        names: What the network calls them.
        weight: The value, in the parameter's own memory but unknown to autograd; None if only the bias moves.
        bias: Of the bias.
        matrix: Whether a tangent of the weight can have low rank.
        padding: Row of an embedding that never moves.
    """

    name: str
    owner: nn.Module
    keys: tuple[str | None, str | None]
    names: tuple[str | None, str | None]
    weight: Tensor | None
    bias: Tensor | None = None
    matrix: bool = False
    padding: int | None = None

    @property
    def parameters(self) -> tuple[nn.Parameter | None, nn.Parameter | None]:
        """The parameters themselves."""
        return tuple(None if key is None else self.owner._parameters[key] for key in self.keys)


Units = dict[str, Unit]


def units(model: nn.Module, moving: Iterable[nn.Parameter] | None = None) -> Units:
    """Return the units of all parameters that require a gradient, of `moving` alone if given, in order.

    A parameter that two layers share is in one unit, that of the first.
    """
    chosen = {id(parameter) for parameter in (model.parameters() if moving is None else moving)}
    return {unit.name: unit for unit in _units(model, chosen)}


def _units(model: nn.Module, free: set[int]) -> Iterator[Unit]:
    def take(module: nn.Module, key: str) -> nn.Parameter | None:
        """Return a parameter that moves, once."""
        parameter = module._parameters.get(key)
        if parameter is None or id(parameter) not in free or not parameter.requires_grad:
            return None
        free.discard(id(parameter))
        return parameter

    def unit(name: str, module: nn.Module, prefix: str, weight: str | None, bias: str | None, **rest: object) -> Unit:
        values = (None if key is None else module._parameters[key].detach() for key in (weight, bias))
        names = tuple(None if key is None else prefix + key for key in (weight, bias))
        return Unit(name, module, (weight, bias), names, *values, **rest)

    for name, module in model.named_modules():
        prefix, keys = f"{name}." if name else "", list(module._parameters)
        if isinstance(module, MATRICES) and "weight" in keys:
            weight = "weight" if take(module, "weight") is not None else None
            bias = "bias" if isinstance(module, JOINT) and take(module, "bias") is not None else None
            if weight or bias:
                padding = getattr(module, "padding_idx", None)
                matrix = weight is not None and module.weight.numel() > 0
                yield unit(name or "weight", module, prefix, weight, bias, matrix=matrix, padding=padding)
        for key in keys:
            if take(module, key) is not None:
                matrix = key in ATTENTION and isinstance(module, nn.MultiheadAttention)
                yield unit(prefix + key, module, prefix, key, None, matrix=matrix)


def written_out(found: Units) -> Parameters:
    """Return zeros in the shapes of all parameters, by name."""
    parts = (pair for unit in found.values() for pair in zip(unit.names, (unit.weight, unit.bias), strict=True))
    return {name: torch.zeros_like(value) for name, value in parts if name is not None}


def detached(model: nn.Module) -> Parameters:
    """Return the parameters by name, sharing their storage but unknown to autograd."""
    return {name: parameter.detach() for name, parameter in model.named_parameters()}
