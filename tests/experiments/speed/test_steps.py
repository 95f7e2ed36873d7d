"""Steps in parts: which there are, and that together they are the step."""

import copy

import pytest
import torch
from torch import nn

from forwardgrad.catalogue import ADAM, ESTIMATORS, MEASURED
from forwardgrad.core.estimates import step_
from forwardgrad.core.estimator import make_estimator
from forwardgrad.core.models import build
from forwardgrad.core.units import detached
from forwardgrad.experiments.speed import columns
from forwardgrad.experiments.speed.steps import PARTS, Case, along_estimate
from forwardgrad.experiments.speed.variants import variants

from ... import cases

LOSS = nn.CrossEntropyLoss()
ALONG = ("draw", "forward", "update")
EXPECTED = dict.fromkeys(MEASURED, ALONG) | {
    "gathering": ("forward",),
    "evaluation": ("forward",),
    "backprop": ("forward", "backward", "update"),
    "backprop_by_hand": ("forward", "backward"),
    "torchzero": ("forward",),
    "backprop_checkpoint": ("forward", "backward", "update"),
    "noisy_backprop": ("backward", "update"),
}
LAYERWISE = [key for key in ESTIMATORS if key.startswith("activity_")] + ["forward_sampled", "local_losses"]
EXPECTED |= dict.fromkeys(LAYERWISE, ("forward", "update"))  # they draw layer by layer
EXPECTED |= {f"forward_gaussian{ADAM}": ALONG, f"backprop{ADAM}": ("backward", "update")}


@pytest.fixture
def case():
    model = build("students_mlp", 0)
    generator = torch.Generator().manual_seed(0)
    return Case(model, LOSS, torch.rand(6, 4, generator=generator), torch.arange(6) % 3, 0.05)


@pytest.mark.parametrize("method", EXPECTED)
def test_a_step_consists_of_known_parts_in_their_order(case, method):
    found, reason = variants(method, case)
    assert reason is None
    for parts, _, _ in found.values():
        assert tuple(parts()) == tuple(parts()) == EXPECTED[method]
        assert [name for name in PARTS if name in EXPECTED[method]] == list(EXPECTED[method])


def test_the_columns_are_the_parts():
    assert columns.PARTS == PARTS
    assert set(PARTS) < set(columns.BENCH)


@pytest.mark.parametrize("key", ESTIMATORS)
def test_the_parts_of_a_step_along_an_estimate_are_the_step(case, key):
    other = copy.deepcopy(case.model)
    step = along_estimate(case, make_estimator(key, case.model, LOSS, seed=3))
    estimator = make_estimator(key, other, LOSS, seed=3)
    for _ in range(2):
        list(step())
        step_(other, estimator(case.inputs, case.targets), case.rate)
    assert torch.equal(cases.flat(detached(case.model)), cases.flat(detached(other)))


@pytest.mark.parametrize("key", ["backprop", "forward_gaussian", "forward_rank_one"])
def test_a_step_of_adam_is_that_of_torch(case, key):
    other = copy.deepcopy(case.model)
    step = along_estimate(case, make_estimator(key, case.model, LOSS, seed=3), adam=True)
    estimator, optimizer = make_estimator(key, other, LOSS, seed=3), torch.optim.Adam(other.parameters(), lr=case.rate)
    for _ in range(3):
        list(step())
        dense = estimator(case.inputs, case.targets).dense()
        for name, parameter in other.named_parameters():
            parameter.grad = dense[name]
        optimizer.step()
    moved = cases.flat(detached(other))
    assert torch.allclose(cases.flat(detached(case.model)), moved, rtol=1e-5, atol=1e-6)
    assert not torch.allclose(moved, cases.flat(detached(build("students_mlp", 0))), atol=1e-2)
