from contextlib import suppress

import pytest
import torch
from torch import nn

from forwardgrad.core.estimates import step_, write_gradient_
from forwardgrad.core.estimator import make_estimator
from forwardgrad.core.gradients import ESTIMATORS

from .. import cases


def mlp(width=5, loss=None):
    return cases.problem(nn.Linear(4, width), nn.Tanh(), nn.Linear(width, 3), shape=(4,), batch=6, loss=loss)


def estimator_of(problem, key="forward_gaussian", **options):
    return make_estimator(key, problem.model, problem.loss, **options)


@pytest.mark.parametrize("width", [5, 60_000])
@pytest.mark.parametrize("key", ["forward_gaussian", "forward_rank_one", "activity", "spsa"])
def test_an_estimate_kept_beyond_the_next_call_is_refused(key, width):
    problem = mlp(width).to(torch.float32)
    estimator = estimator_of(problem, key)
    kept = estimator(*problem.batch)
    dense, before = kept.dense(), {name: value.clone() for name, value in kept.dense().items()}
    estimator(*problem.batch)
    for use in (kept.dense, lambda: kept.add_to_(1.0), lambda: step_(problem.model, kept, 0.1)):
        with pytest.raises(RuntimeError, match="out of date"):
            use()
    assert all(torch.equal(dense[name], value) for name, value in before.items())


@cases.with_engines(ESTIMATORS)
def test_a_kept_estimate_never_changes_without_a_word(engine, key):
    problem = engine(mlp())
    estimator = estimator_of(problem, key)
    kept = estimator(*problem.batch)
    before = {name: value.clone() for name, value in kept.dense().items()}
    for _ in range(2):
        estimator(*problem.batch)
    with suppress(RuntimeError):
        assert all(torch.equal(value, before[name]) for name, value in kept.dense().items())


def test_gradients_accumulate_as_those_of_backward_do():
    problem = mlp()
    estimator, whole = estimator_of(problem, "backprop"), problem.gradient()
    for _ in range(3):
        write_gradient_(problem.model, estimator(*problem.batch))
    for name, parameter in problem.model.named_parameters():
        assert torch.allclose(parameter.grad, 3 * whole[name])
    write_gradient_(problem.model, estimator(*problem.batch), accumulate=False)
    for name, parameter in problem.model.named_parameters():
        assert torch.equal(parameter.grad, whole[name])


@cases.with_engines(ESTIMATORS)
def test_a_wholly_ignored_batch_has_the_gradient_zero(engine, key):
    problem = engine(mlp(loss=nn.CrossEntropyLoss()))
    problem.targets.fill_(-100)
    before, estimator = cases.flat(problem.parameters).clone(), estimator_of(problem, key)
    for _ in range(2):
        assert step_(problem.model, estimator(*problem.batch), 0.1)
    write_gradient_(problem.model, estimator(*problem.batch))
    assert torch.equal(cases.flat(problem.parameters), before)
    assert not any(parameter.grad.any() for parameter in problem.model.parameters())


@pytest.mark.parametrize("key", ESTIMATORS)
def test_a_step_along_what_is_not_finite_is_refused_or_left_out(key):
    problem = mlp()
    problem.targets[0, 0] = torch.inf
    before, estimator = cases.flat(problem.parameters).clone(), estimator_of(problem, key)
    with pytest.raises(FloatingPointError, match="lower the learning rate"):
        step_(problem.model, estimator(*problem.batch), 0.1)
    assert step_(problem.model, estimator(*problem.batch), 0.1, skip_nonfinite=True) is False
    assert torch.equal(cases.flat(problem.parameters), before)


@pytest.mark.parametrize("use", [lambda *both: step_(*both, 0.1), write_gradient_])
def test_an_estimate_of_another_module_is_refused(use):
    problem, outer = mlp(), nn.Sequential
    estimate = estimator_of(problem)(*problem.batch)
    with pytest.raises(ValueError, match="another module"):
        use(outer(problem.model), estimate)
