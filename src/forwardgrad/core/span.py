"""Tangents of rank one whose rows lie in the span of the batch."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Generator, Tensor

from forwardgrad.core import draws
from forwardgrad.core.along import Along
from forwardgrad.core.engine.maps import Map
from forwardgrad.core.engine.network import Network
from forwardgrad.core.tangents import RankOne, Tangents
from forwardgrad.core.units import Unit


@dataclass
class InSpan:
    """V = u w' with w = X' L^-T e in the span of the layer's inputs X, a row for each example; L L' = X X', e signs.

    E[w w'] = X' (X X')^-1 X is the projection on that span, and all rows of the gradient D'X lie in it. So the forward
    gradient along V is unbiased, and for B independent inputs E||g||^2 = out B ||grad f||^2, where free signs w have
    out (in + 1). The bias is a column of ones in X. X w = L e needs no product. Where the batch is no smaller than the
    width, w is free.

    Attributes:
        left: u, shape (out,).
        signs: e, and w where it is free, shape (in,).
        offset: A sign, shape (1,): c where it is free; 0 without a bias.
        right: w and c, since the latest batch.
    """

    left: Tensor
    signs: Tensor
    offset: Tensor
    right: tuple[Tensor, Tensor] = field(init=False)

    def __post_init__(self) -> None:
        self.right = self.signs, self.offset

    def output(self, layer: Map, primal: Tensor, outputs: Tensor, onto: Tensor | None = None) -> Tensor:
        """u (w . x + c)."""
        self.right = self.signs, self.offset
        if len(primal) < primal.shape[1]:
            self.right = self._drawn(primal)
        return self._free.output(layer, primal, outputs, onto)

    def _drawn(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Return w and c in the span of a batch."""
        biased = self.offset.abs()
        products = inputs @ inputs.t() + biased
        products = products.to(torch.promote_types(products.dtype, torch.float32))  # torch solves nothing in 16 bits
        products.diagonal().add_(torch.finfo(products.dtype).eps * products.diagonal().sum())  # inputs may be dependent
        factor = torch.linalg.cholesky(products)
        signs = self.signs[: len(inputs)].to(factor.dtype).unsqueeze(1)
        weights = torch.linalg.solve_triangular(factor.t(), signs, upper=True).squeeze(1).to(inputs.dtype)
        return weights @ inputs, weights.sum() * biased

    @property
    def _free(self) -> RankOne:
        return RankOne(self.left, *self.right)

    def add_to_(self, weight: Tensor, bias: Tensor | None, factor: Tensor, scale: float) -> None:
        """A rank-one update."""
        self._free.add_to_(weight, bias, factor, scale)

    def dense(self) -> tuple[Tensor | None, Tensor | None]:
        """The outer product, written out."""
        return self._free.dense()


def in_span(unit: Unit) -> draws.Plan:
    """Plan a tangent in the span of the batch for a linear layer, one of free rank one for every other unit."""
    build, pieces = draws.rank_one(unit)
    linear = unit.matrix and unit.weight.dim() == 2
    return (InSpan if linear else build), pieces


class SpanRankOne(Along):
    """g = <grad f, v> v, v of rank one in every layer and in the span of its inputs (`InSpan`).

    Convolutions and whatever has no matrix have free tangents. AGZO (Lin et al., 2026, arXiv 2601.17261) takes
    differences of losses along the leading directions of this span.
    """

    def __init__(self, generator: Generator) -> None:
        super().__init__(draws.TangentStream(in_span, draws.rademacher_, generator))

    def draw(self, network: Network, inputs: Any) -> Tangents:
        """Return the next tangent.

        Raises:
            TypeError: A layer may be used twice, with different inputs.
        """
        if network.direct is None:
            raise TypeError("span_rank_one takes an nn.Sequential of known layers: use forward_rank_one")
        return super().draw(network, inputs)
