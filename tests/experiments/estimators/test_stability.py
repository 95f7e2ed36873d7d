"""The formulae of the stability term against the mean over all sign vectors, to rounding."""

from itertools import product

import pytest
import torch

from forwardgrad.experiments.estimators import stability

SHAPES = [(2, 3), (1, 2)]


def symmetric(size, seed=0):
    matrix = torch.randn(size, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return matrix + matrix.t()


def signs(count):
    return torch.tensor(list(product((-1.0, 1.0), repeat=count)), dtype=torch.float64)


def rank_one(shapes, bases=None):
    """Every tangent of rank one, a row each."""
    counts = [part for rows, columns in shapes for part in (rows, columns)]
    if bases:
        counts = [part for (rows, _), basis in zip(shapes, bases, strict=True) for part in (rows, basis.shape[1])]
    found = []
    for factors in (row.split(counts) for row in signs(sum(counts))):
        right = factors[1::2] if not bases else [b @ e for b, e in zip(bases, factors[1::2], strict=True)]
        found.append(torch.cat([torch.outer(u, w).flatten() for u, w in zip(factors[::2], right, strict=True)]))
    return torch.stack(found)


def mean(tangents, hessian):
    """E[(v'Hv) v v'] over the rows."""
    bend = torch.einsum("ka,ab,kb->k", tangents, hessian, tangents)
    return torch.einsum("k,ka,kb->ab", bend, tangents, tangents) / len(tangents)


def close(one, other):
    return torch.allclose(one, other, rtol=1e-12, atol=1e-12)


def test_dense_signs():
    hessian = symmetric(6)
    assert close(stability.dense(hessian), mean(signs(6), hessian))


def test_dense_of_any_kurtosis():
    hessian, values, weights = symmetric(4), torch.tensor([-2.0, 0.0, 2.0]), torch.tensor([0.125, 0.75, 0.125])
    tangents = torch.cartesian_prod(*[values.double()] * 4)
    chance = torch.cartesian_prod(*[weights.double()] * 4).prod(1)
    bend = torch.einsum("ka,ab,kb->k", tangents, hessian, tangents)
    found = torch.einsum("k,k,ka,kb->ab", chance, bend, tangents, tangents)
    assert close(stability.dense(hessian, kurtosis=4), found)


def test_gaussian_by_its_moments():
    hessian = symmetric(4)
    moments = stability.gaussian_moments(4)  # Isserlis: the three pairings
    assert close(stability.gaussian(hessian).flatten(), moments @ hessian.flatten())
    assert close(stability.gaussian(hessian), stability.dense(hessian, kurtosis=3))


def test_rank_one():
    hessian = symmetric(8)
    assert close(stability.low_rank(hessian, SHAPES), mean(rank_one(SHAPES), hessian))


def test_rank_two():
    shapes, hessian = [(2, 2)], symmetric(4)
    every = rank_one(shapes)
    pairs = torch.stack([(one + other) / 2**0.5 for one in every for other in every])
    assert close(stability.low_rank(hessian, shapes, rank=2), mean(pairs, hessian))


def test_in_span():
    hessian = symmetric(8)
    generator = torch.Generator().manual_seed(1)
    bases = [
        torch.linalg.qr(torch.randn(columns, rank, generator=generator, dtype=torch.float64))[0]
        for (_, columns), rank in zip(SHAPES, (2, 1), strict=True)
    ]
    assert close(stability.in_span(hessian, SHAPES, bases), mean(rank_one(SHAPES, bases), hessian))


def test_the_excess_of_a_linear_layer():
    generator = torch.Generator().manual_seed(2)
    shapes = [(3, 4), (5, 4), (5, 3, 2)]
    gradient, inputs, roots = (torch.randn(*shape, generator=generator, dtype=torch.float64) for shape in shapes)
    hessian = sum(torch.kron(root @ root.t(), torch.outer(own, own)) for root, own in zip(roots, inputs, strict=True))
    flat = gradient.flatten()
    expected = flat @ stability.outer_excess(hessian, (3, 4)) @ flat
    assert stability.linear_excess(gradient, inputs, roots) == pytest.approx(expected.item(), rel=1e-12)


def test_signs_have_one_length_and_feel_a_sphere_as_such():
    unit = torch.eye(12, dtype=torch.float64)
    assert close(stability.low_rank(unit, [(3, 4)]), 12 * unit)
    assert close(stability.dense(unit), 12 * unit)


@pytest.fixture
def hessian():
    return torch.diag(torch.tensor([0.1, 0.5, 1.0, 3.0], dtype=torch.float64))


def spectral_radius(hessian, moments, rate):
    """Of the map M -> M - eta (H M + M H) + eta^2 E[(v'HMHv) v v'], written out."""
    size = len(hessian)
    columns = []
    for index in range(size**2):
        matrix = torch.zeros(size**2, dtype=torch.float64)
        matrix[index] = 1
        matrix = matrix.view(size, size)
        drift = hessian @ matrix + matrix @ hessian
        noise = moments @ (hessian @ matrix @ hessian).flatten()
        columns.append((matrix - rate * drift).flatten() + rate**2 * noise)
    return torch.linalg.eigvals(torch.stack(columns, 1)).abs().max().item()


@pytest.mark.parametrize("law", ["gaussian", "dense", "rank one"])
def test_the_stable_rate_is_where_the_second_moment_stops_to_vanish(law):
    root = symmetric(4, seed=3)
    hessian = root @ root
    tangents = signs(4) if law == "dense" else rank_one([(2, 2)])
    moments = stability.gaussian_moments(4) if law == "gaussian" else stability.moments_of(tangents)
    rate = stability.stable_rate(hessian, moments)
    assert spectral_radius(hessian, moments, rate) == pytest.approx(1, abs=1e-9)
    assert spectral_radius(hessian, moments, rate * 0.99) < 1 < spectral_radius(hessian, moments, rate * 1.01)


def test_signs_are_stable_below_two_over_the_trace_where_the_hessian_is_diagonal(hessian):
    rate = stability.stable_rate(hessian, stability.moments_of(signs(4)))
    assert rate == pytest.approx(2 / 4.6, rel=1e-9)


def test_gaussian_tangents_are_stable_below_the_root_of_a_sum(hessian):
    rate = stability.stable_rate(hessian, stability.gaussian_moments(4))
    scaled = rate * hessian.diagonal()
    assert (scaled / (1 - scaled)).sum().item() == pytest.approx(2, rel=1e-9)
    sufficient = stability.decreasing_rate(stability.gaussian(hessian))
    assert sufficient == pytest.approx(2 / (4.6 + 2 * 3), rel=1e-12)
    assert sufficient < rate < 2 / 4.6


@pytest.mark.parametrize("shapes", [[(2, 2)], [(1, 2), (1, 2)]])
def test_decrease_at_every_step_is_sufficient(shapes):
    root = symmetric(4, seed=3)
    hessian = root @ root
    sufficient = stability.decreasing_rate(stability.low_rank(hessian, shapes))
    assert sufficient <= stability.stable_rate(hessian, stability.moments_of(rank_one(shapes))) * (1 + 1e-9)


def test_a_sphere_has_one_limit():
    unit = torch.eye(4, dtype=torch.float64)
    rates = (
        stability.decreasing_rate(stability.gaussian(unit)),
        stability.stable_rate(unit, stability.gaussian_moments(4)),
    )
    assert rates == pytest.approx((2 / 6, 2 / 6), rel=1e-9)
