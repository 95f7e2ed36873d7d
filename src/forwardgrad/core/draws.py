"""Drawing tangents: a distribution fills a buffer with random numbers, a structure cuts it into layer tangents.

Drawing and cutting anew in every step would cost more than a small network's whole forward pass. A
`TangentStream` therefore holds the random numbers of several steps in one buffer, a block, and the tangents of
those steps as views of it. When they are used up the block is filled again in place and the views serve once more.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Generator, Tensor, nn

from forwardgrad.core.tangents import Dense, DenseStack, LayerTangent, LowRank, RankOne, Tangents
from forwardgrad.seeds import derive_seed

Distribution = Callable[[Tensor, int, Generator], None]
Layers = dict[str, nn.Module]
Piece = tuple[tuple[int, ...], float]
Plan = tuple[Callable[..., LayerTangent], list[Piece]]
Structure = Callable[[nn.Module], Plan]

BLOCK_ENTRIES = 2**18
BLOCK_STEPS = 64
WORD = 64
ONES = {torch.float32: (torch.int32, 0x3F800000), torch.float64: (torch.int64, 0x3FF0000000000000)}


def gaussian_(rows: Tensor, entries: int, generator: Generator) -> None:
    """Fill with independent standard normal numbers."""
    rows.normal_(generator=generator)


def sphere_(rows: Tensor, entries: int, generator: Generator) -> None:
    """Fill each row's `entries` with a point drawn uniformly from the sphere of radius sqrt(entries)."""
    gaussian_(rows, entries, generator)
    rows.mul_(math.sqrt(entries) / rows[:, :entries].norm(dim=1, keepdim=True))


def rademacher_(rows: Tensor, entries: int, generator: Generator) -> None:
    """Fill with independent signs (Rademacher), one random bit each: far cheaper than normal numbers.

    Each bit of a random word is shifted into the sign bit of a floating-point 1.
    """
    integer, one = ONES[rows.dtype]
    bits = rows.element_size() * 8
    words = torch.empty(rows.numel() // WORD, dtype=torch.int64, device=rows.device)
    words.random_(-(2**63), None, generator=generator)
    target = rows.view(integer).view(-1, bits)
    shifts = torch.arange(bits, dtype=integer, device=rows.device)
    torch.bitwise_left_shift(words.view(integer).unsqueeze(1), shifts, out=target)
    target.bitwise_and_(-(2 ** (bits - 1))).bitwise_or_(one)


DISTRIBUTIONS: dict[str, Distribution] = {
    "gaussian": gaussian_,
    "rademacher": rademacher_,
    "sphere": sphere_,
}


def dense(layer: nn.Module) -> Plan:
    """Plan a dense tangent: one number per parameter."""
    return Dense, [(tuple(part.shape), 1.0) for part in (layer.weight, layer.bias) if part is not None]


def dense_stack(layer: nn.Module) -> Plan:
    """Plan several dense tangents at once: the stream gives every piece their axis."""
    return DenseStack, dense(layer)[1]


def rank_one(layer: nn.Module, scale: float = 1.0) -> Plan:
    """Plan a rank-one tangent: out + in + 1 numbers (the last times 0 without a bias), and a convolution's kernel."""
    outputs, inputs, *kernel = layer.weight.shape
    pieces = [((outputs,), scale), ((inputs,), 1.0), ((1,), float(layer.bias is not None))]
    return RankOne, [*pieces, *([(tuple(kernel), 1.0)] if kernel else [])]


def low_rank(layer: nn.Module, rank: int) -> Plan:
    """Plan a tangent of rank `rank`: as many rank-one tangents, over sqrt(rank)."""
    outputs, inputs, *kernel = layer.weight.shape
    shapes = [(rank, outputs), (rank, inputs), (rank,), *([(rank, *kernel)] if kernel else [])]
    return LowRank, list(zip(shapes, [rank**-0.5, 1.0, float(layer.bias is not None), 1.0], strict=False))


class TangentStream(Iterator[Tangents]):
    """An endless stream of tangents of a network, drawn in blocks.

    Args:
        layers: The layers that have parameters, by name.
        structure: How the tangent of a layer is made of random numbers: its type, its pieces' shapes and scales.
        distribution: What fills the block with random numbers of mean 0 and variance 1.
        generator: Source of randomness, on the parameters' device. On a GPU a block holds one step, so that
            every step does the same and can be recorded (`graphs`).
        num_tangents: How many tangents one step takes, K: every piece gets K as a leading axis, which `structure`
            must know of. None for one tangent, without that axis.
    """

    def __init__(
        self,
        layers: Layers,
        structure: Structure,
        distribution: Distribution,
        generator: Generator,
        num_tangents: int | None = None,
    ) -> None:
        plans = {name: structure(layer) for name, layer in layers.items()}
        sizes = [math.prod(shape) for _, pieces in plans.values() for shape, _ in pieces]
        self.entries, self.distribution, self.generator = sum(sizes), distribution, generator
        many = min(BLOCK_STEPS, BLOCK_ENTRIES // self.entries) if generator.device.type == "cpu" else 1
        count, several = (1, ()) if num_tangents is None else (num_tangents, (num_tangents,))
        steps = max(1, many // count)
        padded = -(-self.entries // WORD) * WORD
        self.rows = next(iter(layers.values())).weight.new_empty((steps * count, padded), requires_grad=False)
        self.steps = self.rows.view(steps, *several, padded)[..., : self.entries]
        self.scaled: list[tuple[Tensor, float]] = []
        self.tangents = [self._cut(plans, numbers.split(sizes, -1)) for numbers in self.steps]
        self.used = steps

    def _cut(self, plans: dict[str, Plan], pieces: tuple[Tensor, ...]) -> Tangents:
        remaining, tangents = iter(pieces), {}
        for name, (build, shapes) in plans.items():
            own = zip(shapes, remaining, strict=False)  # as many as there are shapes
            views = [piece.view(*piece.shape[:-1], *shape) for (shape, _), piece in own]
            self.scaled += [(view, scale) for view, (_, scale) in zip(views, shapes, strict=True) if scale != 1.0]
            tangents[name] = build(*views)
        return tangents

    def __next__(self) -> Tangents:
        if self.used == len(self.tangents):
            self.distribution(self.rows, self.entries, self.generator)
            for view, scale in self.scaled:
                view.mul_(scale)
            self.used = 0
        self.used += 1
        return self.tangents[self.used - 1]

    @property
    def numbers(self) -> Tensor:
        """The random numbers of the latest step, shape (K, n) of K tangents."""
        return self.steps[self.used - 1]


class OneLayer(Iterator[Tangents]):
    """Rank-one tangents of a single layer, drawn uniformly in every step.

    With L layers a layer's tangent is scaled by sqrt(L), so that E[vv'] = I still holds. Drawing in
    proportion to a layer's size would starve small, curved output layers.
    """

    def __init__(self, layers: Layers, distribution: Distribution, generator: Generator) -> None:
        structure = partial(rank_one, scale=len(layers) ** 0.5)
        self.streams = [
            TangentStream({name: layer}, structure, distribution, generator) for name, layer in layers.items()
        ]
        # The drawn layer decides what is computed, so the host must know it: a generator of its own there,
        # with a seed of its own, since the same seed would tie the choice to the signs.
        self.choice = torch.Generator().manual_seed(derive_seed("layer", generator.initial_seed()))

    def __next__(self) -> Tangents:
        return next(self.streams[torch.randint(len(self.streams), (), generator=self.choice)])
