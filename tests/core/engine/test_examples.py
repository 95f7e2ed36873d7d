"""Activity perturbation takes every example's own derivative: where there is one, and in memory linear in the batch."""

import weakref

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from forwardgrad.core import draws
from forwardgrad.core.estimator import make_estimator

from ... import cases


class Centre(nn.Module):
    def forward(self, inputs):
        return inputs - inputs.mean(0)


class Flip(nn.Module):
    def forward(self, inputs):
        return inputs.flip(0)


class Swap(nn.Module):
    """Two mixtures that undo each other: the outputs lie right, a layer's inputs do not."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 3)

    def forward(self, inputs):
        return self.layer(inputs.flip(0)).flip(0)


MIXING = {
    "softmax": lambda: nn.Softmax(0),
    "batch normalisation": lambda: nn.BatchNorm1d(2, affine=False, track_running_stats=False),
    "centre": Centre,
    "flip": Flip,
}


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("name", MIXING)
def test_a_layer_that_mixes_examples_is_refused_by_name(name, batch):
    problem = cases.problem(nn.Linear(4, 2), MIXING[name](), nn.Linear(2, 2), shape=(4,), batch=3)
    problem.model.train()
    kind = type(problem.model[1]).__name__
    estimator = make_estimator("activity", problem.model, problem.loss)
    with pytest.raises(TypeError, match=rf"^activity: layer 1 \({kind}.* mixes the examples .* mixed=True"):
        estimator(problem.inputs[:batch], problem.targets[:batch])


@pytest.mark.parametrize("name", MIXING)
def test_the_derivative_of_the_whole_batch_is_unbiased_where_examples_are_mixed(monkeypatch, name):
    problem = cases.problem(nn.Linear(2, 2), MIXING[name](), shape=(2,), batch=3)
    problem.model.train()
    monkeypatch.setattr(draws, "rademacher_", cases.counting(cases.SIGNS))
    estimator = make_estimator("activity", problem.model, problem.loss, mixed=True)
    mean = cases.expectation(lambda: cases.moments(estimator(*problem.batch)), cases.SIGNS, 3 * 2)
    assert torch.allclose(mean[:-1], cases.flat(problem.gradient()), rtol=1e-10, atol=1e-12)


def test_a_unit_whose_inputs_are_out_of_order_gets_a_tangent_of_its_own():
    problem = cases.problem(nn.Linear(3, 3), Swap(), nn.Linear(3, 2), shape=(3,))
    estimator = make_estimator("activity", problem.model, problem.loss)
    estimator(*problem.batch)
    assert set(estimator.method.apart) == {"0", "2"}
    assert set(estimator.method.rest) == {"1.layer"}


class Largest(TorchDispatchMode):
    """Keeps the size of the largest result of any operation, in numbers."""

    numel = 0

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        result = function(*arguments, **(keywords or {}))
        if isinstance(result, torch.Tensor):
            self.numel = max(self.numel, result.untyped_storage().nbytes() // result.element_size())
        return result


LOSSES = [nn.CrossEntropyLoss(), nn.CrossEntropyLoss(label_smoothing=0.1), nn.CrossEntropyLoss(ignore_index=1)]


@cases.on_engines
@pytest.mark.parametrize("loss", LOSSES)
def test_memory_grows_with_the_batch_alone(engine, loss):
    problem, found = engine(cases.problem(nn.Linear(4, 50), shape=(4,), batch=64, loss=loss)), []
    for batch in (32, 64):
        estimator = make_estimator("activity", problem.model, problem.loss)
        with Largest() as largest:
            estimator(problem.inputs[:batch], problem.targets[:batch]).dense()
        found.append(largest.numel)
    assert found[1] <= 2 * found[0]
    assert found[1] <= draws.BLOCK_STEPS * 64 * 50


def test_what_earlier_calls_kept_is_let_go():
    problem = cases.problem(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 3), shape=(4,), batch=6)
    estimator = make_estimator("activity", problem.model, problem.loss)
    inputs = []
    for size in (6, 5, 6, 5):
        found = estimator(problem.inputs[:size], problem.targets[:size])
        inputs.append(weakref.ref(found.terms[0][1]["2"].uses[0][1]))
    assert [kept() is None for kept in inputs] == [True, True, True, False]
