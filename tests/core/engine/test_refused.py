"""What forward mode cannot do ends in one line that names the layer, the function and the remedy."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.modules.linear_cross_entropy_options import LinearCrossEntropyOptions
from torch.utils.checkpoint import checkpoint

from forwardgrad import make_estimator

from .exact import Of, wiggle

SQUARE = torch.eye(3, dtype=torch.float64) * 3
INDEX = torch.tensor([[0, 0, 1], [1, 2, 2], [0, 1, 2]])


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x**3

    @staticmethod
    def backward(ctx, slope):
        return slope


def chunked(x):
    return F.linear_cross_entropy(x, torch.ones(5, 3).double(), INDEX[0], options=LinearCrossEntropyOptions())


WRONG = {
    "logcumsumexp": lambda x: torch.logcumsumexp(x, 0),
    "logcumsumexp of a tensor": lambda x: x.logcumsumexp(dim=0),
    "cholesky_inverse": lambda x: torch.cholesky_inverse(x),
    "cholesky_inverse of a tensor": lambda x: x.cholesky_inverse(upper=True),
    "cholesky_solve": lambda x: torch.cholesky_solve(torch.ones(2, 3).double(), (x @ x.T + SQUARE).expand(2, 3, 3)),
    "triangular_solve": lambda x: torch.triangular_solve(SQUARE, x)[0],
    "triangular_solve of a tensor": lambda x: SQUARE.triangular_solve(x)[0],
    "scatter_reduce": lambda x: torch.scatter_reduce(SQUARE, 0, INDEX, x, "prod"),
    "scatter_reduce of a tensor": lambda x: SQUARE.scatter_reduce(0, INDEX, x, reduce="prod"),
    "scatter_reduce_": lambda x: x.clone().scatter_reduce_(0, INDEX, x, "prod"),
    "cross_entropy": lambda x: F.cross_entropy(SQUARE, INDEX[0], weight=x[0]),
    "nll_loss": lambda x: F.nll_loss(SQUARE, INDEX[0], x[0]),
}
WITHOUT_RULE = {
    "_cdist_forward": lambda x: torch.cdist(x, SQUARE),
    "scatter": lambda x: torch.scatter(SQUARE, 0, INDEX, x, reduce="multiply"),
    "grid_sampler_2d": lambda x: F.grid_sample(x[None, None], torch.zeros(1, 2, 2, 2).double(), align_corners=False),
    "Cube": Cube.apply,
    "CheckpointFunction": lambda x: checkpoint(lambda y: y * 2, x, use_reentrant=True),
    "add": lambda x: torch.add(x, x, out=torch.empty(3, 3).double()),
    "linear_cross_entropy": chunked,
}
QUIET = pytest.mark.filterwarnings("ignore:torch.triangular_solve is deprecated:UserWarning")


def refused(net, loss=wiggle, key="forward_rank_one", inputs=SQUARE, targets=None):
    with pytest.raises(TypeError) as caught:
        make_estimator(key, net, loss, seed=0)(inputs, targets)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def stacked(function):
    torch.default_generator.manual_seed(0)
    inner = Of(lambda net, x: function(x * net.scale), scale=torch.ones(3).double())
    return nn.Sequential(nn.Linear(3, 3).double(), nn.Sequential(inner))


@QUIET
@pytest.mark.parametrize("name", WRONG | WITHOUT_RULE)
def test_the_layer_is_named(name):
    message = refused(stacked((WRONG | WITHOUT_RULE)[name]))
    assert message.startswith("layer 1.0 (Of): ")
    assert name.split(" ")[0] in message
    assert "spsa" in message


@pytest.mark.parametrize("reduce", ["sum", "mean", "amax", "amin"])
def test_other_reductions_are_not_refused(reduce):
    net = stacked(lambda x: SQUARE.scatter_reduce(0, INDEX, x, reduce))
    assert make_estimator("forward_rank_one", net, wiggle, seed=0)(SQUARE, None).terms[0][0].isfinite()


def test_functions_that_no_tangent_meets_are_not_refused():
    net = stacked(lambda x: x + torch.logcumsumexp(SQUARE, 0) + Cube.apply(SQUARE))
    assert make_estimator("forward_rank_one", net, wiggle, seed=0)(SQUARE, None).terms[0][0].isfinite()


@pytest.mark.parametrize("key", ["forward_rank_one", "forward_mean_4", "forward_blockwise", "activity"])
def test_a_layer_of_a_plain_network_is_named(key):
    net = nn.Sequential(nn.Linear(3, 3), nn.Unflatten(1, (3, 1, 1)), nn.CrossMapLRN2d(3), nn.Flatten())
    message = refused(net.double(), key=key)
    assert message.startswith("layer 2 (CrossMapLRN2d): CrossMapLRN2d has no forward mode")


@pytest.mark.parametrize("plain", [True, False])
def test_the_loss_is_named(plain):
    net = nn.Linear(3, 3).double()
    message = refused(nn.Sequential(net) if plain else net, nn.MultiMarginLoss(), targets=INDEX[0])
    assert message.startswith("the loss (MultiMarginLoss): torch has no forward mode of multi_margin_loss")


@pytest.mark.parametrize("transform", [torch.vmap, torch.func.grad])
def test_a_parameter_handed_to_torch_func_as_it_is(transform):
    net = Of(lambda net, x: transform(lambda row: row.sin().sum())(net.scale) * x, scale=torch.ones(3).double())
    assert "give them its clone()" in refused(net)
    own = Of(lambda net, x: transform(lambda row: row.sin().sum())(net.scale.clone()) * x, scale=torch.ones(3).double())
    assert make_estimator("forward_rank_one", own, wiggle, seed=0)(SQUARE, None).terms[0][0] != 0


def test_other_errors_are_the_users_own():
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        make_estimator("forward_rank_one", stacked(lambda x: x), wiggle)(torch.ones(3, 4).double(), None)


@pytest.mark.parametrize("option", [{"max_norm": 1.0}, {"scale_grad_by_freq": True}])
@pytest.mark.parametrize("kind", [nn.Embedding, nn.EmbeddingBag])
def test_options_of_tables_without_a_derivative(kind, option):
    table = kind(4, 3, **option)
    net = Of(lambda net, ids: net.head(net.table(ids)), table=table, head=nn.Linear(3, 2))
    assert "layer table" in refused(net, inputs=INDEX)
    table.requires_grad_(False)
    assert make_estimator("forward_rank_one", net, wiggle, seed=0)(INDEX, None).terms[0][0].isfinite()


def test_torchscript_within():
    net = nn.Sequential(nn.Linear(3, 3), torch.jit.script(nn.Linear(3, 3)))
    assert "layer 1 is TorchScript" in refused(net)
