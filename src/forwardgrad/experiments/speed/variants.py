"""The steps by which a method is measured on a network."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import Generator, nn
from torch.nn.modules.batchnorm import _BatchNorm

from forwardgrad.catalogue import ADAM
from forwardgrad.core import draws
from forwardgrad.core.engine.network import Network
from forwardgrad.core.estimator import Estimator
from forwardgrad.core.gradients import ESTIMATORS, Along
from forwardgrad.experiments.speed import baselines
from forwardgrad.experiments.speed.steps import Case, Parts, along_estimate

# By name: a step, its generator of random numbers, and after how many steps it is asked for new ones.
Variants = dict[str, tuple[Parts, Generator, int]]

MIXED = "with the derivative of the whole batch (mixed=True), since batch normalisation mixes its examples"


def variants(method: str, case: Case) -> tuple[Variants, str | None]:
    """Return the steps by which `method` is measured and a remark, or none and why it cannot be measured.

    There is one, or the variants of backprop (the fastest counts), or one per layer that is drawn (their mean counts).
    Each comes with its generator of random numbers, and after how many steps it is asked for new ones.

    Raises:
        TypeError: The method does not know such a network; other errors as the estimators raise them.
    """
    if case.device.type == "cuda" and method.startswith("forward_projected"):
        return {}, "its system of equations is solved on the host, which a CUDA graph cannot wait for: use the CPU"
    generator = Generator(case.device).manual_seed(0)
    key, adam = method.removesuffix(ADAM), method.endswith(ADAM)
    if method == "backprop":
        return {name: (make(case), generator, 1) for name, make in baselines.LIBRARY.items()}, None
    if method in baselines.BASELINES:
        return {"": (baselines.BASELINES[method](case), generator, 1)}, None
    note, options = None, {}
    if key == "activity" and mixes_examples(case.model):
        note, options = MIXED, {"mixed": True}
    if key == "forward_rank_one_layer":
        estimators = {str(layer): each for layer, each in enumerate(drawn_layers(case, generator))}
    else:
        estimators = {"": Estimator(key, Network(case.model, case.loss), ESTIMATORS[key], options, generator)}
    return {
        name: (along_estimate(case, each, adam), generator, period(each, case.inputs, generator))
        for name, each in estimators.items()
    }, note


def mixes_examples(model: nn.Module) -> bool:
    """Return whether batch normalisation makes the outputs of an example depend on the others."""
    return any(isinstance(module, _BatchNorm) and module.training for module in model.modules())


def drawn_layers(case: Case, generator: Generator) -> Iterator[Estimator]:
    """Yield, for each layer, the estimator that `forward_rank_one_layer` is when that layer is drawn."""
    units = Network(case.model, case.loss).units
    for unit in units.values():
        moving = Network(case.model, case.loss, [name for name in unit.names if name is not None])
        yield Estimator("forward_rank_one_layer", moving, partial(of_one_layer, len(units)), {}, generator)


def of_one_layer(layers: int, generator: Generator) -> Along:
    """Tangents of a network's only unit that moves, as if it had been drawn among `layers`."""
    return Along(draws.TangentStream(partial(draws.rank_one, scale=layers**0.5), draws.rademacher_, generator))


def period(estimator: Estimator, inputs: Any, generator: Generator) -> int:
    """Return after how many estimates the generator is asked for new random numbers, for as many at once.

    One where it is asked only once a network's shapes are known, within the forward pass.
    """
    if not estimator.method.staged or generator.device.type != "cpu":
        return 1
    asked = []
    for call in range(2 * draws.BLOCK_STEPS + 1):
        state = generator.get_state()
        estimator.draw(inputs)
        if not torch.equal(generator.get_state(), state):
            asked.append(call)
        if len(asked) == 2:
            return asked[1] - asked[0]
    return 1
