import math
from itertools import product

import pytest
import torch
from torch import nn

from forwardgrad import catalogue
from forwardgrad.catalogue.formulae import Block, Gradient, cosine
from forwardgrad.core import draws
from forwardgrad.core.estimator import make_estimator
from forwardgrad.core.gradients import ESTIMATORS
from forwardgrad.core.layerwise import orthogonal
from forwardgrad.experiments.estimators.formulae import activity_second_moment, block, orthogonal_second_moment

from ... import cases

EXACT = {"rtol": 1e-9, "atol": 1e-12}
SIGNS = {"along": 0, "second_moment": 1, "cosine_squared": 2}  # places in a row of `quantities`
NORMAL = {"along": 0, "second_moment": 1}


def blocks_of(problem):
    """The gradient, of length one, by tensor and by layer."""
    gradient = problem.gradient()
    norm = cases.flat(gradient).norm()
    layers = [
        torch.cat([part.flatten() / norm for name, part in gradient.items() if name.rpartition(".")[0] == layer])
        for layer in problem.units
    ]
    return Gradient([block(part / norm) for part in gradient.values()], [block(part) for part in layers])


def quantities_of(problem):
    """A function of an estimate: <g, G>, ||g||^2 and cos^2, in units of ||G||."""
    gradient = cases.flat(problem.gradient())
    norm = gradient.norm()

    def quantities(estimate):
        found = cases.flat(estimate.dense()) / norm
        product, square = found @ gradient / norm, found @ found
        return torch.stack([product, square, product.square() / square if square else square])

    return quantities


@pytest.mark.parametrize(
    ("key", "law", "entries", "places"),
    [
        ("forward_rademacher", cases.SIGNS, 7, SIGNS),
        ("forward_rank_one", cases.SIGNS, 8, SIGNS),
        ("forward_gaussian", cases.NORMAL, 5, NORMAL),
        ("forward_blockwise", cases.NORMAL, 5, NORMAL),
        ("noisy_backprop", cases.NORMAL, 5, NORMAL),
    ],
)
def test_formulae_are_the_means_over_everything_that_could_be_drawn(monkeypatch, key, law, entries, places):
    problem, fill = (cases.tinier_mlp if law is cases.NORMAL else cases.tiny_mlp)(), cases.counting(law)
    for name in ("gaussian_", "rademacher_"):
        monkeypatch.setattr(draws, name, fill)
        monkeypatch.setitem(draws.DISTRIBUTIONS, name.removesuffix("_"), fill)
    estimator, quantities = make_estimator(key, problem.model, problem.loss), quantities_of(problem)
    mean = cases.expectation(lambda: quantities(estimator(*problem.batch)), law, entries)
    expected = catalogue.ESTIMATORS[key].formula(blocks_of(problem))
    assert {name: mean[place].item() for name, place in places.items()} == pytest.approx(
        {name: expected[name] for name in places}, rel=1e-9
    )


def test_formulae_of_one_drawn_layer():
    problem = cases.tiny_cnn()
    quantities = quantities_of(problem)
    mean = 0
    for estimator, entries in zip(cases.of_each_unit(problem, cases.counting(cases.SIGNS)), (5, 5), strict=True):
        counted = cases.expectation(lambda e=estimator: quantities(e(*problem.batch)), cases.SIGNS, entries)
        mean = mean + counted / 2
    expected = catalogue.ESTIMATORS["forward_rank_one_layer"].formula(blocks_of(problem))
    assert torch.allclose(mean, torch.tensor([expected[name] for name in SIGNS], dtype=torch.float64), **EXACT)


def test_formulae_of_standardised_tangents():
    # Of two numbers, standardised, only the sign is random: every estimate is the mean of all.
    problem = cases.problem(nn.Linear(1, 2), nn.Tanh(), shape=(1,))
    estimate = make_estimator("forward_blockwise_standardised", problem.model, problem.loss)(*problem.batch)
    product, square, _ = quantities_of(problem)(estimate)
    expected = catalogue.ESTIMATORS["forward_blockwise_standardised"].formula(blocks_of(problem))
    assert expected["along"] == pytest.approx(product.item())
    assert expected["second_moment"] == pytest.approx(square.item())
    assert expected["bias"] == pytest.approx(1 - 2 * product.item() + square.item())
    assert expected["bias"] > 0.01


def test_the_mean_cosine_with_a_random_subspace():
    assert cosine(1, 2) == pytest.approx(2 / math.pi)
    assert cosine(1, 3) == pytest.approx(1 / 2)
    assert cosine(2, 3) == pytest.approx(math.pi / 4)
    assert cosine(1, 10**6) == pytest.approx(math.sqrt(2 / (math.pi * 10**6)), rel=1e-5)


def test_means_and_projections_of_several_tangents():
    gradient = Gradient([Block(100, 1.0, 1.0)], [Block(100, 1.0, 1.0)])
    formula = {key: known.formula for key, known in catalogue.ESTIMATORS.items()}
    assert formula["forward_mean_4"](gradient)["second_moment"] == pytest.approx(105 / 4)
    projected = formula["forward_projected_16"](gradient)
    assert (projected["second_moment"], projected["cosine_squared"]) == (pytest.approx(6.25), pytest.approx(0.16))
    few = formula["forward_projected_16"](Gradient([Block(9, 1.0, 1.0)], [Block(9, 1.0, 1.0)]))
    assert (few["second_moment"], few["cosine"], few["cosine_squared"]) == (1, 1, 1)


@pytest.mark.parametrize("key", [key for key in ESTIMATORS if key != "local_losses"])
def test_every_estimator_but_one_is_unbiased_by_formula(key):
    expected = catalogue.ESTIMATORS[key].formula(blocks_of(cases.tiny_mlp()))
    assert (expected["along"] == 1) == (expected["bias"] == 0) == (key != "forward_blockwise_standardised")


@pytest.mark.parametrize("bias", [True, False])
def test_the_second_moment_of_activity_perturbation(monkeypatch, bias):
    layers = nn.Linear(2, 2, bias=bias), nn.Tanh(), nn.Linear(2, 1, bias=bias)
    problem = cases.problem(*layers, shape=(2,), batch=2)
    monkeypatch.setattr(draws, "rademacher_", cases.counting(cases.SIGNS))
    estimator = make_estimator("activity", problem.model, problem.loss)
    mean = cases.expectation(lambda: cases.moments(estimator(*problem.batch))[-1], cases.SIGNS, 2 * 3)
    expected = activity_second_moment(problem.model, problem.loss, *problem.batch)
    assert expected == pytest.approx(mean.item(), rel=1e-9)


def test_there_is_no_formula_for_activity_in_a_convolution():
    problem = cases.tiny_cnn()
    assert activity_second_moment(problem.model, problem.loss, *problem.batch) is None


@pytest.mark.parametrize("tangents", [1, 2, 4])
def test_orthogonal_activity_tangents_by_all_signs(monkeypatch, tangents):
    torch.manual_seed(3)
    model, loss = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 3)).double(), nn.CrossEntropyLoss()
    batch = torch.randn(2, 2, dtype=torch.float64), torch.tensor([0, 2])
    estimator, squares = make_estimator("activity_orthogonal_4", model, loss, tangents=tangents), []
    for signs in product((-1.0, 1.0), repeat=8):
        drawn = torch.tensor(signs, dtype=torch.float64).view(2, 4)
        monkeypatch.setattr(orthogonal, "signs", lambda *_, drawn=drawn: drawn)
        squares.append(cases.flat(estimator(*batch).dense()).square().sum().item())
    expected = orthogonal_second_moment(model, loss, *batch, tangents)
    assert sum(squares) / len(squares) == pytest.approx(expected, rel=1e-12)


def test_orthogonal_activity_tangents_of_other_networks_have_no_formula():
    model = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 3))
    assert orthogonal_second_moment(model, nn.CrossEntropyLoss(), torch.ones(1, 2), torch.tensor([0]), 2) is None
