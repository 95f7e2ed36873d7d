"""The stability term of a forward gradient by formula, and the learning rates below which it is stable.

A step x - eta (g . v) v changes a loss with gradient g and Hessian H, on average and to second order, by

    -eta ||g||^2 + eta^2 / 2 E[(g . v)^2 v'Hv] = -eta ||g||^2 + eta^2 / 2 g'Qg,    Q = E[(v'Hv) v v'].

For tangents that are independent between blocks, Q = tr(H) I + 2 H + D with D = 0 for Gaussian ones; otherwise D is
made of each block's own Hessian alone. docs/theory.md has the proofs.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

Shape = tuple[int, int]  # of a layer's matrix: outputs, and inputs with the bias as one more


def gaussian(hessian: Tensor) -> Tensor:
    """Q for independent Gaussian components: tr(H) I + 2 H."""
    return hessian.trace() * torch.eye(len(hessian), dtype=hessian.dtype) + 2 * hessian


def dense(hessian: Tensor, kurtosis: float = 1.0) -> Tensor:
    """Q for independent components with E[v_i^4] = `kurtosis`, 1 for signs: Gaussian + (kurtosis - 3) diag(H)."""
    return gaussian(hessian) + (kurtosis - 3) * hessian.diagonal().diag()


def low_rank(hessian: Tensor, shapes: Sequence[Shape], rank: int = 1) -> Tensor:
    """Q for the sum of `rank` outer products of signs in every layer, over the root of `rank`.

    Args:
        hessian: Shape (n, n), of all layers one after the other, each matrix row by row.
        shapes: Of the layers, whose sizes add up to n.
        rank: Number of outer products.
    """
    sizes = [rows * columns for rows, columns in shapes]
    own = [hessian[end - size : end, end - size : end] for size, end in zip(sizes, _ends(sizes), strict=True)]
    excess = [outer_excess(block, shape) / rank for block, shape in zip(own, shapes, strict=True)]
    return gaussian(hessian) + torch.block_diag(*excess)


def in_span(hessian: Tensor, shapes: Sequence[Shape], bases: Sequence[Tensor]) -> Tensor:
    """Q for rank one in the span of the inputs: `low_rank` in the coordinates of orthonormal `bases` (inputs, rank).

    It acts on gradients within that span, and is zero outside.
    """
    maps = [
        torch.kron(torch.eye(rows, dtype=basis.dtype), basis.contiguous())
        for (rows, _), basis in zip(shapes, bases, strict=True)
    ]
    onto = torch.block_diag(*maps)
    inside = low_rank(
        onto.t() @ hessian @ onto, [(rows, b.shape[1]) for (rows, _), b in zip(shapes, bases, strict=True)]
    )
    return onto @ inside @ onto.t()


def outer_excess(hessian: Tensor, shape: Shape) -> Tensor:
    """D of one layer for V = u w', u and w signs.

    With H_ij,kl, L_ik = sum_j H_ij,kj and K_jl = sum_i H_ij,il, and o for "the diagonal of":

        D_ij,kl = 2 d_ik (K - oK)_jl + 2 d_jl (L - oL)_ik + 2 H_il,kj - 4 (d_ik + d_jl - d_ik d_jl) H_ij,kl
    """
    rows, columns = shape
    full = hessian.reshape(rows, columns, rows, columns)
    over_rows, over_columns = torch.einsum("ijil->jl", full), torch.einsum("ijkj->ik", full)
    same_row = torch.eye(rows, dtype=hessian.dtype)[:, None, :, None]
    same_column = torch.eye(columns, dtype=hessian.dtype)[None, :, None, :]
    excess = (
        2 * same_row * _hollow(over_rows)[None, :, None, :] + 2 * same_column * _hollow(over_columns)[:, None, :, None]
    )
    excess = excess + 2 * full.permute(0, 3, 2, 1) - 4 * (same_row + same_column - same_row * same_column) * full
    return excess.reshape(hessian.shape)


def linear_excess(gradient: Tensor, inputs: Tensor, roots: Tensor) -> float:
    """g'Dg of `outer_excess` for a linear layer with the Hessian sum_b (R_b R_b') x (x_b x_b'), not written out.

    Args:
        gradient: G, shape (outputs, inputs).
        inputs: x_b, shape (batch, inputs), with a 1 for a bias.
        roots: R_b, shape (batch, outputs, any).
    """
    weights, squares = roots.square().sum(2), inputs.square()  # diagonals of A_b = R_b R_b' and of x_b x_b'
    seen, turned = inputs @ gradient.t(), torch.einsum("ij,bic->bjc", gradient, roots)  # G x_b and G'R_b
    turned = turned.square().sum(2)
    power = gradient.square()
    whole, length = weights.sum(1), squares.sum(1)
    terms = (
        2 * (whole * seen.square().sum(1)) + 2 * length * turned.sum(1),
        2 * torch.einsum("bi,bic->bc", seen, roots).square().sum(1),
        -2 * length * (weights @ power.sum(1)) - 2 * whole * (squares @ power.sum(0)),
        -4 * (weights * seen.square()).sum(1) - 4 * (squares * turned).sum(1),
        4 * ((weights @ power) * squares).sum(1),
    )
    return sum(term.sum().item() for term in terms)


def decreasing_rate(stability: Tensor) -> float:
    """2 / lambda_max(Q): the mean of a quadratic loss falls in every step, from every point, if and only if below.

    With a positive definite Hessian that suffices for the mean loss to vanish in the long run; it is not necessary.
    """
    return 2 / torch.linalg.eigvalsh(stability)[-1].item()


def stable_rate(hessian: Tensor, moments: Tensor) -> float:
    """The rate below which, and only below which, the mean of a quadratic loss vanishes in the long run.

    1 / lambda_max(S^-1 R), S = H x I + I x H, R = (H x H)^1/2 E[(v x v)(v x v)'] (H x H)^1/2, x Kronecker's product.

    Args:
        hessian: Positive definite, shape (n, n).
        moments: E[(v x v)(v x v)'], shape (n^2, n^2).
    """
    values, vectors = torch.linalg.eigh(hessian)
    turned = torch.kron(vectors, vectors)  # S is diagonal in this basis
    weights = (values[:, None] * values).flatten().sqrt() / (values[:, None] + values).flatten().sqrt()
    inside = weights[:, None] * (turned.t() @ moments @ turned) * weights
    return 1 / torch.linalg.eigvalsh(inside)[-1].item()


def gaussian_moments(size: int) -> Tensor:
    """E[(v x v)(v x v)'] of Gaussian tangents."""
    unit = torch.eye(size, dtype=torch.float64)
    pairs = (("ab", "cd"), ("ac", "bd"), ("ad", "bc"))
    return sum(torch.einsum(f"{one},{other}->abcd", unit, unit) for one, other in pairs).reshape(size**2, size**2)


def moments_of(tangents: Tensor) -> Tensor:
    """E[(v x v)(v x v)'] as the mean over `tangents`, a row each."""
    squares = (tangents[:, :, None] * tangents[:, None, :]).flatten(1)
    return squares.t() @ squares / len(squares)


def _ends(sizes: Sequence[int]) -> list[int]:
    return torch.tensor(sizes).cumsum(0).tolist()


def _hollow(matrix: Tensor) -> Tensor:
    """The matrix without its diagonal."""
    return matrix - matrix.diagonal().diag()
