"""Every estimator of the gradient, behind one signature.

An estimator is called with a batch and returns an estimate (`estimates`). Here are reverse mode and the
forward gradients, along one tangent or several; `perturbations` has the others. The catalogue
declares each under the same key: its label, its cost and what is known of its moments.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Generator, Tensor, nn

from forwardgrad.core import draws
from forwardgrad.core.estimates import AlongTangents, DenseEstimate, Estimator, ForwardGradient, detached
from forwardgrad.core.forward import Network, Parameters, network
from forwardgrad.core.perturbations import activity, spsa
from forwardgrad.core.rules import Loss
from forwardgrad.core.tangents import Dense, Tangents


def backprop(model: nn.Sequential, loss: Loss, generator: Generator) -> Estimator:
    """Reverse mode: the gradient, at the cost of about three forward passes. `generator` is not used."""
    parameters = tuple(model.parameters())

    def estimate(inputs: Tensor, targets: Tensor) -> DenseEstimate:
        value = loss(model(inputs), targets)
        return DenseEstimate(value.detach(), torch.autograd.grad(value, parameters))

    return estimate


def noisy_backprop(model: nn.Sequential, loss: Loss, generator: Generator) -> Estimator:
    """g = grad f + sigma xi, xi ~ N(0, I), sigma^2 = ||grad f||^2 (n + 1) / n: a control.

    It has the mean of the Gaussian forward gradient and its second moment, E||g||^2 = (n + 2) ||grad f||^2, but
    its noise is isotropic. Reverse mode, and as many normal numbers as there are parameters.
    """
    exact, parameters = backprop(model, loss, generator), tuple(model.parameters())
    sizes = [parameter.numel() for parameter in parameters]
    entries = sum(sizes)
    noise = parameters[0].new_empty((1, entries), requires_grad=False)
    parts = [part.view_as(each) for part, each in zip(noise[0].split(sizes), parameters, strict=True)]

    def estimate(inputs: Tensor, targets: Tensor) -> DenseEstimate:
        found = exact(inputs, targets)
        draws.gaussian_(noise, entries, generator)
        noise.mul_(torch.nn.utils.get_total_norm(found.gradient) * math.sqrt((entries + 1) / entries))
        return DenseEstimate(found.loss, tuple(torch._foreach_add(found.gradient, parts)))

    return estimate


def along(net: Network, parameters: Parameters, stream: Iterator[Tangents]) -> Estimator:
    """g = <grad f, v> v for one tangent v of the whole network per call (Baydin et al., 2022, arXiv 2202.08587)."""

    def evaluate(tangents: Tangents, inputs: Tensor, targets: Tensor) -> ForwardGradient:
        value, derivative = net.evaluate(parameters, tangents, inputs, targets)
        return ForwardGradient(value, [(derivative, tangents)])

    return AlongTangents(lambda inputs: next(stream), evaluate)


def forward_gradient(
    structure: draws.Structure, distribution: str, model: nn.Sequential, loss: Loss, generator: Generator
) -> Estimator:
    """One tangent of every layer, dense or of low rank. With signs, dense or of rank one, E||g||^2 = n ||grad f||^2."""
    net = network(model, loss)
    stream = draws.TangentStream(net.trainable, structure, draws.DISTRIBUTIONS[distribution], generator)
    return along(net, detached(model), stream)


def forward_rank_one_layer(model: nn.Sequential, loss: Loss, generator: Generator) -> Estimator:
    """A rank-one tangent of one uniformly drawn layer: only the primal is computed in front of it."""
    net = network(model, loss)
    return along(net, detached(model), draws.OneLayer(net.trainable, draws.rademacher_, generator))


def forward_several(
    weights: Callable[[Tensor, Tensor], Tensor], count: int, model: nn.Sequential, loss: Loss, generator: Generator
) -> Estimator:
    """g = sum_k w_k v_k over K = `count` independent Gaussian tangents, in one forward-mode pass.

    The primal is computed once. The tangents go along together, so that K tangents of a layer's output are held at a
    time. `weights` gives w, shape (K,), from the derivatives <grad f, v_k> and the tangents as rows, shape (K, n).
    """
    net, parameters = network(model, loss), detached(model)
    stream = draws.TangentStream(net.trainable, draws.dense_stack, draws.gaussian_, generator, count)

    def evaluate(tangents: Tangents, inputs: Tensor, targets: Tensor) -> ForwardGradient:
        value, derivatives = net.evaluate(parameters, tangents, inputs, targets)
        return ForwardGradient(value, [(weights(derivatives, stream.numbers), tangents)])

    return AlongTangents(lambda inputs: next(stream), evaluate)


def mean_weights(derivatives: Tensor, rows: Tensor) -> Tensor:
    """g = (1/K) sum_k <grad f, v_k> v_k, with E||g||^2 = (n + K + 1) / K ||grad f||^2."""
    return derivatives / len(derivatives)


def projection_weights(derivatives: Tensor, rows: Tensor) -> Tensor:
    """g = (n/K) V (V'V)^+ V' grad f: the gradient projected on the span of the tangents.

    They are the columns of V (FROG, 2024, arXiv 2410.17764). The span is isotropic, so that
    the projection alone is K/n of the gradient on average; n/K makes it unbiased, with E||g||^2 = n/K ||grad f||^2
    and E cos^2 = K/n. Of more tangents than parameters K counts as n, and the estimate is the gradient itself.
    """
    count, entries = rows.shape
    solved = torch.linalg.pinv(rows @ rows.t(), hermitian=True) @ derivatives
    return solved * (entries / min(count, entries))


def standardise(part: Tensor) -> Tensor:
    """(v - mean v) / std v, with ddof 1."""
    return (part - part.mean()) / part.std()


def forward_blockwise(standardised: bool, model: nn.Sequential, loss: Loss, generator: Generator) -> Estimator:
    """g_l = <grad_l f, v_l> v_l for every parameter tensor l on its own, one forward-mode pass each, from its layer on.

    Less variance than one global tangent, at as many passes as there are tensors (Ramirez Palacios and
    Perez Barreales, 2023). They also standardise each tangent tensor: then E[vv'] = I - 11'/n, and the
    mean component of the gradient is lost.

    Raises:
        ValueError: If a tensor to be standardised has a single entry.
    """
    net, parameters = network(model, loss), detached(model)
    single = [name for name, parameter in parameters.items() if parameter.numel() == 1]
    if standardised and single:
        raise ValueError(f"{single[0]} has one entry and cannot be standardised: use forward_blockwise")
    change = standardise if standardised else lambda part: part
    stream = draws.TangentStream(net.trainable, draws.dense, draws.gaussian_, generator)

    def evaluate(tangents: Tangents, inputs: Tensor, targets: Tensor) -> ForwardGradient:
        layer_inputs, values, terms = net.layer_inputs(parameters, inputs), [], []
        for layer, tangent in tangents.items():
            start, reached = layer_inputs[layer]  # what lies in front of it is the same for every block
            biases = [] if tangent.bias is None else [Dense(None, change(tangent.bias))]
            for block in ({layer: part} for part in (Dense(change(tangent.weight)), *biases)):
                value, derivative = net.evaluate(parameters, block, reached, targets, start)
                values.append(value)
                terms.append((derivative, block))
        return ForwardGradient(values[0], terms)

    return AlongTangents(lambda inputs: next(stream), evaluate)


ESTIMATORS: dict[str, Callable[[nn.Sequential, Loss, Generator], Estimator]] = {
    "backprop": backprop,
    "forward_gaussian": partial(forward_gradient, draws.dense, "gaussian"),
    "forward_rademacher": partial(forward_gradient, draws.dense, "rademacher"),
    "forward_sphere": partial(forward_gradient, draws.dense, "sphere"),
    "forward_rank_one": partial(forward_gradient, draws.rank_one, "rademacher"),
    "forward_rank_one_layer": forward_rank_one_layer,
    "forward_rank_four": partial(forward_gradient, partial(draws.low_rank, rank=4), "rademacher"),
    "forward_blockwise": partial(forward_blockwise, False),
    "forward_blockwise_standardised": partial(forward_blockwise, True),
    "forward_mean_4": partial(forward_several, mean_weights, 4),
    "forward_mean_16": partial(forward_several, mean_weights, 16),
    "forward_projected_4": partial(forward_several, projection_weights, 4),
    "forward_projected_16": partial(forward_several, projection_weights, 16),
    "activity": activity,
    "spsa": partial(spsa, draws.dense, "gaussian"),
    "spsa_rank_one": partial(spsa, draws.rank_one, "rademacher"),
    "noisy_backprop": noisy_backprop,
}


def make_estimator(key: str, model: nn.Sequential, loss: Loss, seed: int = 0) -> Estimator:
    """Return an estimator of the gradient of `loss(model(inputs), targets)` over the parameters of `model`.

    It reads the model's own parameters; `step_` and `write_gradient_` use what it returns. Move the model to its
    device first. An estimate holds until the next call, whose tangents lie in the same memory.

    Args:
        key: A key of `ESTIMATORS`, such as `forward_rank_one`.
        model: The network.
        loss: Maps outputs and targets to a mean loss without dimensions.
        seed: Seed of the tangents.

    Raises:
        ValueError: If there is no such estimator (the message lists those that exist), or nothing to train.
        TypeError: If forward mode has no rule for a layer; the message names it.

    Example:
        >>> import torch
        >>> from forwardgrad import make_estimator
        >>> model = torch.nn.Sequential(torch.nn.Linear(2, 3))
        >>> estimator = make_estimator("forward_rank_one", model, torch.nn.CrossEntropyLoss())
        >>> estimate = estimator(torch.ones(5, 2), torch.arange(5) % 3)
        >>> estimate.loss.shape
        torch.Size([])
    """
    if key not in ESTIMATORS:
        raise ValueError(f"no estimator {key!r}: choose one of {', '.join(ESTIMATORS)}")
    first = next(model.parameters(), None)
    if first is None:
        raise ValueError("the model has no parameters: there is nothing to estimate a gradient for")
    return ESTIMATORS[key](model, loss, Generator(first.device).manual_seed(seed))
