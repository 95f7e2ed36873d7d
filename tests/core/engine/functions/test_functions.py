"""Every rule on a parameter itself: it is written once, so that its tangent must not be lost."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from forwardgrad.core.engine.functions import RULES

from ..exact import Of, assert_exact

IDS = torch.tensor([[1, 0, 2], [3, 3, 1]])
SYMMETRIC = torch.eye(4, dtype=torch.float64) * 4


def randn(*shape):
    return torch.randn(*shape, dtype=torch.float64)


IMAGE, ROWS = (2, 6, 5, 5), (3, 6)
CALLS = {
    F.linear: (ROWS, lambda x: F.linear(x, randn(4, 6))),
    torch.conv1d: ((2, 6, 5), lambda x: torch.conv1d(x, randn(4, 6, 3))),
    torch.conv2d: (IMAGE, lambda x: torch.conv2d(input=x, weight=randn(4, 3, 3, 3), groups=2)),
    torch.conv3d: ((2, 6, 5, 5, 5), lambda x: torch.conv3d(x, randn(4, 6, 3, 3, 3))),
    torch.conv_transpose1d: ((2, 6, 5), lambda x: torch.conv_transpose1d(x, randn(6, 4, 3))),
    torch.conv_transpose2d: (IMAGE, lambda x: torch.conv_transpose2d(x, randn(6, 4, 3, 3))),
    torch.conv_transpose3d: ((2, 6, 4, 4, 4), lambda x: torch.conv_transpose3d(x, randn(6, 4, 3, 3, 3))),
    F.embedding: ((4, 6), lambda x: F.embedding(IDS, x, padding_idx=-1)),
    F.embedding_bag: ((4, 6), lambda x: F.embedding_bag(IDS, x, mode="max")),
    F.layer_norm: (ROWS, lambda x: F.layer_norm(x, (6,), randn(6), randn(6))),
    F.batch_norm: (IMAGE, lambda x: F.batch_norm(x, None, None, randn(6), randn(6), training=True)),
    F.softmax: (ROWS, lambda x: F.softmax(x, -1)),
    torch.softmax: (ROWS, lambda x: torch.softmax(x, 0)),
    torch.Tensor.softmax: (ROWS, lambda x: x.softmax(dim=1)),
    F.scaled_dot_product_attention: (IMAGE, lambda x: F.scaled_dot_product_attention(x, x, x, dropout_p=0.1)),
    F.multi_head_attention_forward: ((3, 2, 6), lambda x: nn.MultiheadAttention(6, 2).double()(x, x, x)[0]),
    torch.prelu: (ROWS, lambda x: torch.prelu(x.round(), torch.tensor([0.3], dtype=torch.float64))),
    torch.Tensor.prelu: (IMAGE, lambda x: x.round().relu().prelu(randn(6))),
    torch.fmax: (ROWS, lambda x: torch.fmax(x, x.relu())),
    torch.Tensor.fmax: (ROWS, lambda x: x.fmax(x.relu())),
    torch.fmin: (ROWS, lambda x: torch.fmin(x, x.relu())),
    torch.Tensor.fmin: (ROWS, lambda x: x.fmin(x.relu())),
    torch.linalg.cholesky: ((4, 4), lambda x: torch.linalg.cholesky(x * 0.1 + SYMMETRIC)),
    torch.linalg.cholesky_ex: ((4, 4), lambda x: torch.linalg.cholesky_ex(x * 0.1 + SYMMETRIC)[0]),
    torch._weight_norm: (IMAGE, lambda x: torch._weight_norm(x, randn(2, 1, 1, 1).square(), 0)),
    torch._pack_padded_sequence: (
        (4, 2, 6),
        lambda x: nn.utils.rnn.pack_padded_sequence(x, torch.tensor([2, 4]), enforce_sorted=False).data,
    ),
    torch._pad_packed_sequence: (
        (7, 6),
        lambda x: nn.utils.rnn.pad_packed_sequence(
            nn.utils.rnn.PackedSequence(x, torch.tensor([3, 2, 2])), padding_value=2.0, total_length=5
        )[0],
    ),
}


def test_every_rule_is_called():
    assert CALLS.keys() == RULES.keys()


@pytest.mark.parametrize("function", CALLS, ids=lambda function: function.__qualname__)
def test_a_parameter_as_input(function):
    shape, call = CALLS[function]
    torch.default_generator.manual_seed(0)

    def with_the_same_constants(net, _):
        torch.default_generator.manual_seed(2)
        return call(net.input)

    assert_exact(Of(with_the_same_constants, input=randn(*shape)), torch.ones(2))


@pytest.mark.parametrize("padding", [None, 1])
@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_bags(mode, padding):
    torch.default_generator.manual_seed(0)
    table = nn.EmbeddingBag(4, 6, mode=mode, padding_idx=padding).double()
    assert_exact(Of(lambda net, ids: net.table(ids), table=table), IDS)
    offsets = torch.tensor([0, 2, 2])  # the second is empty
    assert_exact(Of(lambda net, ids: net.table(ids.flatten(), offsets), table=table), IDS)


def test_bags_of_weighed_samples():
    torch.default_generator.manual_seed(0)
    table = nn.EmbeddingBag(4, 6, mode="sum").double()
    net = Of(lambda net, ids: net.table(ids, per_sample_weights=net.weights), table=table, weights=randn(2, 3))
    assert_exact(net, IDS)
    table.requires_grad_(False)
    assert_exact(net, IDS)


def test_a_tied_table_does_not_move_at_padding():
    torch.default_generator.manual_seed(0)
    head, table = nn.Linear(6, 4, bias=False).double(), nn.Embedding(4, 6, padding_idx=3).double()
    table.weight = head.weight
    assert_exact(Of(lambda net, ids: net.head(net.table(ids)), head=head, table=table), IDS)
    computed = Of(lambda net, ids: F.embedding(ids, net.table * 2, padding_idx=3), table=randn(4, 6))
    assert_exact(computed, IDS)


def test_prelu_at_zero_has_the_slope_of_reverse_mode():
    inputs = torch.tensor([[0.0, -1.0, 2.0]], dtype=torch.float64)
    first = nn.Linear(3, 3, bias=False).double()
    with torch.no_grad():
        first.weight.copy_(torch.eye(3))
    assert_exact(Of(lambda net, x: net.after(net.before(x)), before=first, after=nn.PReLU(3).double()), inputs)
