"""Networks of 16 bits, of mixed precision, and under autocast."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from forwardgrad import make_estimator

from ... import cases
from .exact import Of, assert_exact


def body(net, x):
    y = net.norm(net.table(x))
    q, k, v = net.attention(y).unflatten(-1, (3, 2, 4)).permute(2, 0, 3, 1, 4)
    y = y + F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2)
    y = net.conv(y.mT.unsqueeze(-1)).squeeze(-1).mT
    return net.batch(F.gelu(y).flatten(0, 1)).softmax(-1).unflatten(0, x.shape)


def network(dtype):
    torch.default_generator.manual_seed(0)
    parts = {
        "table": nn.Embedding(7, 8),
        "norm": nn.LayerNorm(8),
        "attention": nn.Linear(8, 24),
        "conv": nn.Conv2d(8, 6, (3, 1), padding=(1, 0)),
        "batch": nn.BatchNorm1d(6),
    }
    return Of(body, **parts).to(dtype)


IDS = torch.randint(7, (8, 5), generator=torch.Generator().manual_seed(0))


def loss(outputs, targets):
    return F.cross_entropy(outputs.float().flatten(0, 1), IDS.flatten() % 6)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.bfloat16, 0.1), (torch.float16, 0.01)])
def test_16_bits(dtype, tolerance):
    assert_exact(network(dtype), IDS, tolerance=tolerance, loss=loss)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_autocast(dtype):
    with torch.autocast("cpu", dtype):
        assert_exact(network(torch.float32), IDS, tolerance=0.05, loss=loss)


def test_autocast_leaves_64_bits():
    with torch.autocast("cpu", torch.bfloat16):
        assert_exact(network(torch.float64), IDS, tolerance=1e-6, loss=loss)


def test_a_head_of_32_bits_on_a_body_of_16():
    mixed = Of(lambda net, x: net.head(net.body(x).float()), body=network(torch.bfloat16), head=nn.Linear(6, 6))
    assert_exact(mixed, IDS, tolerance=0.1, loss=loss)


@pytest.mark.parametrize("key", cases.ANYWHERE)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_every_estimator_in_16_bits(key, dtype):
    net = network(dtype).eval()
    estimate = make_estimator(key, net, loss, seed=0)(IDS, None)
    torch.testing.assert_close(estimate.loss.float(), loss(net(IDS), None).float(), rtol=0.03, atol=0)
    for name, part in estimate.dense().items():
        assert part.dtype is dtype, name
        assert part.isfinite().all(), name


@pytest.mark.parametrize("key", cases.ANYWHERE)
def test_every_estimator_under_autocast(key):
    net = network(torch.float32).eval()
    estimator = make_estimator(key, net, loss, seed=0)
    with torch.autocast("cpu", torch.bfloat16):
        estimate = estimator(IDS, None)
        torch.testing.assert_close(estimate.loss.float(), loss(net(IDS), None).float(), rtol=0.03, atol=0)
    for name, part in estimate.dense().items():
        assert part.dtype is torch.float32, name
        assert part.isfinite().all(), name
