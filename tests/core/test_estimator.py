import numpy as np
import pytest
import torch
from torch import Generator, nn

from forwardgrad.core.estimates import step_, write_gradient_
from forwardgrad.core.estimator import directional_derivative, make_estimator, options_of
from forwardgrad.core.gradients import ESTIMATORS
from forwardgrad.core.tangents import RankOne

from .. import cases

EXACT = {"rtol": 1e-10, "atol": 1e-12}


def mlp():
    return cases.problem(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3), shape=(4,), batch=6, loss=nn.CrossEntropyLoss())


def estimator_of(problem, key="forward_gaussian", **options):
    return make_estimator(key, problem.model, problem.loss, **options)


def dense(problem, *arguments, **options):
    return cases.flat(estimator_of(problem, *arguments, **options)(*problem.batch).dense())


# Seeds.


@pytest.mark.parametrize("key", [key for key in cases.ANYWHERE if key != "backprop"])
def test_without_a_seed_every_estimator_draws_anew(key):
    problem, found = mlp(), []
    for _ in range(3):
        torch.manual_seed(0)
        found.append(dense(problem, key))
    assert len(torch.stack(found).unique(dim=0)) == 3


@pytest.mark.parametrize("key", ["forward_gaussian", "forward_sphere", "spsa", "forward_rademacher"])
def test_no_seed_repeats_torchs_own_numbers(key):
    torch.manual_seed(0)
    data = torch.randn(64, 64)
    problem = cases.Problem(nn.Sequential(nn.Linear(64, 1, bias=False)), nn.MSELoss(), data, torch.randn(64, 1))
    estimator = estimator_of(problem, key, seed=0)
    for row in data:
        ((_, tangents),) = estimator(*problem.batch).terms
        assert torch.cosine_similarity(tangents["0"].weight[0], row, 0).abs() < 0.5


def test_a_seed_is_a_whole_number_of_any_type():
    problem = mlp()
    assert torch.equal(dense(problem, seed=3), dense(problem, seed=np.int64(3)))
    with pytest.raises(TypeError):
        estimator_of(problem, seed=0.5)


# Which parameters move.


@cases.with_engines(ESTIMATORS)
def test_frozen_parameters_stay_and_the_others_move(engine, key):
    problem = engine(mlp())
    problem.model[0].requires_grad_(False)
    fixed, moving = problem.model[0].weight.clone(), problem.model[2].weight.clone()
    estimator, optimizer = estimator_of(problem, key), torch.optim.SGD(problem.model.parameters(), lr=0.1)
    for _ in range(4):
        assert set(estimator(*problem.batch).dense()) == {"2.weight", "2.bias"}
        step_(problem.model, estimator(*problem.batch), 0.01)
        write_gradient_(problem.model, estimator(*problem.batch))
        optimizer.step()
    assert torch.equal(problem.model[0].weight, fixed)
    assert problem.model[0].weight.grad is None
    assert not torch.equal(problem.model[2].weight, moving)
    problem.model[0].requires_grad_()
    assert list(estimator(*problem.batch).dense()) == list(problem.parameters)


@cases.with_engines(ESTIMATORS)
def test_a_subset_moves_alone(engine, key):
    problem = engine(mlp())
    before = {name: value.clone() for name, value in problem.parameters.items()}
    estimator = estimator_of(problem, key, seed=0, parameters=["0.bias", problem.model[2].weight])
    for _ in range(8):
        step_(problem.model, estimator(*problem.batch), 0.01)
    moved = {name for name, value in problem.parameters.items() if not torch.equal(value, before[name])}
    assert moved == set(estimator(*problem.batch).dense()) == {"0.bias", "2.weight"}


@pytest.mark.parametrize("chosen", ["0.weights", nn.Parameter(torch.ones(2))])
def test_a_parameter_of_no_layer_is_refused(chosen):
    with pytest.raises(ValueError, match=r"^parameters: .* is no parameter of the model: it has 0\.weight, 0\.bias"):
        estimator_of(mlp(), parameters=[chosen])


def test_where_all_is_frozen_there_is_nothing_to_estimate():
    problem = mlp()
    problem.model.requires_grad_(False)
    with pytest.raises(ValueError, match="no parameter requires a gradient"):
        estimator_of(problem)


@pytest.mark.parametrize("key", cases.ANYWHERE)
def test_a_tied_weight_moves_once(key):
    first, last = nn.Linear(4, 4), nn.Linear(4, 4)
    last.weight = first.weight
    problem = cases.problem(first, nn.Tanh(), last, shape=(4,))
    found, before = estimator_of(problem, key)(*problem.batch), cases.flat(problem.parameters).clone()
    written = found.dense()
    assert list(written) == ["0.weight", "0.bias", "2.bias"]
    if key == "backprop":
        assert torch.allclose(cases.flat(written), cases.flat(problem.gradient()), **EXACT)
    step_(problem.model, found, 0.1)
    assert torch.allclose(cases.flat(problem.parameters), before - 0.1 * cases.flat(written), **EXACT)


# Options.


@cases.on_engines
def test_options_are_those_of_the_keys_with_numbers_in_their_names(engine):
    problem = engine(mlp())
    for key, other, options in (
        ("forward_rank_four", "forward_rank_one", {"rank": 4}),
        ("forward_rademacher", "forward_gaussian", {"law": "rademacher"}),
        ("forward_sphere", "forward_rademacher", {"law": "sphere"}),
        ("forward_mean_16", "forward_mean_4", {"tangents": 16}),
        ("forward_projected_4", "forward_projected_16", {"tangents": 4}),
        ("spsa_rank_one", "spsa", {"rank": 1, "law": "rademacher"}),
    ):
        assert torch.equal(dense(problem, key, seed=1), dense(problem, other, seed=1, **options))


def test_a_rank_is_that_of_the_tangent():
    problem = cases.problem(nn.Linear(7, 6), shape=(7,))
    for rank in (1, 2, 5):
        ((_, tangents),) = estimator_of(problem, "forward_gaussian", seed=0, rank=rank)(*problem.batch).terms
        weight, bias = tangents["0"].dense()
        assert torch.linalg.matrix_rank(torch.column_stack([weight, bias])) == rank


def test_an_unknown_option_is_named_with_those_there_are():
    assert options_of("spsa") == ["law", "rank", "epsilon"]
    with pytest.raises(ValueError, match="spsa has no option 'eps': it has law, rank, epsilon"):
        estimator_of(mlp(), "spsa", eps=0.1)
    with pytest.raises(ValueError, match="backprop has no option 'rank': it has none"):
        estimator_of(mlp(), "backprop", rank=1)


# |v|^2 is the number of parameters, exactly, for signs.

NETWORKS = {
    "convolutions": lambda: nn.Sequential(nn.Conv2d(2, 3, 2), nn.Conv2d(3, 3, 1, bias=False), nn.Flatten()),
    "transposed": lambda: nn.Sequential(nn.ConvTranspose1d(2, 4, 3, groups=2)),
    "words": lambda: nn.Sequential(nn.Embedding(7, 4), nn.LayerNorm(4), nn.GRU(4, 3)),
    "attention": lambda: nn.TransformerEncoderLayer(8, 2, 16),
    "bilinear": lambda: nn.Bilinear(2, 3, 4),
}


@pytest.mark.parametrize("key", ["forward_rademacher", "forward_rank_one"])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_square_of_a_tangent_of_signs_is_the_number_of_parameters(name, key):
    model = NETWORKS[name]().double()
    estimator = make_estimator(key, model, nn.MSELoss())
    count = sum(parameter.numel() for parameter in model.parameters())
    for _ in range(3):
        tangents = estimator.method.draw(estimator.network, None)
        assert cases.written(tangents, estimator.network.units).square().sum().item() == pytest.approx(count, rel=1e-12)


# A tangent of one's own.


@cases.on_engines
def test_the_derivative_along_a_tangent_of_ones_own(engine):
    problem, generator = engine(cases.small_cnn()), Generator().manual_seed(0)
    gradient = problem.gradient()
    tangent = {
        name: torch.randn(value.shape, generator=generator, dtype=torch.float64) for name, value in gradient.items()
    }
    for names in (list(tangent), ["0.bias"], ["0.weight", "9.bias"]):
        own = {name: tangent[name] for name in names}
        value, derivative = directional_derivative(problem.model, problem.loss, own, *problem.batch)
        assert torch.allclose(value, problem.value(), **EXACT)
        assert torch.allclose(derivative, sum((gradient[name] * own[name]).sum() for name in names), **EXACT)


@cases.on_engines
def test_the_derivative_along_a_structured_tangent(engine):
    problem = engine(mlp())
    own = {"2": RankOne(*(torch.ones(size, dtype=torch.float64) for size in (3, 6, 1)))}
    _, derivative = directional_derivative(problem.model, problem.loss, own, *problem.batch)
    gradient = problem.gradient()
    assert torch.allclose(derivative, gradient["2.weight"].sum() + gradient["2.bias"].sum(), **EXACT)


def test_a_tangent_that_fits_no_parameter_is_refused():
    problem = mlp()
    for tangent, message in (
        ({"0.weights": torch.ones(6, 4)}, "'0.weights': no such parameter"),
        ({"0.weight": torch.ones(4, 6)}, r"tangent of 0\.weight: its shape is \(4, 6\), not \(6, 4\)"),
    ):
        with pytest.raises(ValueError, match=message):
            directional_derivative(problem.model, problem.loss, tangent, *problem.batch)
