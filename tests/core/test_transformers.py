"""The two transformers: what sees what, and which weights are shared."""

import math

import pytest
import torch
import torch.nn.functional as F

from forwardgrad.core.transformers import GPT, Attention, ViT, token_loss


def gpt():
    torch.default_generator.manual_seed(0)
    return GPT(vocabulary=11, length=6, width=8, depth=2, heads=2)


def test_attention_is_the_naive_one():
    torch.default_generator.manual_seed(0)
    attention, values = Attention(6, 2, causal=True).double(), torch.randn(2, 4, 6, dtype=torch.float64)
    queries, keys, contents = attention.inputs(values).split(6, dim=2)
    mixed = torch.zeros_like(values)
    for head in (slice(0, 3), slice(3, 6)):
        for place in range(4):
            scores = (keys[:, : place + 1, head] * queries[:, place : place + 1, head]).sum(2) / math.sqrt(3)
            mixed[:, place, head] = (scores.softmax(1)[..., None] * contents[:, : place + 1, head]).sum(1)
    assert torch.allclose(attention(values), attention.outputs(mixed), atol=1e-12)


def test_no_token_sees_what_comes_behind_it():
    model, tokens = gpt(), torch.arange(6)[None]
    changed = tokens.clone()
    changed[0, 4] = 9
    before, after = model(tokens), model(changed)
    assert torch.equal(before[0, :4], after[0, :4])
    assert not torch.allclose(before[0, 4:], after[0, 4:])


def test_the_head_is_the_embedding():
    model = gpt()
    assert model.head.weight is model.tokens.weight
    assert sum(name.endswith(("tokens.weight", "head.weight")) for name, _ in model.named_parameters()) == 1


def test_shorter_sequences_are_taken():
    assert gpt()(torch.zeros(3, 2, dtype=torch.int64)).shape == (3, 2, 11)


def test_the_loss_is_the_mean_over_all_places():
    logits, tokens = torch.randn(3, 4, 5), torch.randint(5, (3, 4))
    expected = torch.stack([F.cross_entropy(logits[:, place], tokens[:, place]) for place in range(4)]).mean()
    assert torch.allclose(token_loss(logits, tokens), expected)


@pytest.mark.parametrize("patch", [2, 4])
def test_every_patch_counts_alike_but_for_its_position(patch):
    torch.default_generator.manual_seed(0)
    model, images = ViT(size=8, patch=patch, width=6, depth=1, heads=3, classes=5), torch.randn(2, 3, 8, 8)
    assert model(images).shape == (2, 5)
    model.positions.data.zero_()
    turned = torch.cat([images[..., patch:], images[..., :patch]], dim=3)
    assert torch.allclose(model(images), model(turned), atol=1e-5)
