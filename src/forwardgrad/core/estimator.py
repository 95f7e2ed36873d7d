"""The estimator as its user holds it: a network, a loss, a method and a stream of random numbers of its own."""

import inspect
import operator
from collections.abc import Callable, Sequence
from typing import Any

from torch import Generator, Tensor, nn

from forwardgrad.core.engine.losses import IGNORED, Loss
from forwardgrad.core.engine.network import Network
from forwardgrad.core.estimates import DenseEstimate, Estimate, ForwardGradient
from forwardgrad.core.gradients import ESTIMATORS
from forwardgrad.core.method import Method
from forwardgrad.core.refusals import OPTIONS, refuse_batch, refuse_model, refuse_option
from forwardgrad.core.tangents import Dense, Tangents
from forwardgrad.seeds import derive_seed


class Estimator:
    """An estimator of the gradient of `loss(model(inputs), targets)`; `make_estimator` makes one.

    Call it with a batch. It can be pickled and copied, with its model, and its state saved.

    Attributes:
        key: Its key in `ESTIMATORS`.
        network: The model and the loss.
        method: What it draws and evaluates.
        generator: Its random numbers.
    """

    def __init__(
        self, key: str, network: Network, method: Callable[..., Method], options: dict[str, Any], generator: Generator
    ) -> None:
        self.key, self.network, self.options, self.generator = key, network, options, generator
        self.method = method(generator, **options)
        self.calls = [0]

    def __call__(self, inputs: Any, targets: Any) -> Estimate:
        """Return an estimate for a batch.

        Args:
            inputs: What the model takes: a tensor, a tuple for `model(*inputs)`, or a dict for `model(**inputs)`.
            targets: What the loss takes besides the model's outputs.

        Raises:
            ValueError: The batch is empty, or the loss is not one number.
        """
        return self.evaluate(self.draw(inputs), inputs, targets)

    def draw(self, inputs: Any) -> Any:
        """Return what the next estimate is taken along: the first half of a call."""
        self.network.refresh()
        self.calls[0] += 1
        if type(inputs) is not Tensor or not inputs.numel():
            refuse_batch(inputs)
        return self.method.draw(self.network, inputs)

    def evaluate(self, tangents: Any, inputs: Any, targets: Any) -> Estimate:
        """Return the estimate along `tangents`: the second half of a call."""
        network = self.network
        if type(inputs) is Tensor and inputs.requires_grad:  # features of a frozen body, say
            inputs = inputs.detach()
        loss, outputs, found = self.method.evaluate(network, tangents, inputs, targets)
        if type(found) is list:
            ignored = getattr(network.loss, "ignore_index", IGNORED)
            return ForwardGradient(network.model, network.units, loss, outputs, found, self.calls, targets, ignored)
        return DenseEstimate(network.model, loss, outputs, network.parameters(), found)

    def state_dict(self) -> dict[str, Any]:
        """Return what an estimator of the same key needs to go on from here, bit by bit: tensors and numbers."""
        return {"key": self.key, "generator": self.generator.get_state(), "method": self.method.state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state.

        Raises:
            ValueError: It is another estimator's.
        """
        if state["key"] != self.key:
            raise ValueError(f"the state is of {state['key']}, this estimator is {self.key}")
        self.generator.set_state(state["generator"])
        self.method.load(state["method"])

    def __getstate__(self) -> dict[str, Any]:
        """Return the model, the loss, what it was made with, and its state."""
        network = self.network
        return {
            "made": (self.key, network.model, network.loss, network.only, self.options, str(self.generator.device)),
            "seed": self.generator.initial_seed(),
            "state": self.state_dict(),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        key, model, loss, only, options, device = state["made"]
        generator = Generator(device).manual_seed(state["seed"])
        self.__init__(key, Network(model, loss, only), ESTIMATORS[key], options, generator)
        self.load_state_dict(state["state"])


def options_of(key: str) -> list[str]:
    """Return the names of the options that an estimator takes."""
    return [name for name in inspect.signature(ESTIMATORS[key]).parameters if name in OPTIONS]


def names_of(model: nn.Module, parameters: Sequence[str | nn.Parameter]) -> list[str]:
    """Return the names of chosen parameters.

    Raises:
        ValueError: One is not the model's.
    """
    named = dict(model.named_parameters(remove_duplicate=False))
    by_identity = {id(parameter): name for name, parameter in reversed(named.items())}
    found = []
    for chosen in parameters:
        name = chosen if isinstance(chosen, str) else by_identity.get(id(chosen))
        if name not in named:
            what = repr(chosen) if isinstance(chosen, str) else f"a tensor of shape {tuple(chosen.shape)}"
            raise ValueError(f"parameters: {what} is no parameter of the model: it has {', '.join(named)}")
        found.append(name)
    return found


def make_estimator(
    key: str,
    model: nn.Module,
    loss: Loss,
    seed: int | None = None,
    parameters: Sequence[str | nn.Parameter] | None = None,
    **options: Any,
) -> Estimator:
    """Return an estimator of the gradient of `loss(model(inputs), targets)` over the parameters of `model`.

    It looks at the model anew in every call: parameters that were replaced, frozen (`requires_grad_(False)`) or moved
    to another precision count as they are then. `step_` and `write_gradient_` use what it returns. An estimate holds
    until the next call. Move the model to its device first.

    Args:
        key: A key of `ESTIMATORS`, such as `forward_rank_one`.
        model: The network, any module.
        loss: Maps what the model returns and the targets to one number, such as a mean over the batch.
        seed: Seed of the tangents; None draws one from the system. No seed repeats torch's own random numbers.
        parameters: The parameters that move, or their names; None for all that require a gradient.
        **options: Of the key: `law` (gaussian, rademacher, sphere), `rank`, `tangents` (their number), `epsilon`
            (of `spsa`), `mixed` (of `activity`).

    Raises:
        ValueError: There is no such estimator or option (the message lists those that exist), or nothing to train.
        TypeError: The model or the loss is something else, or cannot be evaluated yet.

    Example:
        >>> import torch
        >>> from forwardgrad import make_estimator
        >>> model = torch.nn.Sequential(torch.nn.Linear(2, 3))
        >>> estimator = make_estimator("forward_rank_one", model, torch.nn.CrossEntropyLoss())
        >>> estimate = estimator(torch.ones(5, 2), torch.arange(5) % 3)
        >>> estimate.loss.shape, estimate.outputs.shape
        (torch.Size([]), torch.Size([5, 3]))
    """
    if not isinstance(key, str):
        raise TypeError(f"the key comes first: {type(key).__name__} is none of {', '.join(ESTIMATORS)}")
    if key not in ESTIMATORS:
        raise ValueError(f"no estimator {key!r}: choose one of {', '.join(ESTIMATORS)}")
    refuse_model(model, loss)
    allowed = options_of(key)
    for name, value in options.items():
        if name not in allowed:
            has = f"it has {', '.join(allowed)}" if allowed else "it has none"
            raise ValueError(f"{key} has no option {name!r}: {has}")
        refuse_option(name, value)
    only = None if parameters is None else names_of(model, parameters)
    device = next(model.parameters()).device
    generator = Generator(device)
    if seed is None:
        generator.seed()
    else:  # of a seed of its own: torch.manual_seed(seed) draws other numbers
        generator.manual_seed(derive_seed("tangents", operator.index(seed)))
    return Estimator(key, Network(model, loss, only), ESTIMATORS[key], options, generator)


def directional_derivative(
    model: nn.Module, loss: Loss, tangent: dict[str, Tensor] | Tangents, inputs: Any, targets: Any
) -> tuple[Tensor, Tensor]:
    """Return the loss f(theta) and its derivative <grad f(theta), v> along a tangent v of your own, from one pass.

    Args:
        model: The network, any module.
        loss: Maps what the model returns and the targets to one number.
        tangent: v: a tensor for each parameter, by name, in its shape; what is missing is zero. Or layer tangents by
            the name of the layer, such as `tangents.RankOne`.
        inputs: As of an estimator.
        targets: As of an estimator.

    Raises:
        ValueError: A name is no parameter's, or a shape is not its parameter's.

    Example:
        >>> import torch
        >>> from forwardgrad import directional_derivative
        >>> model = torch.nn.Linear(2, 1, bias=False)
        >>> tangent = {"weight": torch.ones(1, 2)}
        >>> loss, derivative = directional_derivative(
        ...     model, lambda outputs, targets: outputs.sum(), tangent, torch.ones(3, 2), None)
        >>> derivative.item()
        6.0
    """
    refuse_model(model, loss)
    refuse_batch(inputs)
    network = Network(model, loss)
    along: Tangents = {}
    for name, unit in network.units.items():
        if name in tangent and not isinstance(tangent[name], Tensor):
            along[name] = tangent[name]
            continue
        parts = [None if key is None else tangent.get(key) for key in unit.names]
        for key, part, own in zip(unit.names, parts, (unit.weight, unit.bias), strict=True):
            if part is not None and part.shape != own.shape:
                raise ValueError(f"tangent of {key}: its shape is {tuple(part.shape)}, not {tuple(own.shape)}")
        if any(part is not None for part in parts):
            along[name] = Dense(*parts)
    known = {*network.units, *(key for unit in network.units.values() for key in unit.names)}
    unknown = [name for name in tangent if name not in known]
    if unknown:
        raise ValueError(f"tangent of {unknown[0]!r}: no such parameter requires a gradient")
    value, derivative, _ = network.evaluate(along, inputs, targets)
    return value, derivative
