"""The descents: regression constants, seeds, divergence, rates, files."""

import csv
import math
from dataclasses import replace

import pytest
import torch

from forwardgrad.experiments.functions import descent
from forwardgrad.experiments.functions.columns import CONTRACTION, DESCENT_RUNS, DESCENTS
from forwardgrad.experiments.functions.definitions import FUNCTIONS
from forwardgrad.experiments.functions.tables import expected_factor

FORWARD = [("forward_gaussian", seed) for seed in range(3)] + [("forward_rademacher", 0), ("forward_sphere", 5)]


def test_gradient_descent_ends_on_beale_where_it_is_known_to(known):
    values, _ = descent.descend(known["paper", "beale"], [("gradient_descent", 0)])
    assert values.shape == (1001, 1)
    assert f"{values[-1].item():.3e}" == "5.560e-05"


def test_gradient_descent_on_rosenbrock_is_that_by_hand(known):
    case = replace(known["paper", "rosenbrock"], steps=1000)
    values, _ = descent.descend(case, [("gradient_descent", 0)])
    (x, y), rate = case.start, case.learning_rate
    for _ in range(1000):
        above = y - x * x
        x, y = x + rate * (2 * (1 - x) + 400 * x * above), y - rate * 200 * above
    assert values[-1].item() == pytest.approx((1 - x) ** 2 + 100 * (y - x * x) ** 2, rel=1e-9)


def test_gradient_descent_is_that_by_hand(tiny):
    case = replace(tiny, function="sphere", start=(1.0, 2.0), learning_rate=0.25, decay=0.1, steps=3)
    _, points = descent.descend(case, [("gradient_descent", 0)])
    expected = [1.0]
    for step in range(3):
        expected.append(expected[-1] * (1 - 2 * 0.25 * math.exp(-0.1 * step)))
    assert points[:, 0, 0].tolist() == pytest.approx(expected, rel=1e-15)
    assert torch.equal(points[:, 0, 1], 2 * points[:, 0, 0])


def test_a_forward_step_is_the_slope_times_the_direction(tiny):
    runs = [("forward_gaussian", 7)]
    _, points = descent.descend(tiny, runs)
    tangents = descent.draw_tangents(tiny, runs, tiny.steps)
    start = points[0, 0].clone().requires_grad_()
    (gradient,) = torch.autograd.grad(FUNCTIONS["beale"].value(start), start)
    expected = start - 0.01 * (gradient @ tangents[0, 0]) * tangents[0, 0]
    assert torch.allclose(points[1, 0], expected, rtol=1e-14)


def test_a_two_point_step_is_the_slope_between_two_points(tiny):
    case = replace(tiny, function="sphere", start=(1.0, 2.0), learning_rate=0.25, steps=1, difference=0.3)
    runs = [("two_point_gaussian", 7)]
    values, points = descent.descend(case, runs)
    tangent = descent.draw_tangents(case, runs, 1)[0, 0]
    assert values[:, 0].tolist() == [5.0, points[1, 0].square().sum().item()]
    expected = points[0, 0] - 0.25 * 2 * (points[0, 0] @ tangent) * tangent  # a parabola's slope is exact
    assert torch.allclose(points[1, 0], expected, rtol=1e-13)


def test_only_a_finite_difference_finds_the_flat_minimum(tiny):
    case = replace(tiny, function="product", start=(0.5, 0.02) * 50, learning_rate=0.005, steps=800, difference=0.1)
    for method, flatter in (("gradient_descent", False), ("forward_gaussian", False), ("two_point_gaussian", True)):
        _, (row,) = descent.rows_of(case, [(method, 0)])
        assert row["distance"] is None
        assert (row["trace"] < 12.3) == flatter


@pytest.mark.parametrize(
    "key", [("paper", "beale"), ("gallo", "rosenbrock"), ("gallo", "trid"), ("ours", "sphere_100")]
)
def test_a_seed_alone_and_beside_others_is_the_same_to_the_bit(known, key):
    case = replace(known[key], steps=60)
    together = descent.descend(case, FORWARD)
    for column, run in enumerate(FORWARD):
        alone = descent.descend(case, [run])
        for mine, theirs in zip(alone, together, strict=True):
            torch.testing.assert_close(mine[:, 0], theirs[:, column], rtol=0, atol=0, equal_nan=True)


def test_fewer_steps_are_the_beginning_of_more(tiny):
    runs = [("forward_gaussian", 0), ("forward_rademacher", 0), ("forward_sphere", 0)]
    short, long = (descent.draw_tangents(tiny, runs, steps) for steps in (5, 40))
    assert torch.equal(short, long[:5])


def test_every_run_has_tangents_of_its_own(known, tiny):
    drawn = [
        descent.draw_tangents(case, [run], 4) for case in (tiny, replace(tiny, source="gallo")) for run in FORWARD[:2]
    ]
    assert len({str(part.tolist()) for part in drawn}) == 4
    signs = descent.draw_tangents(tiny, [("forward_rademacher", 0)], 200)
    assert set(signs.flatten().tolist()) == {-1.0, 1.0}
    assert descent.draw_tangents(known["ours", "sphere_10"], [("forward_sphere", 0)], 3).norm(dim=-1)[
        0
    ].item() == pytest.approx(10**0.5)


def test_the_rate_decays_as_the_formula_says(tiny):
    rates = descent.learning_rates(replace(tiny, learning_rate=2e-4, decay=1e-4, steps=1500))
    assert rates[0].item() == 2e-4
    assert rates[1000].item() == pytest.approx(2e-4 * math.exp(-0.1), rel=1e-14)
    assert set(descent.learning_rates(tiny).tolist()) == {0.01}


def test_divergence_is_told_where_it_happens_and_relative_to_the_start():
    nan, inf = math.nan, math.inf
    columns = [[2.0, 1.0, 0.5], [2.0, 2.1e4, 1.0], [2.0, nan, nan], [2.0, 1.0, inf], [2.0, 2e4, 1.0]]
    values = torch.tensor(columns, dtype=torch.float64).T
    assert descent.endings(values) == [(2, False), (1, True), (1, True), (2, True), (2, False)]


def test_a_diverged_descent_is_a_row_that_says_so(tiny):
    case = replace(tiny, learning_rate=100.0)
    curves, rows = descent.rows_of(case, [("gradient_descent", 0)])
    assert [(row["status"], row["steps"] < case.steps) for row in rows] == [("diverged", True)]
    assert curves[-1]["step"] == rows[0]["steps"]


@pytest.mark.parametrize("steps", [1, 60, 25_000])
def test_kept_steps_are_few_and_have_both_ends(steps):
    kept = descent.kept(steps)
    assert kept[0] == 0
    assert kept[-1] == steps
    assert len(kept) <= descent.POINTS
    assert kept == sorted(set(kept))


def test_files_have_the_documented_columns_and_are_the_same_byte_for_byte(tiny, tmp_path):
    for name in ("one", "two"):
        descent.run_case(tiny, tmp_path / name)
    for suffix in (".csv", "-runs.csv"):
        assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()
    with (tmp_path / "one-runs.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(DESCENT_RUNS)
    assert [(row["method"], row["seed"]) for row in rows] == [
        ("gradient_descent", "0"),
        *((method, str(seed)) for method in ("forward_gaussian", "forward_rademacher") for seed in range(3)),
    ]
    with (tmp_path / "one.csv").open() as file:
        assert list(csv.DictReader(file).fieldnames) == list(DESCENTS)
    assert not list(tmp_path.glob("*.partial"))


def test_limits_are_those_of_the_formulae(known, tiny):
    for dimensions in (2, 10, 100):
        limits = descent.limits(known["ours", f"sphere_{dimensions}"])
        assert limits == pytest.approx(
            {"gradient_descent": 1, "forward_gaussian": 1 / (dimensions + 2), "forward_rademacher": 1 / dimensions}
        )
    stretched = descent.limits(replace(tiny, function="sum_squares"))  # H = diag(2, 4)
    assert stretched["gradient_descent"] == pytest.approx(2 / 4)
    assert stretched["forward_gaussian"] == pytest.approx(2 / (6 + 2 * 4))


def test_one_step_changes_a_sphere_by_the_factor_of_theory(known, tmp_path):
    case = replace(known["ours", "sphere_10"], seeds=4)
    descent.contract(case, tmp_path / "contraction.csv")
    with (tmp_path / "contraction.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(CONTRACTION)
    assert len(rows) == len(descent.FRACTIONS) * (1 + 4 + 4)
    for method in ("gradient_descent", "forward_gaussian", "forward_rademacher"):
        own = [row for row in rows if row["method"] == method]
        for rate in {row["learning_rate"] for row in own}:
            factors = [float(row["factor"]) for row in own if row["learning_rate"] == rate]
            expected = expected_factor(method, float(rate), 10)
            assert sum(factors) / len(factors) == pytest.approx(expected, abs=0.02)
