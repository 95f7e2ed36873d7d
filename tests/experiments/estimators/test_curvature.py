import csv
import math

import pytest
import torch
from torch import Generator, nn
from torch.func import functional_call, jacrev

from forwardgrad.core.estimator import make_estimator
from forwardgrad.core.units import detached
from forwardgrad.experiments.estimators import curvature, gauss_newton, quadratics, stability
from forwardgrad.experiments.estimators.columns import CURVATURE

SHAPES = [(4, 6), (3, 5)]  # the bias is the last column


@pytest.fixture
def problem():
    generator = Generator().manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3)).double()
    for parameter in model.parameters():
        nn.init.normal_(parameter, generator=generator)
    inputs = torch.randn(3, 5, generator=generator, dtype=torch.float64)
    return model, inputs, torch.tensor([0, 2, 1])


def written_out(model, inputs):
    """N, written out, every layer's bias as the last column of its matrix."""
    values = detached(model)
    jacobian = jacrev(lambda parameters: functional_call(model, parameters, (inputs,)))(values)
    layers = [
        torch.cat([jacobian[f"{name}.weight"], jacobian[f"{name}.bias"].unsqueeze(-1)], -1).flatten(2) for name in "02"
    ]
    slopes, chances = torch.cat(layers, 2), model(inputs).softmax(1).detach()
    spread = chances.diag_embed() - chances[:, :, None] * chances[:, None, :]
    return torch.einsum("bca,bcd,bde->ae", slopes, spread, slopes) / len(inputs)


def test_formulae_on_a_network_are_those_of_the_matrix_written_out(problem):
    model, inputs, targets = problem
    slope = make_estimator("backprop", model, gauss_newton.LOSS)(inputs, targets).dense()
    matrix, layers = written_out(model, inputs), gauss_newton.layers_of(model, inputs, slope)
    gradient = torch.cat([layer.gradient.flatten() for layer in layers])
    lower = [torch.linalg.cholesky(layer.inputs @ layer.inputs.t()) for layer in layers]
    bases = [
        torch.linalg.solve_triangular(low, one.inputs, upper=False).t() for low, one in zip(lower, layers, strict=True)
    ]
    matrices = {
        "forward_gaussian": stability.gaussian(matrix),
        "forward_rademacher": stability.dense(matrix),
        "forward_rank_four": stability.low_rank(matrix, SHAPES, rank=4),
        "forward_rank_one": stability.low_rank(matrix, SHAPES),
        "span_rank_one": stability.in_span(matrix, SHAPES, bases),
    }
    found = gauss_newton.formulae_of(layers, (gradient @ matrix @ gradient).item())
    scale = gradient.square().sum() * matrix.trace()
    assert found == pytest.approx({key: (gradient @ own @ gradient / scale).item() for key, own in matrices.items()})


def test_what_is_measured_on_a_network_agrees_with_its_formula(problem):
    for key, *found in gauss_newton.stability_terms(*problem, 400):
        row = curvature.row("network", key, "term", *found)
        reach = 1.7 * (row["high"] - row["low"]) / 2
        assert row["measured"] == pytest.approx(row["formula"], abs=reach), row["estimator"]


@pytest.mark.parametrize("law", curvature.LAWS)
def test_laws_have_variance_one_and_their_kurtosis(law):
    kurtosis, fill = curvature.LAWS[law]
    values = fill(torch.empty(200_000, dtype=torch.float64), Generator().manual_seed(0))
    assert values.square().mean().item() == pytest.approx(1, abs=0.02)
    assert values.pow(4).mean().item() == pytest.approx(kurtosis, rel=0.05)


def test_bisection_finds_the_limit_of_a_sphere():
    hessian = torch.eye(12, dtype=torch.float64) / 12
    assert quadratics.bisected_rate(hessian, quadratics.pool("forward_rademacher", 0)) == pytest.approx(2, rel=0.02)


@pytest.mark.parametrize("key", quadratics.DRAWN)
def test_exact_moments_are_those_of_what_is_drawn(key):
    hessian = quadratics.problems()["kronecker"]
    drawn, exact = (
        (moments @ hessian.flatten()).view_as(hessian)
        for moments in (stability.moments_of(quadratics.pool(key, 1)), quadratics.exact_moments(key))
    )
    assert torch.linalg.norm(drawn - exact) < 0.15 * torch.linalg.norm(exact)


def test_without_data_the_network_is_left_out(tmp_path):
    output = tmp_path / "curvature.csv"
    curvature.measure(None, 3, output)
    with output.open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(CURVATURE)
    assert {row["problem"] for row in rows} == {"kronecker", "random", "laws"}
    assert all(math.isfinite(float(row["measured"])) for row in rows)
    assert (tmp_path / "curvature-record.json").exists()
