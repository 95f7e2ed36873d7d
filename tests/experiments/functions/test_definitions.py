"""The functions and their derivatives."""

import itertools

import numpy as np
import pytest
import torch
from torch.autograd import forward_ad

from forwardgrad.experiments.functions.definitions import FUNCTIONS

NAMES = sorted(FUNCTIONS)


def point(name, seed=0):
    dimensions = FUNCTIONS[name].dimensions or 6
    return torch.randn(dimensions, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def gradient(name, where):
    where = where.clone().requires_grad_()
    return torch.autograd.grad(FUNCTIONS[name].value(where), where)[0]


def slope(name, where, tangent):
    """The directional derivative by forward mode."""
    with forward_ad.dual_level():
        value = FUNCTIONS[name].value(forward_ad.make_dual(where, tangent))
        return forward_ad.unpack_dual(value).tangent


@pytest.mark.parametrize(
    ("name", "start", "value"),
    [
        ("beale", (0, 0.5), 14.203125),
        ("rosenbrock", (-1, 0), 104),
        ("rosenbrock_swapped", (-1, 3), 10_004),
        ("beale", (4, 3), 12_632.203125),
        ("sum_squares", (-18, 20), 1_124),
        ("trid", (-15, 18), 815),
        ("sphere", (1, 2, 3), 14),
        ("product", (1, 2, 3, 4), 84.5),
    ],
)
def test_values_at_the_starts(name, start, value):
    assert FUNCTIONS[name].value(torch.tensor(start, dtype=torch.float64)) == value
    assert FUNCTIONS[name].value(np.array(start, float)) == value


@pytest.mark.parametrize("name", [name for name in NAMES if FUNCTIONS[name].minimiser])
def test_the_minimum_is_where_it_is_said_to_be(name):
    known = FUNCTIONS[name]
    where = torch.tensor(known.minimiser, dtype=torch.float64).expand(known.dimensions or 5).clone()
    assert known.value(where) == known.minimum
    assert gradient(name, where).abs().max() == 0
    hessian = torch.func.hessian(known.value)(where)
    assert torch.linalg.eigvalsh(hessian)[0] > 0


def test_minima_of_the_product_are_flat_where_its_coordinates_are_small():
    value = FUNCTIONS["product"].value
    for start, trace in (([0.5, 0.5], 2), ([2, 0.125], 16.0625)):  # y.z = 1 in four pairs of coordinates
        where = torch.tensor(start, dtype=torch.float64).repeat(4)
        assert value(where) == FUNCTIONS["product"].minimum
        assert gradient("product", where).abs().max() == 0
        assert torch.func.hessian(value)(where).trace() == where.square().sum() == trace


def test_trid_has_its_minimum_of_minus_two_at_two_and_two():
    assert FUNCTIONS["trid"].value(np.array([2.0, 2.0])) == -2


@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_those_of_central_differences(name):
    where, step = point(name), 1e-6
    for index, derivative in enumerate(gradient(name, where).tolist()):
        aside = torch.zeros_like(where)
        aside[index] = step
        sides = [FUNCTIONS[name].value(where + sign * aside).item() for sign in (1, -1)]
        assert (sides[0] - sides[1]) / (2 * step) == pytest.approx(derivative, rel=1e-7, abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_forward_mode_gives_the_gradient_times_the_tangent(name):
    where, tangent = point(name), point(name, seed=1)
    expected = gradient(name, where) @ tangent
    assert slope(name, where, tangent).item() == pytest.approx(expected.item(), rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_forward_gradients_over_a_basis_sum_to_the_gradient(name):
    where = point(name)
    total = sum(slope(name, where, tangent) * tangent for tangent in torch.eye(len(where), dtype=torch.float64))
    assert torch.allclose(total, gradient(name, where), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_forward_gradients_over_all_signs_have_the_gradient_as_their_mean(name):
    where = point(name)
    signs = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=len(where))), dtype=torch.float64)
    mean = torch.stack([slope(name, where, tangent) * tangent for tangent in signs]).mean(0)
    assert torch.allclose(mean, gradient(name, where), rtol=1e-12, atol=1e-12)
