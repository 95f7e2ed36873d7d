import inspect

import pytest
import torch
from torch import nn

from forwardgrad.core.estimates import step_
from forwardgrad.core.estimator import make_estimator
from forwardgrad.core.gradients import ESTIMATORS
from forwardgrad.core.refusals import OPTIONS

from .. import cases

LOSS = nn.CrossEntropyLoss()


def mlp():
    return nn.Sequential(nn.Linear(6, 3))


def complex_parameters():
    return nn.ParameterList([nn.Parameter(torch.ones(2, dtype=torch.complex64))])


def of_inference():
    with torch.inference_mode():
        return mlp()


MODELS = {  # what is no network, the type of the error, and what it says
    "a list": (lambda: [nn.Linear(6, 3)], TypeError, "wrap it in an nn.Sequential"),
    "a function": (lambda: torch.sin, TypeError, "must be an nn.Module"),
    "DataParallel": (lambda: nn.DataParallel(mlp()), TypeError, "DataParallel wraps the network: pass model.module"),
    "AveragedModel": (lambda: torch.optim.swa_utils.AveragedModel(mlp()), TypeError, "pass model.module"),
    "TorchScript": (lambda: torch.jit.script(mlp()), TypeError, "pass the nn.Module that it was made of"),
    "lazy": (lambda: nn.Sequential(nn.LazyLinear(3)), TypeError, r"parameter 0\.weight has no shape yet"),
    "meta": (lambda: nn.Sequential(nn.Linear(6, 3, device="meta")), TypeError, r"model\.to_empty"),
    "complex": (complex_parameters, TypeError, "parameter 0 is complex"),
    "inference": (of_inference, TypeError, "inference mode"),
    "no parameters": (lambda: nn.Sequential(nn.Tanh()), ValueError, "the model has no parameters"),
}


@pytest.mark.parametrize("name", MODELS)
def test_what_is_no_network_is_refused_when_the_estimator_is_made(name):
    make, kind, message = MODELS[name]
    with pytest.raises(kind, match=message) as refused:
        make_estimator("forward_rank_one", make(), LOSS)
    assert "\n" not in str(refused.value)


def test_a_compiled_network_is_refused():
    with pytest.raises(TypeError, match=r"torch\.compile wraps the network: pass the \w+ from before it"):
        make_estimator("forward_rank_one", torch.compile(mlp(), backend="eager"), LOSS)


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ((mlp(), "forward_rank_one", LOSS), TypeError, "the key comes first: Sequential is none of backprop, "),
        (("forward_rank_one", mlp(), "cross_entropy"), TypeError, "the loss, third argument, must be callable"),
        (("forward_rank", mlp(), LOSS), ValueError, "no estimator 'forward_rank': choose one of backprop, "),
    ],
)
def test_arguments_that_are_no_key_or_loss_are_refused(arguments, kind, message):
    with pytest.raises(kind, match=message):
        make_estimator(*arguments)


@cases.with_engines(ESTIMATORS)
def test_an_empty_batch_is_refused(engine, key):
    problem = engine(cases.tiny_cnn())
    with pytest.raises(ValueError, match=r"the batch is empty: an input has shape \(0, 1, 2, 2\)"):
        make_estimator(key, problem.model, problem.loss)(problem.inputs[:0], problem.targets[:0])


LOSSES = {
    "per example": (nn.CrossEntropyLoss(reduction="none"), r"the loss is of shape \(8,\): it must be one number"),
    "with accuracy": (lambda outputs, targets: (LOSS(outputs, targets), outputs.mean()), "the loss is a tuple"),
    "number of Python": (lambda outputs, targets: 1.0, "the loss is a float"),
}


@pytest.mark.parametrize("name", LOSSES)
@cases.with_engines(ESTIMATORS)
def test_a_loss_that_is_not_one_number_is_refused_before_anything_moves(engine, key, name):
    loss, message = LOSSES[name]
    layers = nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 8)  # as wide as the batch
    problem = engine(cases.problem(*layers, shape=(8,), batch=8, loss=LOSS))
    before, estimator = cases.flat(problem.parameters).clone(), make_estimator(key, problem.model, loss)
    with pytest.raises(ValueError, match=message):
        step_(problem.model, estimator(*problem.batch), 0.1)
    assert torch.equal(cases.flat(problem.parameters), before)


@pytest.mark.parametrize(
    ("key", "options", "message"),
    [
        ("forward_rank_one", {"rank": 0}, "rank=0: allowed is a whole number above 0"),
        ("forward_rank_one", {"rank": 1.5}, r"rank=1\.5: allowed is a whole number"),
        ("forward_gaussian", {"law": "cauchy"}, "law='cauchy': allowed is one of gaussian, rademacher, sphere"),
        ("forward_rank_one", {"law": "sphere"}, "law='sphere': of low rank it would be biased"),
        ("forward_mean_4", {"tangents": True}, "tangents=True: allowed is a whole number"),
        ("spsa", {"epsilon": 0.0}, r"epsilon=0\.0: allowed is a finite number above 0"),
        ("spsa", {"epsilon": float("nan")}, "epsilon=nan: allowed is a finite number above 0"),
        ("forward_sampled", {"rows": 0}, "rows=0: allowed is a whole number"),
        ("local_losses", {"head_rate": "fast"}, "head_rate='fast': allowed is a finite number above 0"),
        ("activity", {"mixed": 1}, "mixed=1: allowed is True or False"),
    ],
)
def test_an_option_of_no_use_is_refused_when_the_estimator_is_made(key, options, message):
    with pytest.raises(ValueError, match=message) as refused:
        make_estimator(key, mlp(), LOSS, **options)
    assert "\n" not in str(refused.value)


def test_every_option_of_an_estimator_is_checked():
    own = {name for make in ESTIMATORS.values() for name in inspect.signature(make).parameters}
    assert own - {"generator", "weights", "standardised"} == set(OPTIONS)
