"""The maps with weights, x -> W x + b, and what each kind of tangent of W and b adds to the output's tangent.

A dense tangent V costs V x, as much as the layer itself. A rank-one tangent u w' costs two products of a matrix
with a vector, u (w . x); for a convolution w contracts the channels, the kernel k slides over the one channel that is
left, and u spreads the result over the output's channels. `tangents` explains the factors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

if TYPE_CHECKING:
    from forwardgrad.core.tangents import LowRank, RankOne

NARROW = 16  # A product with fewer columns wastes the processor's vectors.


class Map(Protocol):
    """One kind of linear map, with its geometry. `onto`: the output's tangent so far, added to in place if given."""

    def __call__(self, inputs: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return W x + b."""

    def dense(self, inputs: Tensor, weight: Tensor, bias: Tensor | None, onto: Tensor | None) -> Tensor:
        """Return V x + c for a tangent V, c in the shapes of weight and bias."""

    def rank_one(self, inputs: Tensor, tangent: RankOne, onto: Tensor | None) -> Tensor:
        """Return the same for a tangent of rank one."""

    def low_rank(self, inputs: Tensor, tangent: LowRank, onto: Tensor | None) -> Tensor:
        """Return the same for a tangent of rank r."""

    def stack(self, inputs: Tensor, weight: Tensor, bias: Tensor | None, onto: Tensor | None) -> Tensor:
        """Return the same for K dense tangents along a leading axis; the result has that axis too."""


class Linear:
    """y = W x + b. Inputs have shape (rows, in), outputs (rows, out)."""

    def __call__(self, inputs: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return W x + b."""
        return F.linear(inputs, weight, bias)

    def dense(self, inputs: Tensor, weight: Tensor, bias: Tensor | None, onto: Tensor | None) -> Tensor:
        """One product as large as the layer's own."""
        if onto is None:
            return F.linear(inputs, weight, bias)
        onto.addmm_(inputs, weight.t())
        return onto if bias is None else onto.add_(bias)

    def rank_one(self, inputs: Tensor, tangent: RankOne, onto: Tensor | None) -> Tensor:
        """u (w . x + c)."""
        amount = torch.addmv(tangent.offset, inputs, tangent.right)
        return torch.outer(amount, tangent.left) if onto is None else onto.addr_(amount, tangent.left)

    def low_rank(self, inputs: Tensor, tangent: LowRank, onto: Tensor | None) -> Tensor:
        """The sum over r of u_r (w_r . x + c_r), as two thin products."""
        amounts = torch.addmm(tangent.offset, inputs, tangent.right.t())
        return amounts @ tangent.left if onto is None else onto.addmm_(amounts, tangent.left)

    def stack(self, inputs: Tensor, weight: Tensor, bias: Tensor | None, onto: Tensor | None) -> Tensor:
        """K products in one call, of tangents where they lie; narrow ones side by side, as one wide product."""
        if weight.shape[1] < NARROW:
            added = F.linear(inputs, weight.flatten(0, 1)).view(len(inputs), len(weight), -1).transpose(0, 1)
            onto = added.contiguous() if onto is None else onto.add_(added)
        else:
            several, transposed = inputs.expand(len(weight), -1, -1), weight.transpose(1, 2)
            onto = torch.bmm(several, transposed) if onto is None else onto.baddbmm_(several, transposed)
        return onto if bias is None else onto.add_(bias.unsqueeze(1))


CONVOLUTIONS = {3: torch.conv1d, 4: torch.conv2d, 5: torch.conv3d}
TRANSPOSED = {3: torch.conv_transpose1d, 4: torch.conv_transpose2d, 5: torch.conv_transpose3d}


def over_space(part: Tensor, like: Tensor) -> Tensor:
    """Return one number per channel in a shape that broadcasts over the places of `like`."""
    return part.view(-1, *[1] * (like.dim() - 2))


def over_channels(inputs: Tensor, weights: Tensor, last: bool = False) -> Tensor:
    """Return sum_c weights_rc x_c, shape (batch, r, ...), for weights of shape (r, channels).

    `last` says that the channels lie last in memory, and lets them lie so in the result.
    """
    if last:
        return torch.matmul(inputs.movedim(1, -1), weights.t()).movedim(-1, 1)
    return torch.matmul(weights, inputs.flatten(2)).view(len(inputs), len(weights), *inputs.shape[2:])


@dataclass(frozen=True)
class Convolution:
    """y = W * x + b in one, two or three dimensions. Inputs have shape (batch, in, ...).

    Attributes:
        stride: These four are those of `torch.nn.functional.conv2d`.
        padding: Numbers, or `same` or `valid`.
        dilation: See above.
        groups: See above.
        last: Whether the channels of inputs and outputs lie last in memory.
    """

    stride: int | Sequence[int] = 1
    padding: int | str | Sequence[int] = 0
    dilation: int | Sequence[int] = 1
    groups: int = 1
    last: bool = False

    def __call__(self, inputs: Tensor, weight: Tensor, bias: Tensor | None = None, groups: int | None = None) -> Tensor:
        """Return W * x + b."""
        geometry = self.stride, self.padding, self.dilation, self.groups if groups is None else groups
        return CONVOLUTIONS[weight.dim()](inputs, weight, bias, *geometry)

    def dense(self, inputs: Tensor, weight: Tensor, bias: Tensor | None, onto: Tensor | None) -> Tensor:
        """One convolution as large as the layer's own."""
        added = self(inputs, weight, bias)
        return added if onto is None else onto.add_(added)

    def rank_one(self, inputs: Tensor, tangent: RankOne, onto: Tensor | None) -> Tensor:
        """u (k * (w . x) + c), * over space: in every group on one channel only."""
        if self.groups > 1:
            return self._of_groups(inputs, tangent.left, tangent.right, tangent.offset, tangent.kernel, onto)
        if self.last:
            contracted = torch.matmul(inputs.movedim(1, -1), tangent.right).unsqueeze(1)
        else:
            contracted = over_channels(inputs, tangent.right.unsqueeze(0))
        amount = self(contracted, tangent.kernel[None, None], tangent.offset)
        left = over_space(tangent.left, amount)
        if onto is not None:
            return onto.addcmul_(amount, left)
        if not self.last:
            return amount * left
        batch, _, *places = amount.shape
        spread = torch.outer(amount.view(-1), tangent.left)
        return spread.view(batch, *places, -1).movedim(-1, 1)

    def _of_groups(
        self, inputs: Tensor, left: Tensor, right: Tensor, offset: Tensor, kernel: Tensor, onto: Tensor | None
    ) -> Tensor:
        """The same in every group, on one channel each."""
        groups = self.groups
        channels = inputs.movedim(1, -1).unflatten(-1, (groups, -1))
        contracted = torch.matmul(channels, right).movedim(-1, 1)
        kernels = kernel.expand(groups, 1, *kernel.shape)
        amount = self(contracted, kernels, offset.expand(groups), groups).unsqueeze(2)
        spread = over_space(left, contracted).unflatten(0, (groups, -1))
        if onto is None:
            return (amount * spread).flatten(1, 2)
        onto.unflatten(1, (groups, -1)).addcmul_(amount, spread)
        return onto

    def low_rank(self, inputs: Tensor, tangent: LowRank, onto: Tensor | None) -> Tensor:
        """The sum of r of these, each channel between with a kernel of its own."""
        if self.groups > 1:
            for left, right, offset, kernel in zip(
                tangent.left, tangent.right, tangent.offset.unsqueeze(1), tangent.kernel, strict=True
            ):
                onto = self._of_groups(inputs, left, right, offset, kernel, onto)
            return onto
        contracted = over_channels(inputs, tangent.right, self.last)
        amounts = self(contracted, tangent.kernel.unsqueeze(1), tangent.offset, len(tangent.kernel))
        spread = over_channels(amounts, tangent.left.t(), self.last)
        return spread if onto is None else onto.add_(spread)

    def stack(self, inputs: Tensor, weight: Tensor, bias: Tensor | None, onto: Tensor | None) -> Tensor:
        """One convolution, whose channels are those of all tangents, group by group."""
        groups, count = self.groups, len(weight)
        joined, offsets = (
            None if part is None else part.unflatten(1, (groups, -1)).transpose(0, 1).flatten(0, 2)
            for part in (weight, bias)
        )
        added = self(inputs, joined, offsets)
        added = added.unflatten(1, (groups, count, -1)).movedim(2, 0).flatten(2, 3)
        if onto is not None:
            return onto.add_(added)
        return added.movedim(2, -1).contiguous().movedim(-1, 2) if self.last else added.contiguous()


@dataclass(frozen=True)
class TransposedConvolution:
    """The transposed convolution. Its weight has shape (in, out / groups, ...), so u contracts and w spreads."""

    stride: int | Sequence[int] = 1
    padding: int | Sequence[int] = 0
    output_padding: int | Sequence[int] = 0
    groups: int = 1
    dilation: int | Sequence[int] = 1

    def __call__(self, inputs: Tensor, weight: Tensor, bias: Tensor | None = None, groups: int | None = None) -> Tensor:
        """Return W * x + b."""
        groups = self.groups if groups is None else groups
        geometry = self.stride, self.padding, self.output_padding, groups, self.dilation
        return TRANSPOSED[weight.dim()](inputs, weight, bias, *geometry)

    def dense(self, inputs: Tensor, weight: Tensor, bias: Tensor | None, onto: Tensor | None) -> Tensor:
        """One transposed convolution as large as the layer's own."""
        added = self(inputs, weight, bias)
        return added if onto is None else onto.add_(added)

    def rank_one(self, inputs: Tensor, tangent: RankOne, onto: Tensor | None) -> Tensor:
        """w (k * (u . x)), * the transposed convolution, on one channel only; with groups written out."""
        if self.groups > 1:
            return self.dense(inputs, tangent.dense()[0], None, onto)
        amount = self(over_channels(inputs, tangent.left.unsqueeze(0)), tangent.kernel[None, None])
        right = over_space(tangent.right, amount)
        return amount * right if onto is None else onto.addcmul_(amount, right)

    def low_rank(self, inputs: Tensor, tangent: LowRank, onto: Tensor | None) -> Tensor:
        """The sum of r of these; with groups written out."""
        if self.groups > 1:
            return self.dense(inputs, tangent.dense()[0], None, onto)
        contracted = over_channels(inputs, tangent.left)
        amounts = self(contracted, tangent.kernel.unsqueeze(1), None, len(tangent.kernel))
        spread = over_channels(amounts, tangent.right.t())
        return spread if onto is None else onto.add_(spread)


@dataclass(frozen=True)
class Embedding:
    """y = W[i], row by row. `inputs` are whole numbers of any shape. The row of padding is drawn as zero."""

    def __call__(self, inputs: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return W[i]."""
        return F.embedding(inputs, weight)

    def dense(self, inputs: Tensor, weight: Tensor, bias: Tensor | None, onto: Tensor | None) -> Tensor:
        """V[i]."""
        return F.embedding(inputs, weight)

    def rank_one(self, inputs: Tensor, tangent: RankOne, onto: Tensor | None) -> Tensor:
        """u_i w."""
        return tangent.left[inputs].unsqueeze(-1) * tangent.right

    def low_rank(self, inputs: Tensor, tangent: LowRank, onto: Tensor | None) -> Tensor:
        """sum_r u_ri w_r."""
        return tangent.left[:, inputs].movedim(0, -1) @ tangent.right
