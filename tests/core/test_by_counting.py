"""Tangents of the whole network, counting all signs: in the span of the batch, controlled, orthogonal."""

import itertools

import pytest
import torch
from torch import nn

from forwardgrad import make_estimator
from forwardgrad.core import draws

LOSS = nn.MSELoss()


@pytest.fixture
def model():
    layers = nn.Sequential(nn.Linear(3, 1), nn.Tanh(), nn.Linear(1, 1)).double()
    for index, parameter in enumerate(layers.parameters()):
        parameter.data = torch.linspace(0.3, -0.8 + index / 10, parameter.numel(), dtype=torch.float64).view_as(
            parameter
        )
    return layers


@pytest.fixture
def batch():
    inputs = torch.tensor([[0.5, -1.0, 2.0], [1.5, 0.3, -0.2]], dtype=torch.float64)
    return inputs, torch.tensor([[1.0], [-0.5]], dtype=torch.float64)


def flat(named):
    return torch.cat([part.flatten() for part in named.values()])


def gradient(model, inputs, targets):
    return flat(dict(enumerate(torch.autograd.grad(LOSS(model(inputs), targets), list(model.parameters())))))


@pytest.fixture
def estimates(monkeypatch, model, batch):
    """A function that yields the estimate of a fresh estimator for every choice of `entries` signs."""

    def estimates(key, entries, before=lambda estimator: None, **options):
        for signs in itertools.product((-1.0, 1.0), repeat=entries):

            def fill(rows, count, generator, signs=signs):
                rows[:, :entries] = torch.tensor(signs, dtype=rows.dtype)

            monkeypatch.setattr(draws, "rademacher_", fill)
            monkeypatch.setattr("forwardgrad.core.span.draws.rademacher_", fill)
            estimator = make_estimator(key, model, LOSS, 0, **options)
            before(estimator)
            yield flat(estimator(*batch).dense())

    return estimates


def moments(found):
    found = torch.stack(list(found))
    return found.mean(0), found.square().sum(1).mean()


def test_rank_one_in_the_span_of_the_batch(estimates, model, batch):
    """Two inputs of the first layer span two directions, as the width of the second does: E||g||^2 = 4 ||grad||^2."""
    exact = gradient(model, *batch)
    mean, second = moments(estimates("span_rank_one", 8))
    torch.testing.assert_close(mean, exact, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(second, 4 * exact.square().sum())


def test_its_rows_lie_in_the_span(estimates, batch):
    """The first layer's weight and bias: no part is orthogonal to the inputs and their ones."""
    rows = torch.cat((batch[0], torch.ones(2, 1, dtype=torch.float64)), 1)
    basis = torch.linalg.qr(rows.t()).Q
    for found in itertools.islice(estimates("span_rank_one", 8), 3):
        torch.testing.assert_close(basis @ (basis.t() @ found[:4]), found[:4])


def test_dependent_inputs_are_no_trouble(model):
    inputs = torch.ones(2, 3, dtype=torch.float64)
    targets = torch.zeros(2, 1, dtype=torch.float64)
    assert flat(make_estimator("span_rank_one", model, LOSS, 0)(inputs, targets).dense()).isfinite().all()


def test_it_needs_to_know_that_a_layer_is_used_once():
    model = nn.Sequential(nn.Linear(3, 3), nn.LayerNorm(3))
    with pytest.raises(TypeError, match="span_rank_one takes"):
        make_estimator("span_rank_one", model, LOSS, 0)(torch.ones(2, 3), torch.ones(2, 3))


@pytest.mark.parametrize("known", [0.0, 0.25])
def test_a_control_variate_takes_the_noise_of_what_is_known(estimates, model, batch, known):
    """E||g - grad||^2 = (n - 1) ||grad - h||^2 for any h."""
    exact = gradient(model, *batch)
    h = {name: torch.full_like(part, known).detach() for name, part in model.named_parameters()}

    def tell(estimator):
        estimator.method.known = {name: part.clone() for name, part in h.items()}

    found = torch.stack(list(estimates("forward_control", 6, tell)))
    torch.testing.assert_close(found.mean(0), exact, rtol=1e-9, atol=1e-12)
    noise = (found - exact).square().sum(1).mean()
    torch.testing.assert_close(noise, 5 * (exact - known).square().sum())


def test_what_is_known_comes_closer_to_the_gradient(model, batch):
    exact = gradient(model, *batch)
    estimator = make_estimator("forward_control", model, LOSS, 0)
    for _ in range(200):
        estimator(*batch)
    torch.testing.assert_close(flat(estimator.method.known), exact, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("tangents", "second"), [(1, 6.0), (2, 3.0), (3, 2.0), (6, 1.0), (7, 1.0)])
def test_orthogonal_tangents_by_counting(estimates, model, batch, tangents, second):
    """E||g||^2 = n / K ||grad||^2; at K = n, and beyond, the gradient."""
    exact = gradient(model, *batch)
    key = "forward_orthogonal_4"
    mean, found = moments(estimates(key, 6, tangents=tangents))
    torch.testing.assert_close(mean, exact, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(found, second * exact.square().sum())
