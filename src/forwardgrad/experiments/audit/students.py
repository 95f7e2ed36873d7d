"""What the defects of the students' notebooks do (Ramirez Palacios and Perez Barreales, 2023).

The default of a keyword is the defect; with the other value it is undone, and nothing is found.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from forwardgrad.core.estimator import make_estimator
from forwardgrad.core.flops import layer_costs, multiply_adds
from forwardgrad.core.gradients import standardise
from forwardgrad.core.models import build
from forwardgrad.data.prepared import Dataset, Examples
from forwardgrad.experiments.audit.ensemble import Ensemble, Optimizer, steps_to
from forwardgrad.experiments.audit.finding import Finding, exact, named, sampled

STEPS = {"forward": 324, "backprop": 399}  # of their logistic regression, one run each
ACCURACIES = (0.42, 0.76)  # of their convolutional network, lowest and highest
IMAGES, POOL, EPOCHS = 100, 10_000, 100  # test images in an epoch, those they are drawn from, epochs
PER_CALL = 1_000  # multiply-adds that a slow core does in the microsecond that a call takes at least
CLASSES = 10

Splits = Sequence[Dataset]


def no_seeds(splits: Splits, shift: int = 1, count: int = 80) -> Finding:
    """Share of pairs of runs of one method that differ by as many steps as their two methods did."""
    ensemble = Ensemble("students_lr", count, splits)
    (steps,) = steps_to(ensemble, 0.3, [ensemble.train], rate=0.2, most=1000)
    apart = (steps - steps.roll(shift))[::2].abs() >= STEPS["backprop"] - STEPS["forward"]
    return sampled(0.05, apart, "larger")


class Calls(TorchDispatchMode):
    """Counts the calls of the framework's operations."""

    count = 0

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        """Count one and carry it out."""
        self.count += 1
        return function(*arguments, **(keywords or {}))


def two_devices(splits: Splits, model: str = "students_lr", inputs: Tensor | None = None) -> Finding:
    """Multiply-adds per call in one step of their forward gradient: so few that the time is that of calls."""
    key, network = "forward_blockwise_standardised", build(model, 0)
    batch = splits[0].train if inputs is None else Examples(inputs, torch.zeros(len(inputs), dtype=torch.int64))
    estimator = make_estimator(key, network, nn.CrossEntropyLoss(), seed=0)
    estimator(batch.inputs, batch.labels)  # the first call prepares the tangents
    with Calls() as calls:
        estimator(batch.inputs, batch.labels).add_to_(-0.2)
    work = multiply_adds(key, layer_costs(network, batch.inputs))
    return exact(PER_CALL, work / calls.count, "smaller")


def two_stopping_rules(splits: Splits, part: str = "test") -> Finding:
    """Steps by which stopping on the loss of `part` differs from stopping on the training loss."""
    ensemble = Ensemble("students_mlp", len(splits), splits)
    train, other = steps_to(ensemble, 0.2, [ensemble.train, getattr(ensemble, part)], rate=0.05, most=250)
    return sampled(0, (train - other).abs(), "larger")


def after(ensemble: Ensemble, batches: str, amount: int, optimizer: Optimizer) -> Tensor:
    """Return the training losses after `amount` epochs of `batches`, `single` or `whole`."""
    for _ in ensemble.descend(getattr(ensemble, batches)(amount), optimizer):
        pass
    with torch.no_grad():
        return ensemble.losses(ensemble.train)


def two_optimizers(splits: Splits, batches: str = "whole", optimizer: Optimizer = torch.optim.SGD) -> Finding:
    """Training loss of backpropagation after four epochs, by their rule for the forward gradient and by the other."""
    epochs, fresh = 4, partial(Ensemble, "students_mlp", len(splits), splits)
    theirs = after(fresh(), "single", epochs, partial(torch.optim.Adam, lr=1e-3))
    return sampled(theirs.mean().item(), after(fresh(), batches, epochs, partial(optimizer, lr=1e-3)), "larger")


def softmax_into_cross_entropy(output: Callable[..., Tensor] = torch.softmax) -> Finding:
    """Smallest cross-entropy that any logits reach, found by descent."""
    logits = torch.zeros(1, CLASSES, dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS([logits], max_iter=500, tolerance_grad=1e-12, tolerance_change=0, history_size=20)
    target = torch.tensor([0])

    def loss() -> Tensor:
        search.zero_grad()
        value = F.cross_entropy(output(logits, dim=1), target)
        value.backward()
        return value

    search.step(loss)
    return exact(0, loss().item(), "larger")


def redrawn_images(draws: int = EPOCHS) -> Finding:
    """Range over the epochs of the accuracy of a network that does not change, for redrawn test images."""
    right = round(POOL * sum(ACCURACIES) / 2)
    drawn = np.random.default_rng(0).hypergeometric(right, POOL - right, IMAGES, size=(400, draws))
    return sampled(0, torch.from_numpy(np.ptp(drawn, axis=1) / IMAGES), "larger")


def standardised_tangents(change: Callable[[Tensor], Tensor] = standardise, entries: int = 5) -> Finding:
    """Variance of tangents along the direction in which all their entries are equal."""
    drawn = torch.randn(20_000, entries, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return sampled(1, torch.vmap(change)(drawn).sum(1).square() / entries, "smaller")


def without_mean(gradients: Tensor) -> Tensor:
    """(I - 11'/n) G: the mean of their estimates of the gradient G of one tensor; shape (seeds, n)."""
    return gradients - gradients.mean(1, keepdim=True)


def kept(splits: Splits, model: str, layers: slice, expected: Callable[[Tensor], Tensor]) -> Finding:
    """Share of the gradient's squared norm that the mean estimate keeps, in some of the layers."""
    ensemble = Ensemble(model, len(splits), splits)
    names = [name for name, _ in ensemble.network.named_children() if f"{name}.weight" in ensemble.parameters][layers]
    gradients = ensemble.gradients(ensemble.train)
    flat = [gradients[f"{name}.{part}"].flatten(1).double() for name in names for part in ("weight", "bias")]
    whole = sum(part.square().sum(1) for part in flat)
    return sampled(1, sum((expected(part) * part).sum(1) for part in flat) / whole, "smaller")


def standardised_hidden(splits: Splits, expected: Callable[[Tensor], Tensor] = without_mean) -> Finding:
    """The same share in the hidden layers of their MLP."""
    return kept(splits, "students_mlp", slice(-1), expected)


def standardised_output(splits: Splits, expected: Callable[[Tensor], Tensor] = without_mean) -> Finding:
    """The same share in their logistic regression, which is an output layer alone."""
    return kept(splits, "students_lr", slice(None), expected)


ON_PENGUINS = named(no_seeds, two_devices, two_stopping_rules, two_optimizers, standardised_hidden, standardised_output)
ALONE = named(softmax_into_cross_entropy, redrawn_images, standardised_tangents)
