"""Drawing tangents: a distribution fills a buffer with random numbers, a structure cuts it into layer tangents.

Drawing and cutting anew in every step would cost more than a small network's whole forward pass. A
`TangentStream` therefore holds the random numbers of several steps in one buffer, a block, and the tangents of
those steps as views of it. When they are used up the block is filled again in place and the views serve once more.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Generator, Tensor

from forwardgrad.core.tangents import Dense, DenseStack, LayerTangent, LowRank, RankOne, Tangents
from forwardgrad.core.units import Unit, Units
from forwardgrad.seeds import derive_seed

Distribution = Callable[[Tensor, int, Generator], None]
Piece = tuple[tuple[int, ...], float]
Plan = tuple[Callable[..., LayerTangent], list[Piece]]
Structure = Callable[[Unit], Plan]

BLOCK_ENTRIES = 2**18
BLOCK_STEPS = 64
WORD = 64
ONES = {  # the bits of 1
    torch.float64: (torch.int64, 0x3FF0000000000000),
    torch.float32: (torch.int32, 0x3F800000),
    torch.bfloat16: (torch.int16, 0x3F80),
    torch.float16: (torch.int16, 0x3C00),
}


def gaussian_(rows: Tensor, entries: int, generator: Generator) -> None:
    """Fill with independent standard normal numbers."""
    rows.normal_(generator=generator)


def sphere_(rows: Tensor, entries: int, generator: Generator) -> None:
    """Fill each row's `entries` with a point drawn uniformly from the sphere of radius sqrt(entries)."""
    gaussian_(rows, entries, generator)
    precision = torch.promote_types(rows.dtype, torch.float32)
    rows.mul_(math.sqrt(entries) / torch.linalg.vector_norm(rows[:, :entries], dim=1, keepdim=True, dtype=precision))


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


def signs(shape: tuple[int, ...], like: Tensor, generator: Generator) -> Tensor:
    """Return independent signs in a shape, in the precision and on the device of `like`."""
    entries = math.prod(shape)
    rows = like.new_empty((1, -(-entries // WORD) * WORD))
    rademacher_(rows, entries, generator)
    return rows[0, :entries].view(shape)


DISTRIBUTIONS: dict[str, Distribution] = {
    "gaussian": gaussian_,
    "rademacher": rademacher_,
    "sphere": sphere_,
}


def dense(unit: Unit) -> Plan:
    """Plan a dense tangent: one number per parameter."""
    if unit.weight is None:
        return partial(Dense, None), [(tuple(unit.bias.shape), 1.0)]
    return Dense, [(tuple(part.shape), 1.0) for part in (unit.weight, unit.bias) if part is not None]


def dense_stack(unit: Unit) -> Plan:
    """Plan several dense tangents at once: the stream gives every piece their axis."""
    _, pieces = dense(unit)
    return partial(DenseStack, None) if unit.weight is None else DenseStack, pieces


def rank_one(unit: Unit, scale: float = 1.0) -> Plan:
    """Plan a rank-one tangent: out + in + 1 numbers (the last times 0 without a bias), and a convolution's kernel.

    What is no matrix gets a dense one.
    """
    if not unit.matrix:
        build, pieces = dense(unit)
        return build, [(shape, scale) for shape, _ in pieces]
    outputs, inputs, *kernel = unit.weight.shape
    pieces = [((outputs,), scale), ((inputs,), 1.0), ((1,), float(unit.bias is not None))]
    return RankOne, [*pieces, *([(tuple(kernel), 1.0)] if kernel else [])]


def low_rank(unit: Unit, rank: int) -> Plan:
    """Plan a tangent of rank `rank`: as many rank-one tangents, over sqrt(rank)."""
    if not unit.matrix:
        return dense(unit)
    outputs, inputs, *kernel = unit.weight.shape
    shapes = [(rank, outputs), (rank, inputs), (rank,), *([(rank, *kernel)] if kernel else [])]
    return LowRank, list(zip(shapes, [rank**-0.5, 1.0, float(unit.bias is not None), 1.0], strict=False))


class TangentStream:
    """An endless stream of tangents of a network, drawn in blocks.

    It is given the network's units in every step, and starts anew where they have changed.

    Args:
        structure: How the tangent of a unit is made of random numbers: its type, its pieces' shapes and scales.
        distribution: What fills the block with random numbers of mean 0 and variance 1.
        generator: Source of randomness, on the parameters' device. On a GPU a block holds one step, so that
            every step does the same and can be recorded (`graphs`).
        num_tangents: How many tangents one step takes, K: every piece gets K as a leading axis, which `structure`
            must know of. None for one tangent, without that axis.
    """

    def __init__(
        self, structure: Structure, distribution: Distribution, generator: Generator, num_tangents: int | None = None
    ) -> None:
        self.structure, self.distribution, self.generator = structure, distribution, generator
        self.num_tangents = num_tangents
        self.units: Units | None = None
        self.used = 0
        self.before: Tensor | None = None  # state of the generator before the block was filled
        self.resumed: tuple[Tensor, int] | None = None

    def state(self) -> tuple[Tensor, int] | None:
        """Return what `load` needs to go on from here: of a block half used."""
        return self.resumed or (None if self.before is None else (self.before, self.used))

    def load(self, state: tuple[Tensor, int] | None) -> None:
        """Go on from a state, with the next call."""
        self.resumed, self.units = state, None

    def _make(self, units: Units) -> None:
        """Reserve the block and cut it into tangents of `units`."""
        plans = {name: self.structure(unit) for name, unit in units.items()}
        sizes = [math.prod(shape) for _, pieces in plans.values() for shape, _ in pieces]
        self.units, self.entries = units, sum(sizes)
        many = min(BLOCK_STEPS, BLOCK_ENTRIES // max(1, self.entries)) if self.generator.device.type == "cpu" else 1
        count, several = (1, ()) if self.num_tangents is None else (self.num_tangents, (self.num_tangents,))
        steps = max(1, many // count)
        padded = max(1, -(-self.entries // WORD)) * WORD
        values = [part for unit in units.values() for part in (unit.weight, unit.bias) if part is not None]
        widest = max((value.dtype for value in values), key=lambda dtype: dtype.itemsize)
        self.rows = torch.empty((steps * count, padded), dtype=widest, device=values[0].device)
        self.steps = self.rows.view(steps, *several, padded)[..., : self.entries]
        self.scaled: list[tuple[Tensor, float]] = []
        self.narrowed: list[tuple[Tensor, Tensor]] = []  # copies in a unit's own precision, and what they copy
        self.tangents = [self._cut(plans, numbers.split(sizes, -1)) for numbers in self.steps]
        self.used = steps

    def _cut(self, plans: dict[str, Plan], pieces: tuple[Tensor, ...]) -> Tangents:
        remaining, tangents = iter(pieces), {}
        for name, (build, shapes) in plans.items():
            unit = self.units[name]
            own = zip(shapes, remaining, strict=False)  # as many as there are shapes
            views = [piece.view(*piece.shape[:-1], *shape) for (shape, _), piece in own]
            self.scaled += [(view, scale) for view, (_, scale) in zip(views, shapes, strict=True) if scale != 1.0]
            if unit.padding is not None:  # the rows of an embedding are the last axis of u, the last but one of V
                rows = views[0].movedim(-2 if build in (Dense, DenseStack) else -1, 0)
                self.scaled.append((rows[unit.padding], 0.0))
            dtype = (unit.bias if unit.weight is None else unit.weight).dtype
            if dtype != self.rows.dtype:
                narrow = [torch.empty_like(view, dtype=dtype) for view in views]
                self.narrowed += zip(narrow, views, strict=True)
                views = narrow
            tangents[name] = build(*views)
        return tangents

    def draw(self, units: Units) -> Tangents:
        """Return the next tangents of `units`. They hold until the next call."""
        if units is not self.units:
            self._make(units)
        if self.resumed is not None:
            now = self.generator.get_state()
            self.generator.set_state(self.resumed[0])
            self._fill()
            self.generator.set_state(now)
            self.used, self.resumed = self.resumed[1], None
        if self.used == len(self.tangents):
            self._fill()
        self.used += 1
        return self.tangents[self.used - 1]

    def _fill(self) -> None:
        """Draw the whole block anew."""
        if len(self.tangents) > 1:
            self.before = self.generator.get_state()
        self.distribution(self.rows, self.entries, self.generator)
        for view, scale in self.scaled:
            view.mul_(scale)
        for copy, view in self.narrowed:
            copy.copy_(view)
        self.used = 0

    @property
    def numbers(self) -> Tensor:
        """The random numbers of the latest step, shape (K, n) of K tangents."""
        return self.steps[self.used - 1]


def of_rank(generator: Generator, law: str, rank: int | None) -> TangentStream:
    """Return tangents by a law's name and their rank: None is dense.

    Raises:
        ValueError: Factors on a sphere are not independent, so that their products would be biased.
    """
    if law == "sphere" and rank is not None:
        raise ValueError("law='sphere': of low rank it would be biased, use gaussian or rademacher")
    structures = {None: dense, 1: rank_one}
    return TangentStream(structures.get(rank, partial(low_rank, rank=rank)), DISTRIBUTIONS[law], generator)


class OneLayer:
    """Rank-one tangents of a single unit, drawn uniformly in every step.

    With L units a unit's tangent is scaled by sqrt(L), so that E[vv'] = I still holds. Drawing in
    proportion to a unit's size would starve small, curved output layers.
    """

    def __init__(self, distribution: Distribution, generator: Generator) -> None:
        self.distribution, self.generator = distribution, generator
        self.streams: dict[str, TangentStream] = {}
        self.resumed: dict[str, Any] = {}
        # The drawn unit decides what is computed, so the host must know it: a generator of its own there,
        # with a seed of its own, since the same seed would tie the choice to the signs.
        self.choice = torch.Generator().manual_seed(derive_seed("layer", generator.initial_seed()))
        self.units: Units | None = None

    def state(self) -> tuple[Tensor, dict[str, Any]]:
        """Return what `load` needs to go on from here."""
        return self.choice.get_state(), self.resumed or {name: one.state() for name, one in self.streams.items()}

    def load(self, state: tuple[Tensor, dict[str, Any]]) -> None:
        """Go on from a state, with the next call."""
        self.choice.set_state(state[0])
        self.resumed, self.units = dict(state[1]), None

    def draw(self, units: Units) -> Tangents:
        """Return a tangent of one of `units`."""
        if units is not self.units:
            structure = partial(rank_one, scale=len(units) ** 0.5)
            self.units, self.each = units, [{name: unit} for name, unit in units.items()]
            self.streams = {name: TangentStream(structure, self.distribution, self.generator) for name in units}
            for name, state in self.resumed.items():
                self.streams[name].load(state)
            self.resumed = {}
        own = self.each[torch.randint(len(self.each), (), generator=self.choice)]
        return self.streams[next(iter(own))].draw(own)
