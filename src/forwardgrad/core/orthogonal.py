"""K orthogonal tangents of all parameters, without a solve."""

import torch
from torch import Generator, Tensor

from forwardgrad.core import draws
from forwardgrad.core.along import Several


def forward_orthogonal(generator: Generator, tangents: int) -> Several:
    """g = sum_k <grad f, v_k> v_k for K sign vectors v_k of disjoint supports: parameter i belongs to v_(i mod K).

    It is the estimate (1/K) sum_k <grad f, u_k> u_k along K rows of a Hadamard matrix times the same signs, which span
    the same space, for any n. Unbiased, with E||g||^2 = n / K ||grad f||^2 and E cos^2 = K / n where K divides n:
    what the projection on Gaussian tangents has, without its solve. At K = n it is the gradient.
    """
    method = Several(generator, own_weights, tangents, "rademacher")
    method.stream.distribution = Disjoint(tangents)
    return method


def own_weights(derivatives: Tensor, rows: Tensor) -> Tensor:
    """w_k = <grad f, v_k>."""
    return derivatives


class Disjoint:
    """A distribution of `count` rows at a time: signs, of which every row keeps its own and the rest are zero."""

    def __init__(self, count: int) -> None:
        self.count, self.mask = count, None

    def __call__(self, rows: Tensor, entries: int, generator: Generator) -> None:
        """Fill as every distribution does."""
        draws.rademacher_(rows, entries, generator)
        if self.mask is None or self.mask.shape[1] != rows.shape[1]:
            owner = torch.arange(rows.shape[1], device=rows.device) % self.count
            self.mask = owner == torch.arange(self.count, device=rows.device).unsqueeze(1)
        rows.view(-1, *self.mask.shape).mul_(self.mask)
