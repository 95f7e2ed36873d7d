import csv
import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from forwardgrad.catalogue import ESTIMATORS
from forwardgrad.catalogue.formulae import mean_alone
from forwardgrad.core.estimator import make_estimator
from forwardgrad.core.models import build
from forwardgrad.experiments.estimators import sample as sampling
from forwardgrad.experiments.estimators.columns import CLOUD, SAMPLED

from ... import cases


@pytest.fixture
def problem():
    """The students' logistic regression, 15 parameters, on twelve examples."""
    inputs = torch.rand(12, 4, generator=torch.Generator().manual_seed(0))
    return sampling.Problem.of(build("students_lr", 0), inputs, torch.arange(12) % 3)


def test_the_gradient_is_a_unit_vector_with_its_norm(problem):
    loss = sampling.LOSS(problem.model(problem.batch[0]), problem.batch[1])
    gradient = torch.cat([part.flatten() for part in torch.autograd.grad(loss, list(problem.model.parameters()))])
    assert problem.gradient.norm().item() == pytest.approx(1)
    assert torch.allclose(problem.gradient * problem.norm, gradient.double(), atol=1e-7)
    tensors, layers = problem.blocks.tensors, problem.blocks.layers
    assert [block.entries for block in tensors] == [12, 3]
    assert sum(block.square for block in tensors) == pytest.approx(1)
    assert [(block.entries, block.square) for block in layers] == [(15, pytest.approx(1))]


def test_the_gradient_itself_is_right_in_everything(problem):
    found = sampling.sample(problem, make_estimator("backprop", problem.model, sampling.LOSS), 20)
    rows = {(row["quantity"], row["draws"]): row for row in sampling.quantities(found)}
    for quantity, value in {"along": 1, "second_moment": 1, "cosine": 1, "cosine_squared": 1, "bias": 0}.items():
        assert rows[quantity, 20]["measured"] == pytest.approx(value, abs=1e-6)
        assert rows[quantity, 20]["error"] == pytest.approx(0, abs=1e-6)
    assert rows["uphill", 20]["measured"] == 0
    down = replace(found, along=torch.tensor([1.0, -1.0, -2.0, 0.0]), square=torch.ones(4))
    (share,) = [row["measured"] for row in sampling.quantities(down) if row["quantity"] == "uphill"]
    assert share == 0.5
    assert [size for quantity, size in rows if quantity == "distance"] == [1, 2, 4, 8, 16]
    assert found.across.abs().max() < 1e-6


def test_the_distance_is_that_of_the_mean_so_far(problem):
    make = lambda: make_estimator("forward_gaussian", problem.model, sampling.LOSS, 5)  # noqa: E731
    found, estimator = sampling.sample(problem, make(), 10), make()
    estimates = torch.stack([sampling.flat(estimator(*problem.batch).dense()) for _ in range(8)])
    mean = estimates.mean(0) / problem.norm
    assert found.distances[8] == pytest.approx((mean - problem.gradient).norm().item(), rel=1e-6)
    assert found.square[:8].sum() == pytest.approx(estimates.square().sum() / problem.norm**2)


def test_the_squared_bias_is_that_of_groups_which_agree():
    common = torch.tensor([3.0, 4.0], dtype=torch.float64).expand(10, 2)
    assert sampling.squared_bias(common @ common.t()) == (pytest.approx(25), pytest.approx(0, abs=1e-6))


def test_the_squared_bias_is_unbiased_and_its_error_no_understatement():
    generator, found = torch.Generator().manual_seed(0), []
    for _ in range(2000):
        errors = torch.randn(10, 30, generator=generator, dtype=torch.float64)
        found.append(sampling.squared_bias(errors @ errors.t()))
    bias, error = torch.tensor(found, dtype=torch.float64).T
    cases.assert_mean(bias, torch.zeros(()))
    assert bias.var() < error.square().mean() < 3 * bias.var()


def test_estimates_of_several_tangents_are_fewer():
    assert [sampling.estimates_of(key, 800) for key in ("activity", "forward_mean_4", "forward_projected_16")] == [
        800, 200, 50,
    ]  # fmt: skip
    assert sampling.estimates_of("forward_mean_16", 20) == sampling.GROUPS


def test_what_is_measured_agrees_with_its_formula(problem):
    keys = [key for key in ESTIMATORS if key not in ("backprop", "local_losses")]
    rows, cloud = sampling.measure_estimators(problem, keys, 600, 0)
    assert {row["estimator"] for row in rows} == set(keys) == {row["estimator"] for row in cloud}
    checked = set()
    for row in rows:
        if row["formula"] != "" and row["error"] != "":
            checked.add((row["estimator"], row["quantity"]))
            assert abs(row["measured"] - row["formula"]) <= 5 * row["error"] + 1e-3 * abs(row["formula"]) + 1e-12, row
    assert {(key, quantity) for key in keys for quantity in ("along", "bias")} <= checked
    own = {key for key in keys if key.startswith("activity")}  # theirs are for networks of Linear layers
    unknown = {key for key in keys if ESTIMATORS[key].formula is mean_alone} - own
    unknown.add("forward_orthogonal_4")  # 4 does not divide the number of parameters
    assert {key for key in keys if (key, "second_moment") not in checked} == unknown


def test_distances_follow_the_second_moment(problem):
    rows, _ = sampling.measure_estimators(problem, ["noisy_backprop", "forward_blockwise_standardised"], 1000, 0)
    for row in rows:
        if row["quantity"] == "distance" and row["draws"] == 512:
            assert row["measured"] == pytest.approx(row["formula"], rel=0.5)


def test_a_network_is_measured_from_prepared_data(tmp_path):
    inputs, labels = np.random.default_rng(0).random((12, 4), dtype=np.float32), np.arange(12) % 3
    provenance = dict.fromkeys(("source", "licence", "licence_url", "citation", "definition"), "") | {"sha256": {}}
    parts = {"train-0": np.arange(8), "validation-0": np.arange(0), "test-0": np.arange(8, 12)}
    shared = {"provenance": np.array(json.dumps(provenance))}
    np.savez(tmp_path / "set.npz", inputs=inputs, labels=labels, **shared, **parts)
    arguments = ("penguins", "students_lr", tmp_path / "set.npz", ["forward_gaussian", "activity"], 20, 64)
    for name in ("one", "two"):
        sampling.measure_network(*arguments, tmp_path / f"{name}.csv")
    for end in (".csv", "-cloud.csv"):
        assert (tmp_path / f"one{end}").read_bytes() == (tmp_path / f"two{end}").read_bytes()
    with (tmp_path / "one.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(SAMPLED)
    assert {row["estimator"] for row in rows} == {"forward_gaussian", "activity"}
    assert (tmp_path / "one-cloud.csv").read_text().splitlines()[0] == ",".join(CLOUD)
    record = json.loads((tmp_path / "one-record.json").read_text())
    assert (record["model"], record["parameters"], record["batch_size"]) == ("students_lr", 15, 8)
