"""Two small transformers of the same blocks: a ViT for images, and a GPT for text.

Norms lie in front of attention and MLP, as in both networks' later forms (Dosovitskiy et al., 2021, arXiv 2010.11929;
Radford et al., 2019).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Attention(nn.Module):
    """Multi-head self-attention over (batch, length, width); `causal`: no place sees what comes behind it."""

    def __init__(self, width: int, heads: int, causal: bool) -> None:
        super().__init__()
        self.heads, self.causal = heads, causal
        self.inputs, self.outputs = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, values: Tensor) -> Tensor:
        """Return what every place takes from the others."""
        projected = self.inputs(values).unflatten(2, (3, self.heads, -1))
        query, key, value = projected.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=self.causal)
        return self.outputs(mixed.transpose(1, 2).flatten(2))


class Block(nn.Module):
    """Attention, then an MLP four times as wide as its inputs; each is added to what it reads."""

    def __init__(self, width: int, heads: int, causal: bool) -> None:
        super().__init__()
        self.attention_norm, self.mlp_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads, causal)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, values: Tensor) -> Tensor:
        """Return values of the same shape."""
        values = values + self.attention(self.attention_norm(values))
        return values + self.mlp(self.mlp_norm(values))


class ViT(nn.Module):
    """A vision transformer: patches, blocks, and a linear layer on the mean over all patches.

    Args:
        size: Height and width of the images, in pixels; they have three channels.
        patch: Height and width of a patch.
        width: Features of every patch.
        depth: Number of blocks.
        heads: Heads of the attention.
        classes: Number of classes.
    """

    def __init__(self, size: int, patch: int, width: int, depth: int, heads: int, classes: int) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, stride=patch)
        self.positions = nn.Parameter(0.02 * torch.randn((size // patch) ** 2, width))
        self.blocks = nn.ModuleList(Block(width, heads, causal=False) for _ in range(depth))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits, shape (batch, classes), of images (batch, 3, size, size)."""
        values = self.patches(images).flatten(2).transpose(1, 2) + self.positions
        for block in self.blocks:
            values = block(values)
        return self.head(self.norm(values).mean(1))


class GPT(nn.Module):
    """A language model; its head has the weights of its token embedding.

    Args:
        vocabulary: Number of tokens.
        length: Tokens in a sequence, at most.
        width: Features of every token.
        depth: Number of blocks.
        heads: Heads of the attention.
    """

    def __init__(self, vocabulary: int, length: int, width: int, depth: int, heads: int) -> None:
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(length, width)
        self.blocks = nn.ModuleList(Block(width, heads, causal=True) for _ in range(depth))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary, bias=False)
        for embedding in (self.tokens, self.positions):
            nn.init.normal_(embedding.weight, std=0.02)
        self.head.weight = self.tokens.weight

    def forward(self, tokens: Tensor) -> Tensor:
        """Return logits of the next token at every place, shape (batch, length, vocabulary)."""
        places = torch.arange(tokens.shape[1], device=tokens.device)
        values = self.tokens(tokens) + self.positions(places)
        for block in self.blocks:
            values = block(values)
        return self.head(self.norm(values))


def token_loss(logits: Tensor, tokens: Tensor) -> Tensor:
    """Return the mean cross-entropy over all places of all sequences."""
    return F.cross_entropy(logits.flatten(0, 1), tokens.flatten())
