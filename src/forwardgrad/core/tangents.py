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
import torch.nn.functional as F
from torch import Tensor, nn


class LayerTangent(Protocol):
    """The tangent of one layer's weight and bias."""

    def output(self, layer: nn.Module, primal: Tensor, onto: Tensor | None = None) -> Tensor:
        """Return what the tangent contributes to the tangent of the layer's output.

        Args:
            layer: The layer, for its kind and its stride, padding and dilation.
            primal: The layer's input, shape (batch, ...).
            onto: Tangent of the output so far; the contribution is added to it in place.
        """

    def add_to_(self, weight: Tensor, bias: Tensor | None, factor: Tensor, scale: float) -> None:
        """Add `factor` (a tensor without dimensions) times `scale` times the tangent to the parameters, in place."""

    def dense(self) -> tuple[Tensor | None, Tensor | None]:
        """Return the tangent written out in the shapes of weight and bias; None is zero."""


Tangents = dict[str, LayerTangent]
NARROW = 16  # A product with fewer columns wastes the processor's vectors.


def convolve(layer: nn.Conv2d, inputs: Tensor, weight: Tensor, bias: Tensor | None = None, groups: int = 1) -> Tensor:
    """Convolve with the geometry of `layer` and other weights."""
    return F.conv2d(inputs, weight, bias, layer.stride, layer.padding, layer.dilation, groups)


def over_outputs(part: Tensor, layer: nn.Module, primal: Tensor) -> Tensor:
    """Return `part` written out in the shape of the layer's output, which is not computed."""
    if isinstance(layer, nn.Linear):
        return part.expand(*primal.shape[:-1], layer.out_features).clone(memory_format=torch.contiguous_format)
    shape = convolve(layer, primal.to("meta"), layer.weight.detach().to("meta"), groups=layer.groups).shape
    return part.expand(shape).clone(memory_format=torch.channels_last)  # the layout convolutions are fast in


@dataclass(frozen=True)
class Dense:
    """One number per parameter, in the shapes of weight and bias. A part that is None is zero."""

    weight: Tensor | None
    bias: Tensor | None = None

    def output(self, layer: nn.Module, primal: Tensor, onto: Tensor | None = None) -> Tensor:
        """V x + b: as many operations as the layer itself."""
        if self.weight is None:
            spread = self.bias.view(-1, *[1] * (primal.dim() - 2))
            return over_outputs(spread, layer, primal) if onto is None else onto.add_(spread)
        if isinstance(layer, nn.Linear):
            if onto is None:
                return F.linear(primal, self.weight, self.bias)
            onto.addmm_(primal, self.weight.t())
            return onto if self.bias is None else onto.add_(self.bias)
        added = convolve(layer, primal, self.weight, self.bias, layer.groups)
        return added if onto is None else onto.add_(added)

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

    weight: Tensor
    bias: Tensor | None = None

    def output(self, layer: nn.Module, primal: Tensor, onto: Tensor | None = None) -> Tensor:
        """V_k x + b_k for every k, shape (K, batch, out, ...): as many operations as K layers."""
        return (self._linear if isinstance(layer, nn.Linear) else self._convolution)(layer, primal, onto)

    def _linear(self, layer: nn.Linear, primal: Tensor, onto: Tensor | None) -> Tensor:
        """K products in one call, of tangents where they lie; narrow ones side by side, as one wide product."""
        if layer.out_features < NARROW:
            added = F.linear(primal, self.weight.flatten(0, 1)).view(len(primal), len(self.weight), -1).transpose(0, 1)
            onto = added.contiguous() if onto is None else onto.add_(added)
        else:
            several, transposed = primal.expand(len(self.weight), -1, -1), self.weight.transpose(1, 2)
            onto = torch.bmm(several, transposed) if onto is None else onto.baddbmm_(several, transposed)
        return onto if self.bias is None else onto.add_(self.bias.unsqueeze(1))

    def _convolution(self, layer: nn.Conv2d, primal: Tensor, onto: Tensor | None) -> Tensor:
        """One convolution, whose channels are those of all tangents, group by group."""
        groups, count = layer.groups, len(self.weight)
        weight, bias = (
            None if part is None else part.unflatten(1, (groups, -1)).transpose(0, 1).flatten(0, 2)
            for part in (self.weight, self.bias)
        )
        added = convolve(layer, primal, weight, bias, groups)
        added = added.unflatten(1, (groups, count, -1)).movedim(2, 0).flatten(2, 3)
        # Channels last, the layout convolutions are fast in.
        return added.movedim(2, -1).contiguous().movedim(-1, 2) if onto is None else onto.add_(added)

    def add_to_(self, weight: Tensor, bias: Tensor | None, factor: Tensor, scale: float) -> None:
        """Add scale sum_k factor_k V_k: one pass over the parameters, and one over the tangents."""
        weight.add_(torch.tensordot(factor, self.weight, 1), alpha=scale)
        if bias is not None:
            bias.add_(torch.tensordot(factor, self.bias, 1), alpha=scale)

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
        kernel: k, shape (height, width), for a convolution.
    """

    left: Tensor
    right: Tensor
    offset: Tensor
    kernel: Tensor | None = None

    def output(self, layer: nn.Module, primal: Tensor, onto: Tensor | None = None) -> Tensor:
        """u (w . x + c); for a convolution u (k * (w . x) + c), * over space, on one channel only."""
        if self.kernel is None:
            amount = torch.addmv(self.offset, primal, self.right)
            return torch.outer(amount, self.left) if onto is None else onto.addr_(amount, self.left)
        if layer.groups != 1:
            return Dense(*self.dense()).output(layer, primal, onto)
        contracted = torch.matmul(primal.permute(0, 2, 3, 1), self.right).unsqueeze(1)
        amount = convolve(layer, contracted, self.kernel[None, None], self.offset)
        if onto is not None:
            return onto.addcmul_(amount, self.left.view(-1, 1, 1))
        batch, _, height, width = amount.shape
        spread = torch.outer(amount.view(-1), self.left)  # channels last, the layout convolutions are fast in
        return spread.view(batch, height, width, -1).permute(0, 3, 1, 2)

    def add_to_(self, weight: Tensor, bias: Tensor | None, factor: Tensor, scale: float) -> None:
        """A rank-one update: the tangent is never written out."""
        left = self.left * factor
        if self.kernel is None:
            weight.addr_(left, self.right, alpha=scale)
        else:
            right = torch.outer(self.right, self.kernel.view(-1)).view(-1, *self.kernel.shape)
            weight.addcmul_(left.view(-1, 1, 1, 1), right, value=scale)
        if bias is not None:
            bias.addcmul_(left, self.offset, value=scale)

    def dense(self) -> tuple[Tensor | None, Tensor | None]:
        """The outer products, written out."""
        weight = torch.outer(self.left, self.right)
        if self.kernel is not None:
            weight = weight[:, :, None, None] * self.kernel
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

    def output(self, layer: nn.Module, primal: Tensor, onto: Tensor | None = None) -> Tensor:
        """The sum over r of u_r (w_r . x + c_r), as two thin matrix products."""
        if self.kernel is None:
            amounts = torch.addmm(self.offset, primal, self.right.t())
            return amounts @ self.left if onto is None else onto.addmm_(amounts, self.left)
        if layer.groups != 1:
            return Dense(*self.dense()).output(layer, primal, onto)
        contracted = torch.matmul(primal.permute(0, 2, 3, 1), self.right.t()).permute(0, 3, 1, 2)
        amounts = convolve(layer, contracted, self.kernel.unsqueeze(1), self.offset, groups=len(self.kernel))
        spread = torch.matmul(amounts.permute(0, 2, 3, 1), self.left).permute(0, 3, 1, 2)
        return spread if onto is None else onto.add_(spread)

    def add_to_(self, weight: Tensor, bias: Tensor | None, factor: Tensor, scale: float) -> None:
        """A rank-r update."""
        left = (self.left * factor).t()
        if self.kernel is None:
            weight.addmm_(left, self.right, alpha=scale)
        else:
            right = self.right[:, :, None, None] * self.kernel[:, None]
            weight.add_((left @ right.flatten(1)).view_as(weight), alpha=scale)
        if bias is not None:
            bias.addmv_(left, self.offset, alpha=scale)

    def dense(self) -> tuple[Tensor | None, Tensor | None]:
        """The sum of outer products, written out."""
        right = self.right if self.kernel is None else self.right[:, :, None, None] * self.kernel[:, None]
        weight = (self.left.t() @ right.flatten(1)).view(self.left.shape[1], *right.shape[1:])
        return weight, self.left.t() @ self.offset
