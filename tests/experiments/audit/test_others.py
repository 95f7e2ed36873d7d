"""Each computation against a derivation of another kind; undone, a defect is not found."""

import math

import numpy as np
import pytest
import torch

from forwardgrad.experiments.audit import others
from forwardgrad.experiments.audit.ensemble import Ensemble
from forwardgrad.experiments.functions.definitions import trid

UNIFORM = np.full((2, 2), 1 / 4) + np.eye(2) / 12  # E[vv'] of entries uniform on [0, 1)


def test_uniform_tangents_by_their_moments():
    finding = others.uniform_tangents()
    assert finding.low < UNIFORM[0, 1] < finding.high


def test_the_mean_uniform_step_at_the_start_of_sum_squares():
    gradient = np.array([2 * -18, 4 * 20])
    finding = others.uniform_direction()
    assert finding.low < (UNIFORM @ gradient)[0] / gradient[0] < finding.high
    assert finding.high < 0


def test_descent_on_sum_squares_in_closed_form():
    """Each coordinate is multiplied by 1 - 2 h rate in every step, with h = 1 and 2."""

    def final(k):
        rates = 1e-2 * np.exp(-k * np.arange(1200))
        x, y = -18 * np.prod(1 - 2 * rates), 20 * np.prod(1 - 4 * rates)
        return x**2 + 2 * y**2

    assert others.descent_without_decay().found == pytest.approx(final(0) / final(1e-4), rel=1e-9)


def test_the_minimum_of_trid_by_newtons_step():
    """The gradient is A x - (2, 2) with A = (2, -1; -1, 2)."""
    place = np.linalg.solve([[2, -1], [-1, 2]], [2, 2])
    assert place.tolist() == pytest.approx([2, 2])
    finding = others.trid_minimum()
    assert finding.correct == pytest.approx(trid(torch.from_numpy(place)).item())
    assert finding.correct == pytest.approx(-2)


def test_a_step_from_zero_weights_to_first_order(splits):
    """SGD falls by rate |g|^2; with rate 0.1 the defect rises by rate^2 |g|^2."""
    ensemble = Ensemble("students_lr", 3, splits)
    with torch.no_grad():
        for parameter in ensemble.parameters.values():
            parameter.zero_()
    squared = sum(gradient.flatten(1).square().sum(1) for gradient in ensemble.gradients(ensemble.train).values())
    finding = others.step_up(splits)
    assert finding.found == pytest.approx(0.1**2 * squared.mean().item(), rel=0.05)
    assert finding.correct == pytest.approx(-0.1 * squared.mean().item(), rel=0.05)


def test_ten_summed_directions_are_ten_times_the_gradient():
    finding = others.summed_directions()
    assert finding.low < 10 < finding.high


def test_a_clipped_derivative_shrinks_the_estimate():
    """E[clip(z) z] = P(|z| < 1) for a standard normal z, by parts (Stein)."""
    finding = others.clipped_derivative()
    assert finding.low < math.erf(1 / math.sqrt(2)) < finding.high


def test_rates_by_their_sums_and_powers():
    assert others.unused_decay().correct == pytest.approx((1 - math.exp(-2)) / (1 - math.exp(-1e-4)))
    assert others.unused_decay().found == 20_000
    assert others.slow_decay().correct == pytest.approx(math.exp(-2))
    assert others.slow_decay().found == pytest.approx(math.exp(-0.2))


@pytest.mark.parametrize(
    ("compute", "undone"),
    [
        ("uniform_tangents", {"draw": torch.randn}),
        ("uniform_direction", {"draw": torch.randn}),
        ("descent_without_decay", {"decay": 1e-4}),
        ("trid_minimum", {"given": -2.0}),
        ("step_up", {"passed": lambda parameter, gradient, rate: gradient}),
        ("summed_directions", {"combine": torch.mean}),
        ("unused_decay", {"decay": 1e-4}),
        ("clipped_derivative", {"share": math.inf}),
        ("slow_decay", {"decay": 1e-4}),
    ],
)
def test_undone_it_is_not_found(splits, compute, undone):
    everything = others.ON_PENGUINS | others.ALONE
    arguments = [splits] if compute in others.ON_PENGUINS else []
    assert not everything[compute](*arguments, **undone).shown
