"""The steps by which a method is measured on a network."""

from collections.abc import Iterator

import torch
from torch import Generator, Tensor

from forwardgrad.catalogue import ADAM
from forwardgrad.core import draws
from forwardgrad.core.estimates import AlongTangents, Estimator, detached
from forwardgrad.core.forward import network
from forwardgrad.core.gradients import ESTIMATORS, along
from forwardgrad.experiments.speed import baselines
from forwardgrad.experiments.speed.steps import Case, Parts, along_estimate

# By name: a step, its generator of random numbers, and after how many steps it is asked for new ones.
Variants = dict[str, tuple[Parts, Generator, int]]


def variants(method: str, case: Case) -> tuple[Variants, str | None]:
    """Return the steps by which `method` is measured, or none of them and why it cannot be measured here.

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
    if key == "forward_rank_one_layer":
        estimators = {str(layer): each for layer, each in enumerate(drawn_layers(case, generator))}
    else:
        estimators = {"": ESTIMATORS[key](case.model, case.loss, generator)}
    return {
        name: (along_estimate(case, each, adam), generator, period(each, case.inputs, generator))
        for name, each in estimators.items()
    }, None


def drawn_layers(case: Case, generator: Generator) -> Iterator[Estimator]:
    """Yield, for each layer, the estimator that `forward_rank_one_layer` is when that layer is drawn."""
    net = network(case.model, case.loss)
    for stream in draws.OneLayer(net.trainable, draws.rademacher_, generator).streams:
        yield along(net, detached(case.model), stream)


def period(estimator: Estimator, inputs: Tensor, generator: Generator) -> int:
    """Return after how many estimates the generator is asked for new random numbers, for as many at once."""
    if not isinstance(estimator, AlongTangents) or inputs.is_cuda:
        return 1
    draws_until_asked = []
    for _ in range(2):  # the first time counts from wherever the stream stands
        state, count = generator.get_state(), 0
        while torch.equal(generator.get_state(), state):
            estimator.draw(inputs)
            count += 1
        draws_until_asked.append(count)
    return draws_until_asked[-1]
