"""Estimators are copied, stored, and go on where they were."""

import copy
import io
import pickle

import pytest
import torch
from torch import nn

from forwardgrad.core.estimates import step_
from forwardgrad.core.estimator import make_estimator
from forwardgrad.core.gradients import ESTIMATORS

from .. import cases


class Trainer:
    """A model and its estimator, as one holds them."""

    def __init__(self, key, engine):
        self.problem = engine(
            cases.problem(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3), shape=(4,), batch=6, loss=nn.CrossEntropyLoss())
        )
        self.model = self.problem.model
        self.estimator = make_estimator(key, self.model, self.problem.loss)

    def steps(self, count):
        inputs, targets = self.problem.batch
        for step in range(count):
            size = 6 - step % 2  # batches of two sizes take turns
            step_(self.model, self.estimator(inputs[:size], targets[:size]), 0.01)
        return cases.flat(cases.detached(self.model)).clone()


COPIES = {"deepcopy": copy.deepcopy, "pickle": lambda trainer: pickle.loads(pickle.dumps(trainer))}


@pytest.mark.parametrize("how", COPIES)
@cases.with_engines(ESTIMATORS)
def test_a_copy_goes_on_alike_with_a_model_of_its_own(engine, key, how):
    first = Trainer(key, engine)
    before = first.steps(3)
    second = COPIES[how](first)
    moved = second.steps(4)
    assert not torch.equal(moved, before)
    assert torch.equal(cases.flat(cases.detached(first.model)), before)
    assert torch.equal(first.steps(4), moved)


@cases.with_engines(ESTIMATORS)
def test_resumed_training_comes_to_the_same_bits(engine, key):
    whole = Trainer(key, engine)
    whole.steps(4)
    stored = io.BytesIO()
    torch.save({"model": whole.model.state_dict(), "estimator": whole.estimator.state_dict()}, stored)
    resumed = copy.deepcopy(whole.problem)
    again = Trainer(key, lambda _: resumed)
    again.steps(1)  # whatever it has drawn is forgotten
    stored.seek(0)
    state = torch.load(stored)  # tensors and numbers alone
    again.model.load_state_dict(state["model"])
    again.estimator.load_state_dict(state["estimator"])
    assert torch.equal(again.steps(4), whole.steps(4))


@pytest.mark.parametrize("key", ["forward_gaussian", "forward_rank_one_layer", "activity"])
def test_training_resumes_across_blocks_of_draws(key):
    whole = Trainer(key, cases.ENGINES["direct"])
    whole.steps(62)
    resumed = copy.deepcopy(whole)
    for _ in range(2):
        state = copy.deepcopy(whole.estimator.state_dict())
        resumed.estimator.load_state_dict(state)
        assert torch.equal(resumed.steps(70), whole.steps(70))


def test_the_state_of_another_estimator_is_refused():
    states = {
        key: Trainer(key, cases.ENGINES["direct"]).estimator.state_dict() for key in ("activity", "forward_gaussian")
    }
    with pytest.raises(ValueError, match="the state is of activity, this estimator is spsa"):
        Trainer("spsa", cases.ENGINES["direct"]).estimator.load_state_dict(states["activity"])
