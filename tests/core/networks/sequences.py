"""Networks of sequences: language models, encoders, recurrent networks, bags of words."""

from functools import partial

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from .case import BATCH, CLASSES, Case, labels

WORDS, LENGTH, WIDTH, HEADS = 12, 6, 8, 2


def words(*shape):
    return torch.randint(WORDS, shape or (BATCH, LENGTH))


def next_word(logits, targets):
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


class Block(nn.Module):
    """A pre-norm block of a GPT."""

    def __init__(self):
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(2))
        self.attend, self.project = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.mlp = nn.Sequential(
            nn.Linear(WIDTH, 4 * WIDTH), nn.GELU("tanh"), nn.Linear(4 * WIDTH, WIDTH), nn.Dropout(0.1)
        )

    def forward(self, inputs):
        parts = self.attend(self.norms[0](inputs)).chunk(3, -1)
        heads = (part.unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in parts)
        mixed = F.scaled_dot_product_attention(*heads, dropout_p=0.1 if self.training else 0.0, is_causal=True)
        inputs = inputs + self.project(mixed.transpose(1, 2).flatten(2))
        return inputs + self.mlp(self.norms[1](inputs))


class GPT(nn.Module):
    """Causal; the head is the embedding's own matrix."""

    def __init__(self):
        super().__init__()
        self.words, self.places = nn.Embedding(WORDS, WIDTH), nn.Embedding(LENGTH, WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(2))
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, WORDS, bias=False)
        self.head.weight = self.words.weight

    def forward(self, ids):
        hidden = self.words(ids) + self.places(torch.arange(ids.shape[1]))
        for block in self.blocks:
            hidden = block(hidden)
        return self.head(self.norm(hidden))


class BERT(nn.Module):
    """Bidirectional, with a mask of padding, two heads, and a parameter that belongs to no layer; returns a dict."""

    def __init__(self):
        super().__init__()
        self.words, self.kinds = nn.Embedding(WORDS, WIDTH, padding_idx=0), nn.Embedding(2, WIDTH)
        self.places = nn.Parameter(torch.randn(LENGTH, WIDTH))
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 16, 0.1, F.gelu, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.pooler, self.label, self.masked = (
            nn.Linear(WIDTH, WIDTH),
            nn.Linear(WIDTH, CLASSES),
            nn.Linear(WIDTH, WORDS),
        )

    def forward(self, ids, *, attention_mask, kinds=None):
        hidden = self.words(ids) + self.places + self.kinds(torch.zeros_like(ids) if kinds is None else kinds)
        hidden = self.encoder(hidden, src_key_padding_mask=~attention_mask)
        return {"label": self.label(self.pooler(hidden[:, 0]).tanh()), "words": self.masked(hidden)}


def bert():
    inputs = {"ids": words(), "attention_mask": torch.arange(LENGTH) < torch.tensor([[6], [5], [4], [3]])}

    def loss(outputs, targets):
        label, masked = targets
        return F.cross_entropy(outputs["label"], label) + next_word(outputs["words"], masked)

    return Case(BERT(), loss, inputs, (labels(), words().masked_fill(~inputs["attention_mask"], -100)))


class Causal(nn.Module):
    """torch's own encoder of post-norm layers with a causal mask."""

    def __init__(self, **options):
        super().__init__()
        self.words, self.head = nn.Embedding(WORDS, WIDTH), nn.Linear(WIDTH, WORDS)
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 16, 0.1, batch_first=True, **options)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

    def forward(self, ids):
        mask = nn.Transformer.generate_square_subsequent_mask(ids.shape[1], dtype=self.head.weight.dtype)
        return self.head(self.encoder(self.words(ids), mask, is_causal=True))


class Translator(nn.Module):
    """torch's own encoder and decoder, called with two sequences."""

    def __init__(self):
        super().__init__()
        self.words, self.head = nn.Embedding(WORDS, WIDTH), nn.Linear(WIDTH, WORDS)
        self.transformer = nn.Transformer(WIDTH, HEADS, 1, 1, 16, 0.1, batch_first=True)

    def forward(self, source, target):
        mask = nn.Transformer.generate_square_subsequent_mask(target.shape[1], dtype=self.head.weight.dtype)
        return self.head(self.transformer(self.words(source), self.words(target), tgt_mask=mask))


class Recurrent(nn.Module):
    """A recurrent network over padded or packed sequences; its last states go to a linear head."""

    def __init__(self, kind, lengths=None, **options):
        super().__init__()
        self.words, self.lengths = nn.Embedding(WORDS, WIDTH), lengths
        self.recurrent = kind(WIDTH, WIDTH, 2, batch_first=True, dropout=0.2, **options)
        self.head = nn.LazyLinear(CLASSES)

    def forward(self, ids):
        hidden = self.words(ids)
        if self.lengths is not None:
            hidden = pack_padded_sequence(hidden, self.lengths, batch_first=True)
        _, state = self.recurrent(hidden)
        hidden = state[0] if isinstance(state, tuple) else state
        return self.head(hidden.transpose(0, 1).flatten(1))


def recurrent(*args, **options):
    case = Case(Recurrent(*args, **options), F.cross_entropy, words(), labels())
    case.outputs()  # tells the lazy head its width
    return case


class Cells(nn.Module):
    """Cells called in a loop of one's own."""

    def __init__(self):
        super().__init__()
        self.words, self.head = nn.Embedding(WORDS, WIDTH), nn.Linear(WIDTH, WORDS)
        self.first, self.second = nn.GRUCell(WIDTH, WIDTH), nn.LSTMCell(WIDTH, WIDTH)

    def forward(self, ids):
        below = above = carry = self.head.weight.new_zeros(len(ids), WIDTH)
        outputs = []
        for word in ids.t():
            below = self.first(self.words(word), below)
            above, carry = self.second(below, (above, carry))
            outputs.append(self.head(above))
        return torch.stack(outputs, 1)


class Bags(nn.Module):
    """Bags of words, by offsets: their mean and their weighted sum."""

    def __init__(self):
        super().__init__()
        self.mean, self.sum = nn.EmbeddingBag(WORDS, WIDTH), nn.EmbeddingBag(WORDS, WIDTH, mode="sum")
        self.head = nn.Linear(2 * WIDTH, CLASSES)

    def forward(self, ids, offsets, weights):
        return self.head(torch.cat((self.mean(ids, offsets), self.sum(ids, offsets, weights)), 1))


class Waves(nn.Module):
    """Dilated causal convolutions along time, gated, with skips and a norm of the weights' own."""

    def __init__(self):
        super().__init__()
        self.start = nn.Conv1d(1, WIDTH, 1)
        self.gated = nn.ModuleList(nn.Conv1d(WIDTH, 2 * WIDTH, 2, dilation=2**k) for k in range(3))
        self.mix = nn.ModuleList(nn.Conv1d(WIDTH, WIDTH, 1, groups=2) for _ in range(3))
        self.norm, self.head = nn.GroupNorm(2, WIDTH), nn.Conv1d(WIDTH, 1, 1)

    def forward(self, signal):
        hidden, skips = self.start(signal), 0
        for gated, mix in zip(self.gated, self.mix, strict=True):
            padded = F.pad(hidden, (gated.dilation[0], 0))
            found = mix(F.glu(gated(padded), 1))
            hidden, skips = hidden + found, skips + found
        return self.head(F.elu(self.norm(skips)))


def shifted(model):
    return Case(model, next_word, words(), words())


ZOO = {
    "gpt_tied": lambda: shifted(GPT()),
    "bert": bert,
    "causal_encoder": lambda: shifted(Causal()),
    "causal_encoder_norm_first": lambda: shifted(Causal(norm_first=True)),
    "translator": lambda: Case(Translator(), next_word, (words(BATCH, 5), words(BATCH, 7)), words(BATCH, 7)),
    "lstm": partial(recurrent, nn.LSTM, bidirectional=True),
    "lstm_packed": partial(recurrent, nn.LSTM, torch.tensor([6, 5, 5, 2])),
    "lstm_projected": partial(recurrent, nn.LSTM, proj_size=4),
    "gru": partial(recurrent, nn.GRU),
    "rnn": partial(recurrent, nn.RNN, nonlinearity="relu"),
    "cells": lambda: shifted(Cells()),
    "bags": lambda: Case(Bags(), F.cross_entropy, (words(14), torch.tensor([0, 3, 7, 9]), torch.rand(14)), labels()),
    "waves": lambda: Case(Waves(), F.mse_loss, torch.randn(BATCH, 1, 16), torch.randn(BATCH, 1, 16)),
}
