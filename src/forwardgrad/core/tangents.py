"""Tangents: vectors v in parameter space, dense or structured, as objects that forward mode can follow.

A forward gradient (grad f . v) v is unbiased for any v whose components have mean 0, variance 1 and
no correlation: v need not be dense. The tangent of one layer therefore has one small interface: what
it adds to the layer's output, how it updates the parameters, and its dense form. The first costs a
matrix product for a dense tangent, as much as the layer itself, and a matrix-vector product for a
rank-one tangent u w': u (w . x).

The tangent of a network is a `dict` from layer name to layer tangent. A layer that is missing has a
zero tangent. `draws` makes the random ones. K of them can go through a network at once, stacked along a
leading axis (`DenseStack`).
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from forwardgrad.core.engine.maps import Map, over_space


class LayerTangent(Protocol):
    """The tangent of one layer's weight and bias."""

    def output(self, layer: Map, primal: Tensor, outputs: Tensor, onto: Tensor | None = None) -> Tensor:
        """Return what the tangent contributes to the tangent of the layer's output.

        Args:
            layer: What the layer does with its weight and bias.
            primal: The layer's input, shape (batch, ...).
            outputs: The layer's output, for its shape.
            onto: Tangent of the output so far; the contribution is added to it in place.
        """

    def add_to_(self, weight: Tensor | None, bias: Tensor | None, factor: Tensor, scale: float) -> None:
        """Add `factor` (a tensor without dimensions) times `scale` times the tangent to the parameters, in place."""

    def dense(self) -> tuple[Tensor | None, Tensor | None]:
        """Return the tangent written out in the shapes of weight and bias; None is zero."""


Tangents = dict[str, LayerTangent]


@dataclass(frozen=True)
class Dense:
    """One number per parameter, in the shapes of weight and bias. A part that is None is zero."""

    weight: Tensor | None
    bias: Tensor | None = None

    def output(self, layer: Map, primal: Tensor, outputs: Tensor, onto: Tensor | None = None) -> Tensor:
        """V x + b: as many operations as the layer itself."""
        if self.weight is None:
            onto = torch.zeros_like(outputs) if onto is None else onto
            return onto.add_(over_space(self.bias, outputs))
        return layer.dense(primal, self.weight, self.bias, onto)

    def add_to_(self, weight: Tensor, bias: Tensor | None, factor: Tensor, scale: float) -> None:
        """One pass over the parameters."""
        if self.weight is not None:
            weight.addcmul_(self.weight, factor, value=scale)
        if self.bias is not None:
            bias.addcmul_(self.bias, factor, value=scale)

    def dense(self) -> tuple[Tensor | None, Tensor | None]:
        """Itself."""
        return self.weight, self.bias


@dataclass(frozen=True)
class DenseStack:
    """K dense tangents of a layer: for every parameter K numbers, along a leading axis.

    The tangent of the output has that axis too, and `factor` is one number for each of them, shape (K,).

    Attributes:
        weight: Shape (K, *weight).
        bias: Shape (K, out); None for a layer without.
    """

    weight: Tensor | None
    bias: Tensor | None = None

    def output(self, layer: Map, primal: Tensor, outputs: Tensor, onto: Tensor | None = None) -> Tensor:
        """V_k x + b_k for every k, shape (K, batch, out, ...): as many operations as K layers."""
        if self.weight is None:
            onto = outputs.new_zeros((len(self.bias), *outputs.shape)) if onto is None else onto
            return onto.add_(self.bias.view(len(self.bias), 1, -1, *[1] * (outputs.dim() - 2)))
        return layer.stack(primal, self.weight, self.bias, onto)

    def one(self, index: int) -> Dense:
        """Return one of the tangents."""
        return Dense(*(None if part is None else part[index] for part in (self.weight, self.bias)))

    def add_to_(self, weight: Tensor, bias: Tensor | None, factor: Tensor, scale: float) -> None:
        """Add scale sum_k factor_k V_k: one pass over the parameters, and one over the tangents."""
        if self.weight is not None:
            weight.add_(torch.tensordot(factor.to(self.weight.dtype), self.weight, 1), alpha=scale)
        if self.bias is not None:
            bias.add_(torch.tensordot(factor.to(self.bias.dtype), self.bias, 1), alpha=scale)

    def dense(self) -> tuple[Tensor | None, Tensor | None]:
        """Itself."""
        return self.weight, self.bias


@dataclass(frozen=True)
class RankOne:
    """An outer product per layer: u w' for a matrix, u x w x k for a convolution.

    The bias is one more column of the matrix: its tangent is u c. All factors have independent
    components of mean 0 and variance 1, so E[u_i w_j u_k w_l] = delta_ik delta_jl: as unbiased as a
    dense tangent, from out + in + 1 random numbers.

    Attributes:
        left: u, shape (out,).
        right: w, shape (in,).
        offset: c, shape (1,).
        kernel: k, shape (height, width) or of as many axes as a convolution has.
    """

    left: Tensor
    right: Tensor
    offset: Tensor
    kernel: Tensor | None = None

    def output(self, layer: Map, primal: Tensor, outputs: Tensor, onto: Tensor | None = None) -> Tensor:
        """u (w . x + c); for a convolution u (k * (w . x) + c)."""
        return layer.rank_one(primal, self, onto)

    def add_to_(self, weight: Tensor, bias: Tensor | None, factor: Tensor, scale: float) -> None:
        """A rank-one update: the tangent is never written out."""
        left = self.left * factor
        if self.kernel is None:
            weight.addr_(left, self.right, alpha=scale)
        else:
            right = torch.outer(self.right, self.kernel.view(-1)).view(-1, *self.kernel.shape)
            weight.addcmul_(left.view(-1, *[1] * right.dim()), right, value=scale)
        if bias is not None:
            bias.addcmul_(left, self.offset, value=scale)

    def dense(self) -> tuple[Tensor | None, Tensor | None]:
        """The outer products, written out."""
        weight = torch.outer(self.left, self.right)
        if self.kernel is not None:
            weight = torch.tensordot(weight, self.kernel, 0)
        return weight, self.left * self.offset


@dataclass(frozen=True)
class LowRank:
    """The sum of r outer products, over sqrt(r): variance between rank one and dense, r times the cost.

    Attributes:
        left: Rows u_1..u_r, already divided by sqrt(r), shape (r, out).
        right: Rows w_1..w_r, shape (r, in).
        offset: c_1..c_r, shape (r,).
        kernel: k_1..k_r, shape (r, height, width), for a convolution.
    """

    left: Tensor
    right: Tensor
    offset: Tensor
    kernel: Tensor | None = None

    def output(self, layer: Map, primal: Tensor, outputs: Tensor, onto: Tensor | None = None) -> Tensor:
        """The sum over r of u_r (w_r . x + c_r)."""
        return layer.low_rank(primal, self, onto)

    def add_to_(self, weight: Tensor, bias: Tensor | None, factor: Tensor, scale: float) -> None:
        """A rank-r update."""
        left = (self.left * factor).t()
        if self.kernel is None:
            weight.addmm_(left, self.right, alpha=scale)
        else:
            weight.add_((left @ self._right().flatten(1)).view_as(weight), alpha=scale)
        if bias is not None:
            bias.addmv_(left, self.offset, alpha=scale)

    def _right(self) -> Tensor:
        """w_r, for a convolution w_r x k_r, row by row."""
        if self.kernel is None:
            return self.right
        return self.right.view(*self.right.shape, *[1] * (self.kernel.dim() - 1)) * self.kernel.unsqueeze(1)

    def dense(self) -> tuple[Tensor | None, Tensor | None]:
        """The sum of outer products, written out."""
        right = self._right()
        weight = (self.left.t() @ right.flatten(1)).view(self.left.shape[1], *right.shape[1:])
        return weight, self.left.t() @ self.offset
