"""Networks to test on, draws that can be enumerated, and the naive answers that both are compared with."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial, wraps

import pytest
import torch
import torch.nn.functional as F
from hypothesis import settings
from hypothesis import strategies as st
from torch import Generator, Tensor, nn

from forwardgrad import catalogue
from forwardgrad.core import draws
from forwardgrad.core.along import Along
from forwardgrad.core.engine.losses import Loss
from forwardgrad.core.engine.maps import NARROW
from forwardgrad.core.engine.network import Network
from forwardgrad.core.estimates import Estimate
from forwardgrad.core.estimator import Estimator
from forwardgrad.core.method import Method
from forwardgrad.core.tangents import Dense, DenseStack, Tangents
from forwardgrad.core.units import Units, detached, units, written_out

Named = dict[str, Tensor]
steady = partial(settings, derandomize=True, deadline=None, database=None)


class Subclass(nn.Sequential):
    """What the direct engine leaves to the general one: its `forward` might be any."""


@dataclass(frozen=True)
class Problem:
    """A network, a loss and a batch."""

    model: nn.Module
    loss: Loss
    inputs: Tensor
    targets: Tensor

    def general(self) -> "Problem":
        """The same problem, for the general engine."""
        return replace(self, model=Subclass(*self.model))

    @property
    def network(self) -> Network:
        return Network(self.model, self.loss)

    @property
    def units(self) -> Units:
        return units(self.model)

    @property
    def parameters(self) -> Named:
        return detached(self.model)

    @property
    def batch(self) -> tuple[Tensor, Tensor]:
        return self.inputs, self.targets

    def value(self) -> Tensor:
        """The loss, by torch alone."""
        return self.loss(self.model(self.inputs), self.targets)

    def gradient(self) -> Named:
        """The gradient, by torch's reverse mode."""
        return dict(zip(self.parameters, torch.autograd.grad(self.value(), list(self.model.parameters())), strict=True))

    def derivative(self, tangents: Tangents) -> Tensor:
        """The directional derivative, by the engine."""
        return self.network.evaluate(tangents, *self.batch)[1]

    def to(self, dtype: torch.dtype) -> "Problem":
        """The same problem in another precision; this one is used up."""
        targets = self.targets.to(dtype) if self.targets.is_floating_point() else self.targets
        return replace(self, model=self.model.to(dtype), inputs=self.inputs.to(dtype), targets=targets)


ENGINES = {"direct": lambda problem: problem, "general": Problem.general}
ANYWHERE = [key for key, known in catalogue.ESTIMATORS.items() if not known.sequential]  # on both engines
on_engines = pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)


def with_engines(keys: Iterable[str]) -> pytest.MarkDecorator:
    """Mark a test to run with each key, on both engines where both have it."""
    pairs = [(engine, key) for key in keys for engine in ENGINES if engine == "direct" or key in ANYWHERE]
    return pytest.mark.parametrize(
        ("engine", "key"), [(ENGINES[engine], key) for engine, key in pairs], ids=map("-".join, pairs)
    )


def problem(*layers: nn.Module, shape: tuple[int, ...], batch: int = 3, loss: Loss | None = None) -> Problem:
    """A problem in float64 on random inputs: mean-squared error to random targets, or `loss` on random classes."""
    model = nn.Sequential(*layers).double().eval()
    generator = Generator().manual_seed(0)
    inputs = torch.randn(batch, *shape, generator=generator, dtype=torch.float64)
    outputs = model(inputs)
    if loss is None:
        targets = torch.randn(outputs.shape, generator=generator, dtype=torch.float64)
        return Problem(model, nn.MSELoss(), inputs, targets)
    return Problem(model, loss, inputs, torch.randint(outputs.shape[1], (batch,), generator=generator))


def seeded(make: Callable[..., Problem]) -> Callable[..., Problem]:
    """Give the weights a seed; the global random state is left alone."""

    @wraps(make)
    def build(*arguments: object) -> Problem:
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(0)
            return make(*arguments)

    return build


@seeded
def tiny_mlp() -> Problem:
    """7 parameters in layers of 2 x 2 and 1 x 3, biases as columns; 8 factors of rank one."""
    return problem(nn.Linear(1, 2), nn.Tanh(), nn.Linear(2, 1), shape=(1,))


@seeded
def tinier_mlp() -> Problem:
    """5 parameters in tensors of 2, 2 and 1."""
    return problem(nn.Linear(1, 2, bias=False), nn.Tanh(), nn.Linear(2, 1), shape=(1,))


@seeded
def tiny_cnn() -> Problem:
    """9 parameters, 3 of the convolution and 6 of the linear layer; 5 + 5 factors of rank one."""
    layers = nn.Conv2d(1, 1, (1, 2)), nn.Tanh(), nn.Flatten(), nn.Linear(2, 2)
    return problem(*layers, shape=(1, 2, 2), loss=nn.CrossEntropyLoss())


@seeded
def small_cnn() -> Problem:
    """Every kind of layer that has a rule."""
    first = nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)
    second = nn.Conv2d(4, 4, 2, groups=2, bias=False), nn.GELU(), nn.AvgPool2d(2, 1)
    rest = nn.Flatten(), nn.Linear(16, 5), nn.Tanh(), nn.Linear(5, 3)
    return problem(*first, *second, *rest, shape=(2, 8, 8), loss=nn.CrossEntropyLoss())


def one_at_a_time(units: Units, generator: Generator) -> Iterator[Tangents]:
    """Yield tangents of a single tensor, as the blockwise estimators take them."""
    while True:
        for name, tangent in draws.TangentStream(draws.dense, draws.gaussian_, generator).draw(units).items():
            yield {name: Dense(tangent.weight)}
            if tangent.bias is not None:
                yield {name: Dense(None, tangent.bias)}


def stack(units: Units, generator: Generator, count: int) -> Tangents:
    """`count` dense Gaussian tangents at once."""
    return draws.TangentStream(draws.dense_stack, draws.gaussian_, generator, count).draw(units)


def unstacked(tangents: Tangents) -> list[Tangents]:
    """The tangents of a stack, each on its own; a tangent that is none, alone."""
    if not all(isinstance(tangent, DenseStack) for tangent in tangents.values()):
        return [tangents]
    count = next(len(part) for tangent in tangents.values() for part in tangent.dense() if part is not None)
    return [{name: tangent.one(k) for name, tangent in tangents.items()} for k in range(count)]


@seeded
def common_cnn() -> Problem:
    """A network that every estimator takes."""
    images = nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 2), nn.Tanh()
    rest = nn.Flatten(), nn.Linear(36, 5), nn.ReLU(), nn.Linear(5, 3)
    return problem(*images, *rest, shape=(2, 8, 8), loss=nn.CrossEntropyLoss())


def estimator_of(problem: Problem, method: Callable[[Generator], Method], seed: int = 0) -> Estimator:
    """An estimator by a method that may have no key."""
    return Estimator("", problem.network, method, {}, Generator().manual_seed(seed))


def of_each_unit(problem: Problem, distribution: draws.Distribution) -> Iterator[Estimator]:
    """Yield what `forward_rank_one_layer` is when each of the units is drawn."""
    stream = draws.OneLayer(distribution, Generator().manual_seed(0))
    estimator = estimator_of(problem, lambda _: Along(stream))
    estimator(*problem.batch)  # the stream learns of the units
    for unit in stream.each:
        stream.each = [unit]
        yield estimator


STRUCTURES: dict[str, draws.Structure] = {
    "dense": draws.dense,
    "rank_one": draws.rank_one,
    "rank_four": partial(draws.low_rank, rank=4),
}
STREAMS: dict[str, Callable[[Generator], draws.TangentStream | draws.OneLayer]] = {
    "gaussian": partial(draws.TangentStream, draws.dense, draws.gaussian_),
    "rademacher": partial(draws.TangentStream, draws.dense, draws.rademacher_),
    "sphere": partial(draws.TangentStream, draws.dense, draws.sphere_),
    "rank_one": partial(draws.TangentStream, draws.rank_one, draws.rademacher_),
    "rank_one_gaussian": partial(draws.TangentStream, draws.rank_one, draws.gaussian_),
    "rank_four": partial(draws.TangentStream, STRUCTURES["rank_four"], draws.rademacher_),
    "one_layer": partial(draws.OneLayer, draws.rademacher_),
}


def flat(values: Named) -> Tensor:
    """All entries in one row."""
    return torch.cat([value.flatten() for value in values.values()])


def dense_parameters(tangents: Tangents, units: Units) -> Named:
    """A tangent by parameter, zeros where it has no part."""
    dense = written_out(units)
    for unit, tangent in tangents.items():
        for name, value in zip(units[unit].names, tangent.dense(), strict=True):
            if name is not None and value is not None:
                dense[name] = value
    return dense


def written(tangents: Tangents, units: Units) -> Tensor:
    """A tangent over all parameters, in one row."""
    return flat(dense_parameters(tangents, units))


# A law of one random number: its values and their probabilities. NORMAL has the moments of a standard normal
# number up to the fifth (Gauss-Hermite), which is all that the second moment of a forward gradient depends on.
Law = tuple[list[float], list[float]]
SIGNS: Law = ([-1.0, 1.0], [1 / 2, 1 / 2])
NORMAL: Law = ([-(3**0.5), 0.0, 3**0.5], [1 / 6, 2 / 3, 1 / 6])


def digits(first: int, count: int, base: int, entries: int) -> Tensor:
    """The last `entries` digits of consecutive numbers, shape (count, entries)."""
    return torch.arange(first, first + count)[:, None] // base ** torch.arange(entries) % base


def counting(law: Law, num_tangents: int = 1) -> draws.Distribution:
    """A distribution that draws nothing: it counts through every vector of values, each filling `num_tangents` rows."""
    values, position = torch.tensor(law[0], dtype=torch.float64), 0

    def fill(rows: Tensor, entries: int, generator: Generator) -> None:
        nonlocal position
        vectors = len(rows) // num_tangents
        rows[:, :entries] = values[digits(position, vectors, len(values), num_tangents * entries)].view(-1, entries)
        position += vectors

    return fill


def expectation(quantity: Callable[[], Tensor], law: Law, entries: int) -> Tensor:
    """The mean of `quantity`, whose draws are counted through, over all vectors of `entries` numbers: exact."""
    chances = torch.tensor(law[1], dtype=torch.float64)
    base = len(chances)
    return sum(chance * quantity() for chance in chances[digits(0, base**entries, base, entries)].prod(1))


def moments(estimate: Estimate) -> Tensor:
    """The estimate g in one row, and ||g||^2 behind it: the expectation gives both moments."""
    row = flat(estimate.dense())
    return torch.cat([row, row.square().sum()[None]])


def assert_mean(samples: Tensor, expected: Tensor) -> None:
    """Check that the mean of independent samples is within five standard errors of what is expected, everywhere.

    Args:
        samples: Shape (N, ...).
        expected: The shape of one sample.
    """
    error = samples.std(0) / len(samples) ** 0.5
    assert ((samples.mean(0) - expected).abs() <= 5 * error + 1e-6).all()


def assert_white(vectors: Tensor, covariance: Tensor) -> None:
    """Check E[v] = 0 and E[vv'] by sampling; `vectors` has shape (N, n)."""
    assert_mean(vectors, torch.zeros(vectors.shape[1]))
    assert_mean(vectors[:, :, None] * vectors[:, None, :], covariance)


UNKNOWN = [partial(nn.Softmax, 1), nn.Sigmoid, nn.Dropout, nn.LeakyReLU]  # layers without a rule of their own
KINDS = ["convolution", "activation", "max_pool", "relu_max_pool", "average_pool"]
sizes = st.integers(1, 3) | st.tuples(st.integers(1, 3), st.integers(1, 3))
activations = st.sampled_from([nn.ReLU, nn.ReLU, nn.Tanh, nn.GELU, partial(nn.GELU, "tanh"), nn.Identity, *UNKNOWN])


@st.composite
def convolutions(draw: st.DrawFn, channels: int) -> nn.Module:
    groups = draw(st.sampled_from([1, 1, channels]))
    return nn.Conv2d(
        channels,
        groups * draw(st.integers(1, 3)),
        draw(sizes),
        stride=draw(st.integers(1, 2)),
        padding=draw(st.integers(0, 2) | st.just((1, 0))),
        dilation=draw(st.integers(1, 2)),
        groups=groups,
        bias=draw(st.booleans()),
    )


@st.composite
def max_pools(draw: st.DrawFn) -> nn.Module:
    kernel, dilation = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    return nn.MaxPool2d(
        kernel,
        draw(st.none() | st.integers(1, 3)),
        # torch reads outside the image where a dilated window lies in the padding alone.
        padding=draw(st.integers(0, kernel // 2)) if dilation == 1 else 0,
        dilation=dilation,
        ceil_mode=draw(st.booleans()),
    )


@st.composite
def average_pools(draw: st.DrawFn) -> nn.Module:
    return nn.AvgPool2d(draw(sizes), draw(st.none() | st.integers(1, 2)), ceil_mode=draw(st.booleans()))


@st.composite
def image_layers(draw: st.DrawFn, inputs: Tensor) -> tuple[list[nn.Module], Tensor]:
    """Layers that images pass through, and what comes out of them."""
    chain: list[nn.Module] = []
    for kind in draw(st.lists(st.sampled_from(KINDS))):
        layers = {
            "convolution": lambda value: [draw(convolutions(value.shape[1]))],
            "activation": lambda value: [draw(activations)()],
            "max_pool": lambda value: [draw(max_pools())],
            "relu_max_pool": lambda value: [nn.ReLU(), draw(max_pools())],
            "average_pool": lambda value: [draw(average_pools())],
        }[kind](inputs)
        try:
            outputs = nn.Sequential(*layers)(inputs)
        except RuntimeError:
            continue  # the image is too small by now
        chain, inputs = chain + layers, outputs.detach()
    return chain, inputs


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Random networks in float64: images through convolutions, tables or sequences through linear layers."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(draw(st.integers(0, 2**16)))
        batch, leading = draw(st.integers(1, 4)), draw(st.sampled_from(["images", "images", "table", "sequence"]))
        chain: list[nn.Module] = []
        if leading == "images":
            inputs = torch.randn(batch, draw(st.integers(1, 3)), draw(st.integers(4, 9)), draw(st.integers(4, 9)))
            chain, outputs = draw(image_layers(inputs))
            chain, width = [*chain, nn.Flatten()], outputs[0].numel()
        else:
            width = draw(st.integers(1, 6))
            inputs = torch.randn(batch, *([draw(st.integers(1, 4))] if leading == "sequence" else []), width)
        if draw(st.booleans()):
            chain = [*chain, draw(activations)()]
        for outputs in draw(st.lists(st.integers(1, 6) | st.just(NARROW), max_size=2)):
            chain, width = [*chain, nn.Linear(width, outputs, bias=draw(st.booleans())), draw(activations)()], outputs
        chain = [*chain, nn.Linear(width, draw(st.integers(2, 4)))]
        cut = draw(st.integers(0, len(chain)))
        if cut:
            chain = [nn.Sequential(*chain[:cut]), *chain[cut:]]
        model = nn.Sequential(*chain).double().eval()
        inputs = inputs.double()
        outputs = model(inputs)
        losses = [nn.MSELoss(), F.mse_loss, nn.SmoothL1Loss()]
        classes = [nn.CrossEntropyLoss(), F.cross_entropy, nn.CrossEntropyLoss(label_smoothing=0.1)]
        if draw(st.booleans()):
            loss, targets = draw(st.sampled_from(losses)), torch.randn_like(outputs)
        else:
            shape = (batch, *outputs.shape[2:])
            loss, targets = draw(st.sampled_from(classes)), torch.randint(outputs.shape[1], shape)
        return Problem(model, loss, inputs, targets)
