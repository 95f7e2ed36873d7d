"""Functions of torch beside those of its layers, and what torch's own rules of forward mode make of each.

A row is evaluated with `x`, a parameter of shape (4, 6). It stands for the function in all its spellings.
"""

import torch
import torch.nn.functional as F
from torch.autograd import forward_ad

FUNCTIONS = """
    torch.abs(x)
    torch.addmm(x[:, :4], x, x.t())
    torch.amax(torch.relu(x), 1)
    torch.atan2(x, x.flip(0))
    torch.baddbmm(x[None, :, :4], x[None], x.t()[None])
    torch.cat((x, x.square()))
    torch.cdist(x, x.flip(0))
    torch.cholesky_inverse(x[:, :4].tril() + 3 * eye)
    torch.cholesky_solve(x, x[:, :4].tril() + 3 * eye)
    torch.cholesky_solve(x[:2, :2], x[:, :2].reshape(2, 2, 2).tril() + 3 * eye[:2, :2])
    torch.clamp(x, -0.5, 0.5)
    torch.cross(x[:, :3], x[:, 3:], dim=1)
    torch.cumprod(x, 1)
    torch.cumprod(torch.relu(x), 1)
    torch.cumsum(x, 1)
    torch.cummax(x, 1)[0]
    torch.det(x[:, :4])
    torch.diff(x)
    torch.dist(x, x.flip(0), 3)
    torch.einsum("ij,kj->ik", x, x)
    torch.erf(x)
    torch.erfinv(torch.tanh(x))
    torch.exp(x)
    torch.fft.rfft(x).abs()
    torch.fmax(torch.relu(x), x * 0)
    torch.gather(x, 1, x.argsort(1))
    torch.heaviside(x, x)
    torch.igamma(x.exp(), x.exp())
    torch.index_add(x, 0, index, x)
    torch.index_copy(x, 0, index[:2], x[2:].square())
    torch.index_put(x, (index,), x.square(), accumulate=True)
    torch.index_reduce(x, 0, index, x.square(), "mean")
    torch.index_reduce(x, 0, index, x.square(), "prod")
    torch.index_select(x, 0, index)
    torch.kron(x, x)
    torch.kthvalue(x, 2)[0]
    torch.lerp(x, x.square(), x.sigmoid())
    torch.lgamma(x.exp())
    torch.linalg.cholesky(x @ x.t() + eye)
    torch.linalg.cholesky(x[:, :4].tril() + 9 * eye)
    torch.linalg.cond(x[:, :4])
    torch.linalg.eigh(x[:, :4] + x[:, :4].t())[0]
    torch.linalg.eigvals(x[:, :4]).abs()
    torch.linalg.householder_product(x.t(), x.t()[0])
    torch.linalg.inv(x[:, :4])
    torch.linalg.lstsq(x[:, :3], x[:, 3:])[0]
    torch.linalg.lu(x)[2]
    torch.linalg.matrix_exp(x[:, :4])
    torch.linalg.matrix_norm(x, "nuc")
    torch.linalg.matrix_norm(x, 2)
    torch.linalg.multi_dot((x, x.t(), x))
    torch.linalg.pinv(x)
    torch.linalg.qr(x.t())[1]
    torch.linalg.slogdet(x[:, :4])[1]
    torch.linalg.solve(x[:, :4], x[:, 4:])
    torch.linalg.solve_triangular(x[:, :4], x[:, 4:], upper=True)
    torch.linalg.svdvals(x)
    torch.linalg.vector_norm(x, 1.5)
    torch.log(x.exp() + 1)
    torch.logaddexp(x, x.flip(0))
    torch.logcumsumexp(x, 1)
    torch.logcumsumexp(30 * x, 1)
    torch.logdet(x[:, :4] @ x[:, :4].t() + eye)
    torch.logit(x.sigmoid())
    torch.logsumexp(x, 1)
    torch.masked_fill(x, x > 0, 0)
    torch.masked_scatter(x, x > 0, x.square())
    torch.maximum(x, x.flip(0))
    torch.median(x, 1)[0]
    torch.mode(x, 1)[0]
    torch.mvlgamma(x.exp() + 2, 2)
    torch.nanmean(x, 1)
    torch.norm(x, dim=1)
    torch.ormqr(x.t(), x.t()[0], x.t())
    torch.pdist(x)
    torch.polygamma(1, x.exp())
    torch.pow(x.exp(), x)
    torch.prod(x, 1)
    torch.prod(torch.relu(x), 1)
    torch.quantile(x, 0.3, 1)
    torch.renorm(x, 2, 0, 1.0)
    torch.repeat_interleave(x, 2, 0)
    torch.roll(x, 1)
    torch.scatter(x, 1, x.argsort(1), x.square())
    torch.scatter(x, 1, x.argsort(1), x.square(), reduce="multiply")
    torch.scatter_add(x, 1, columns, x.square())
    torch.scatter_reduce(x, 1, columns, x, "amax")
    torch.scatter_reduce(x, 1, columns, x, "mean")
    torch.scatter_reduce(x, 1, columns, x, "prod")
    torch.scatter_reduce(x, 1, columns, x, "sum")
    torch.segment_reduce(x, "mean", lengths=lengths)
    torch.sinc(x)
    torch.softmax(x, 1)
    torch.sort(x, 1)[0]
    torch.special.entr(x.exp())
    torch.special.zeta(x.exp() + 1, x.exp())
    torch.std(x, 1)
    torch.stft(x, 4, window=x[0, :4], return_complex=True).abs()
    torch.take_along_dim(x, x.argsort(1), 1)
    torch.tensordot(x, x, 2)
    torch.topk(x, 2)[0]
    torch.trace(x[:, :4])
    torch.triangular_solve(x[:, 4:], x[:, :4])[0]
    torch.var(x, 1)
    torch.where(x > 0, x, x.exp())
    torch.xlogy(x.exp(), x.exp())
    torch.cov(x)
    F.affine_grid(x[:, :3].reshape(2, 2, 3), (2, 1, 3, 3), False)
    F.cosine_similarity(x, x.flip(0))
    F.grid_sample(x.reshape(1, 2, 3, 4), x[:, :2].reshape(1, 2, 2, 2).tanh().detach(), align_corners=False)
    F.grid_sample(x.reshape(1, 2, 3, 4), x[:, :2].reshape(1, 2, 2, 2).tanh(), align_corners=False)
    F.gumbel_softmax(x)
    F.interpolate(x.reshape(1, 2, 3, 4), scale_factor=2.0, mode="bicubic")
    F.normalize(x)
    F.scaled_dot_product_attention(x, x, x)
    F.scaled_dot_product_attention(x.reshape(1, 2, 2, 6), *[x.reshape(1, 2, 2, 6)] * 2, is_causal=True)
    F.unfold(x.reshape(1, 2, 3, 4), 2)
"""
NAMES = {
    "torch": torch,
    "F": F,
    "eye": torch.eye(4).double(),
    "lengths": torch.tensor([3, 1]),
    "index": torch.tensor([0, 2, 0, 3]),
    "columns": torch.tensor([[0, 1, 1, 3, 0, 0]] * 4),
}


def functions():
    """The rows."""
    return [row for row in map(str.strip, FUNCTIONS.split("\n")) if row]


def function(code):
    """The function of x that `code` writes."""
    return eval(f"lambda x: {code}", NAMES)


def rule(code):
    """What torch's rule is against central differences, in float64: right, wrong or none."""
    along = function(code)
    generator = torch.Generator().manual_seed(0)
    x, tangent = (torch.randn(4, 6, generator=generator).double() for _ in range(2))
    step = 1e-5
    torch.default_generator.manual_seed(1)
    ahead = along(x + step * tangent)
    torch.default_generator.manual_seed(1)
    wanted = (ahead - along(x - step * tangent)) / (2 * step)
    torch.default_generator.manual_seed(1)
    try:
        with forward_ad.dual_level():
            found = forward_ad.unpack_dual(along(forward_ad.make_dual(x, tangent))).tangent
    except NotImplementedError:
        return "none"
    found = torch.zeros_like(wanted) if found is None else found
    return "right" if torch.allclose(found, wanted, rtol=1e-6, atol=1e-6) else "wrong"
