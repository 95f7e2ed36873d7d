"""Train a tiny GPT by forward gradients, and the same one by backpropagation, on the text of Python's own help.

The network is a module of your own: causal attention, layer normalisation, and a head that shares the weight of the
embedding. The validation loss is in bits per letter, of an alphabet of a to z and the space, beside the entropy of the
letters' frequencies, which needs no context. Activity perturbation gets below that within a minute, far behind
backpropagation: its noise grows with the number of activations, here of all letters of an example. Both start at the
same parameters and take the same number of steps; their learning rates come from a few trials, more for the first.

Run it with `python examples/tiny_gpt.py`, about a minute, offline; `python examples/tiny_gpt.py 100` takes 100 steps.
"""

import math
import re
import sys
import time
from pydoc_data.topics import topics

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forwardgrad import make_estimator, write_gradient_

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
RATES = {"backprop": 0.01, "activity": 0.02}
ALPHABET = " abcdefghijklmnopqrstuvwxyz"
WIDTH, HEADS, CONTEXT, BATCH, VALIDATION = 16, 2, 8, 512, 16_000

text = re.sub("[^a-z]+", " ", " ".join(topics[key] for key in sorted(topics)).lower())
letters = torch.tensor([ALPHABET.index(letter) for letter in text])
train, validation = letters[: -VALIDATION - 1], letters[-VALIDATION - 1 :]


class Block(nn.Module):
    """Causal attention, then an MLP, each behind a layer normalisation and added to its input."""

    def __init__(self) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(2))
        self.attention, self.mix = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        """Return features of the same shape, (batch, context, width)."""
        parts = self.attention(self.norms[0](x)).chunk(3, -1)
        query, key, value = (part.unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in parts)
        seen = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.mix(seen.transpose(1, 2).flatten(2))
        return x + self.mlp(self.norms[1](x))


class GPT(nn.Module):
    """Letters in, logits of the next letters out."""

    def __init__(self) -> None:
        super().__init__()
        self.letters, self.places = nn.Embedding(len(ALPHABET), WIDTH), nn.Embedding(CONTEXT, WIDTH)
        self.block, self.norm, self.head = Block(), nn.LayerNorm(WIDTH), nn.Linear(WIDTH, len(ALPHABET))
        self.head.weight = self.letters.weight
        for table in (self.letters, self.places):
            nn.init.normal_(table.weight, std=0.2)

    def forward(self, letters: Tensor) -> Tensor:
        """Return logits, shape (batch, alphabet, context), for letters of shape (batch, context)."""
        x = self.letters(letters) + self.places.weight
        return self.head(self.norm(self.block(x))).transpose(1, 2)


def bits(model: nn.Module) -> float:
    """Return the validation loss in bits per letter."""
    with torch.no_grad():
        inputs, targets = (part.view(-1, CONTEXT) for part in (validation[:-1], validation[1:]))
        return F.cross_entropy(model(inputs), targets).item() / math.log(2)


frequencies = train.bincount().double() / len(train)
print(f"{'frequencies':16}  bits per letter {-(frequencies * frequencies.log2()).sum():.3f}")
for key, rate in RATES.items():
    torch.manual_seed(0)  # the same parameters and batches for both
    model = GPT()
    estimator = make_estimator(key, model, nn.CrossEntropyLoss(), seed=0)
    optimizer = torch.optim.Adam(model.parameters(), rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    start = time.process_time()
    for _ in range(STEPS):
        windows = torch.randint(len(train) - CONTEXT, (BATCH, 1)) + torch.arange(CONTEXT)
        optimizer.zero_grad()
        write_gradient_(model, estimator(train[windows], train[windows + 1]))
        optimizer.step()
        schedule.step()
    seconds = time.process_time() - start
    print(f"{key:16}  bits per letter {bits(model):.3f}  milliseconds per step {1e3 * seconds / STEPS:.1f}")
