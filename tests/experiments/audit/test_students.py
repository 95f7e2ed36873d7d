"""Each computation against a derivation of another kind; undone, a defect is not found."""

import math

import pytest
import torch
from scipy import stats
from torch import nn

from forwardgrad.core.estimator import make_estimator
from forwardgrad.core.models import build
from forwardgrad.experiments.audit import students
from forwardgrad.experiments.audit.ensemble import Ensemble, steps_to


def itself(part):
    return part


def test_seeds_are_compared_in_pairs_that_share_none(splits):
    finding = students.no_seeds(splits, count=8)
    ensemble = Ensemble("students_lr", 8, splits)
    (steps,) = steps_to(ensemble, 0.3, [ensemble.train], 0.2, 1000).tolist()
    pairs = [(0, 7), (2, 1), (4, 3), (6, 5)]
    assert finding.n == len(pairs)
    assert finding.found == sum(abs(steps[one] - steps[other]) >= 75 for one, other in pairs) / 4


def test_the_difference_is_the_published_one(root):
    quoted = (root / "report/quoted.csv").read_text()
    assert f"students_lr,forward_blockwise_standardised,steps,{students.STEPS['forward']}," in quoted
    assert f"students_lr,backprop,steps,{students.STEPS['backprop']}," in quoted
    assert "faithful_backprop,test_accuracy,{}-{},".format(*students.ACCURACIES) in quoted


def test_calls_are_counted():
    a, b = torch.ones(2), torch.ones(2)
    with students.Calls() as calls:
        (a + b).mul(a).sum()
    assert calls.count == 3


def test_a_step_of_the_logistic_regression_has_four_products(splits):
    # The layers' inputs once, then the loss again in each of two passes, and the weight's tangent in one of them.
    network = build("students_lr", 0)
    estimator = make_estimator("forward_blockwise_standardised", network, nn.CrossEntropyLoss())
    estimator(splits[0].train.inputs, splits[0].train.labels)
    with students.Calls() as calls:
        estimator(splits[0].train.inputs, splits[0].train.labels).add_to_(-0.2)
    assert students.two_devices(splits).found == pytest.approx(4 * 30 * 4 * 3 / calls.count)


def test_two_stops_of_one_run(splits):
    steps = [
        steps_to(ensemble, 0.2, [getattr(ensemble, part)], 0.05, 250)[0]
        for part in ("train", "test")
        for ensemble in [Ensemble("students_mlp", 3, splits)]
    ]
    assert students.two_stopping_rules(splits).found == pytest.approx((steps[0] - steps[1]).abs().mean().item())


def test_the_loss_by_either_rule(splits):
    """Four steps at rate 0.001 change next to nothing: the loss is that at the start, less rate times squared norm."""
    ensemble = Ensemble("students_mlp", 3, splits)
    squared = sum(gradient.flatten(1).square().sum(1) for gradient in ensemble.gradients(ensemble.train).values())
    expected = (ensemble.losses(ensemble.train) - 4 * 1e-3 * squared).mean().item()
    assert students.two_optimizers(splits).found == pytest.approx(expected, rel=1e-2)


def test_the_floor_of_cross_entropy_on_softmax_outputs():
    """At the outputs (1, 0, ..., 0): -log(e / (e + 9))."""
    finding = students.softmax_into_cross_entropy()
    assert finding.found == pytest.approx(math.log(math.e + 9) - 1, abs=1e-6)
    assert finding.found == pytest.approx(1.461, abs=5e-4)


def test_the_range_of_redrawn_accuracies_by_the_exact_distribution():
    """E[max] = sum_x P(max > x) and E[min] = sum_x P(min > x) of 100 independent hypergeometric counts."""
    below = stats.hypergeom(10_000, 5_900, 100).cdf(range(100))
    expected = ((1 - below**100) - (1 - below) ** 100).sum() / 100
    finding = students.redrawn_images()
    assert finding.low < expected < finding.high


def test_standardised_tangents_are_orthogonal_to_one():
    finding = students.standardised_tangents()
    assert finding.high < 1e-20
    assert finding.correct == 1


def test_the_mean_of_the_engines_own_estimates_has_no_mean_component(splits):
    """What is said of (I - 11'/n) G holds for the estimator that the pipeline runs, in every estimate."""
    network = build("students_mlp", 0).double()
    train = splits[0].train
    estimator = make_estimator("forward_blockwise_standardised", network, nn.CrossEntropyLoss(), seed=0)
    exact = make_estimator("backprop", network, nn.CrossEntropyLoss())(train.inputs.double(), train.labels)
    gradient = exact.dense()["2.bias"]
    estimates = torch.stack(
        [estimator(train.inputs.double(), train.labels).dense()["2.bias"].clone() for _ in range(3000)]
    )
    assert estimates.mean(1).abs().max() < 1e-12
    error = estimates.std(0) / math.sqrt(len(estimates))
    assert ((estimates.mean(0) - students.without_mean(gradient[None])[0]).abs() < 5 * error).all()


def test_what_is_kept_is_what_the_means_leave(splits):
    ensemble = Ensemble("students_mlp", 3, splits)
    hidden = [g.flatten(1).double() for name, g in ensemble.gradients(ensemble.train).items() if name[0] in "02"]
    lost = sum(part.shape[1] * part.mean(1).square() for part in hidden) / sum(part.square().sum(1) for part in hidden)
    assert students.standardised_hidden(splits).found == pytest.approx(1 - lost.mean().item())


def test_an_output_layer_loses_nothing(splits):
    assert students.standardised_output(splits).found == pytest.approx(1, abs=1e-9)
    assert not students.standardised_output(splits).shown


@pytest.mark.parametrize(
    ("compute", "undone"),
    [
        ("no_seeds", {"shift": 0, "count": 8}),
        ("two_devices", {"model": "mlp", "inputs": torch.zeros(64, 1, 28, 28)}),
        ("two_stopping_rules", {"part": "train"}),
        ("two_optimizers", {"batches": "single", "optimizer": torch.optim.Adam}),
        ("standardised_hidden", {"expected": itself}),
        ("softmax_into_cross_entropy", {"output": lambda logits, dim: logits}),
        ("redrawn_images", {"draws": 1}),
        ("standardised_tangents", {"change": itself}),
    ],
)
def test_undone_it_is_not_found(splits, compute, undone):
    everything = students.ON_PENGUINS | students.ALONE
    arguments = [splits] if compute in students.ON_PENGUINS else []
    assert not everything[compute](*arguments, **undone).shown


def test_a_gradient_with_a_mean_is_harmed_in_an_output_layer_too(splits, monkeypatch):
    """The row that is expected to find nothing could find something."""
    with_mean = {name: torch.ones(3, *shape) for name, shape in (("0.weight", (3, 4)), ("0.bias", (3,)))}
    monkeypatch.setattr(Ensemble, "gradients", lambda self, examples: with_mean)
    assert students.standardised_output(splits).shown
