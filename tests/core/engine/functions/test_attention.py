import math
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from forwardgrad import make_estimator

from ..exact import Of, assert_exact, wiggle

SIZES = {"query": (2, 4, 5, 6), "key": (2, 4, 7, 6), "value": (2, 4, 7, 3)}
BOOLEAN = torch.rand(5, 7, generator=torch.Generator().manual_seed(0)) > 0.4


def parts(**sizes):
    torch.default_generator.manual_seed(0)
    return {name: torch.randn(size, dtype=torch.float64) for name, size in sizes.items()}


def attend(net, _, **options):
    with nn.attention.sdpa_kernel(nn.attention.SDPBackend.MATH):
        mask = getattr(net, "mask", None)
        return F.scaled_dot_product_attention(net.query, net.key, net.value, **{"attn_mask": mask} | options)


EMPTY = BOOLEAN.clone().index_fill_(0, torch.tensor([2]), False)
OPTIONS = {
    "plain": {},
    "causal": {"is_causal": True},
    "scale": {"scale": 0.3},
    "boolean mask": {"attn_mask": BOOLEAN},
    "empty row": {"attn_mask": EMPTY},
    "float mask": {"attn_mask": torch.randn(2, 1, 5, 7, dtype=torch.float64)},
    "empty row of a float mask": {"attn_mask": torch.zeros(5, 7, dtype=torch.float64).masked_fill(~EMPTY, -math.inf)},
    "dropout": {"dropout_p": 0.4},
    "all": {"attn_mask": EMPTY, "dropout_p": 0.3, "scale": 0.9},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_attention(options):
    assert_exact(Of(partial(attend, **options), **parts(**SIZES)), torch.ones(2))


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_attention_with_a_mask_that_moves(dropout):
    assert_exact(Of(partial(attend, dropout_p=dropout), **parts(**SIZES, mask=(4, 5, 7))), torch.ones(2))


@pytest.mark.parametrize("frozen", SIZES)
def test_attention_where_not_all_moves(frozen):
    net = Of(attend, **parts(**SIZES))
    getattr(net, frozen).requires_grad_(False)
    assert_exact(net, torch.ones(2))


@pytest.mark.parametrize("sizes", [[(5, 6), (7, 6), (7, 3)], [(1, 4, 5, 6), (2, 1, 7, 6), (2, 4, 7, 3)]])
def test_attention_of_other_shapes(sizes):
    assert_exact(Of(attend, **parts(**dict(zip(SIZES, sizes, strict=True)))), torch.ones(2))


def test_attention_of_grouped_queries():
    sizes = SIZES | {"key": (2, 2, 7, 6), "value": (2, 2, 7, 3)}
    assert_exact(Of(partial(attend, enable_gqa=True, attn_mask=EMPTY), **parts(**sizes)), torch.ones(2))


def test_attention_refuses_two_masks():
    net = Of(partial(attend, is_causal=True, attn_mask=BOOLEAN), **parts(**SIZES))
    with pytest.raises(ValueError, match="attn_mask or is_causal"):
        make_estimator("forward_rank_one", net, wiggle)(torch.ones(2), None)


KINDS = {
    "self": {},
    "other sizes": {"kdim": 5, "vdim": 3},
    "no bias": {"bias": False},
    "bias of keys": {"add_bias_kv": True},
    "zero": {"add_zero_attn": True},
    "dropout": {"dropout": 0.3},
    "batch first": {"batch_first": True},
    "both": {"add_bias_kv": True, "add_zero_attn": True, "dropout": 0.2, "kdim": 5, "vdim": 3},
}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("weights", [True, False])
@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
def test_multi_head_attention(options, weights, training):
    torch.default_generator.manual_seed(0)
    layer = nn.MultiheadAttention(8, 2, **options).double().train(training)
    query, key, value = (torch.randn(4, 4, size, dtype=torch.float64) for size in (8, layer.kdim, layer.vdim))
    hidden = torch.zeros(4, 4, dtype=torch.bool)
    hidden[1, 2:] = True
    later = torch.ones(4, 4, dtype=torch.bool).triu(1)
    masks = [{}, {"key_padding_mask": hidden}, {"attn_mask": later}, {"key_padding_mask": hidden, "attn_mask": later}]

    def attend(net, query, key, value):
        with nn.attention.sdpa_kernel(nn.attention.SDPBackend.MATH):
            found = [net.layer(query, key, value, need_weights=weights, **each) for each in masks]
            if "kdim" not in options:
                query = net.before(query)
                found += [net.layer(query, query, query, need_weights=weights, **each) for each in masks]
        return tuple(part for pair in found for part in pair if part is not None)

    before = nn.Linear(8, 8).double()
    assert_exact(Of(attend, layer=layer, before=before), query, key, value)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("frozen", [True, False])
def test_an_encoder(training, frozen):
    torch.default_generator.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    encoder = nn.TransformerEncoder(layer, 2).double().train(training).requires_grad_(not frozen)
    hidden = torch.zeros(3, 4, dtype=torch.bool)
    hidden[1, 2:] = True
    net = Of(lambda net, x: net.encoder(net.before(x), src_key_padding_mask=hidden), encoder=encoder)
    net.before = nn.Linear(5, 8).double()
    # What torch returns at padding depends on its path.
    assert_exact(net, torch.randn(3, 4, 5, dtype=torch.float64), loss=lambda y, _: (y[:, :2] * y[:, :2].sin()).sum())
