"""The variance of estimates against what decides it: the formulae hold, and every case is there once."""

import csv

import pytest
import torch

from forwardgrad.data.prepared import Examples
from forwardgrad.experiments.estimators import variance
from forwardgrad.experiments.estimators.columns import VARIANCE

SMALL = "mlp_2x64"


@pytest.fixture(scope="module")
def examples():
    random = torch.Generator().manual_seed(0)
    return Examples(torch.rand(70, 1, 28, 28, generator=random), torch.randint(10, (70,), generator=random))


@pytest.mark.parametrize("steps", [0, 3])
@pytest.mark.parametrize("key", ["activity_orthogonal_4", "activity_orthogonal_16", "activity", "forward_rank_one"])
def test_what_is_measured_is_what_the_formula_says(examples, key, steps):
    row = variance.compared(key, SMALL, 6, steps, variance.problem_of(SMALL, 6, steps, examples), 60)
    assert row["draws"] == 60
    assert abs(row["measured"] - row["formula"]) < 2 * (row["high"] - row["measured"])  # four standard errors


def test_with_a_tangent_for_every_unit_nothing_is_left(examples):
    problem = variance.problem_of(SMALL, 6, 0, examples)
    row = variance.compared("activity_orthogonal_64", SMALL, 6, 0, problem, 3)
    assert row["measured"] == row["formula"] == 0


def test_the_first_batches_train_the_network(examples):
    losses = [
        variance.LOSS(problem.model(problem.batch[0]), problem.batch[1]).item()
        for problem in (variance.problem_of(SMALL, 64, steps, examples) for steps in (0, 30))
    ]
    assert losses[1] < 0.9 * losses[0]


def test_a_case_of_several_sweeps_is_measured_once(examples, monkeypatch):
    asked = []
    monkeypatch.setattr(variance, "problem_of", lambda *case: None)
    monkeypatch.setattr(variance, "compared", lambda *case: asked.append(case[:4]) or {"estimator": case[0]})
    rows = list(variance.swept(examples, 3))
    assert len(rows) == sum(map(len, variance.SWEEPS.values()))
    assert len(asked) == len(set(asked)) < len(rows)


def test_without_data_there_are_no_rows(tmp_path):
    output = tmp_path / "variance.csv"
    variance.measure(None, 3, output)
    with output.open() as file:
        reader = csv.DictReader(file)
        assert list(reader) == []
        assert reader.fieldnames == list(VARIANCE)
    assert (tmp_path / "variance-record.json").exists()
