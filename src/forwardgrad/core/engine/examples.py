"""The examples of a batch one by one: what each adds to the loss's derivative, and whether they are independent."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd import forward_ad

from forwardgrad.core.engine import general
from forwardgrad.core.engine.losses import IGNORED, cross_entropy, mse_loss, one_number
from forwardgrad.core.engine.maps import Linear, Map
from forwardgrad.core.engine.nested import batch_size, called, put_back, tensors
from forwardgrad.core.engine.network import Network
from forwardgrad.core.engine.plain import Plain
from forwardgrad.core.engine.rules import by_function
from forwardgrad.core.tangents import Tangents
from forwardgrad.core.units import Units


def output_shapes(plain: Plain, units: Units, inputs: Tensor) -> dict[str, tuple[int, ...]]:
    """Return the shape of what every unit's layer makes of a batch, channels last."""
    shapes, reached = {}, inputs.detach()
    with torch.no_grad():
        for layer in plain.layers:
            reached, _ = plain.apply_layer(layer, plain.parameters, {}, reached, None)
            if layer.name in units:
                batch, *rest = reached.shape
                channels_first = not isinstance(layer.map, Linear)
                shapes[layer.name] = (batch, *rest[1:], rest[0]) if channels_first else (batch, *rest)
    return shapes


def shares(network: Network, tangents: Tangents, inputs: Any, targets: Any) -> tuple[Tensor, Tensor, Any]:
    """Return the loss, what every example adds to its derivative along `tangents`, shape (batch,), and the outputs.

    The usual losses have a formula for it. Of any other the derivative by the outputs is taken in reverse mode,
    through the loss alone: no layer is passed backwards.
    """
    size = batch_size(inputs)
    outputs, pairs = with_tangents(network, tangents, inputs)
    known = by_formula(network.loss_pair, *pairs[0], targets, size) if isinstance(outputs, Tensor) else None
    return *(known or in_reverse(network, outputs, pairs, targets, size)), outputs


def by_formula(
    rule: Callable[..., Any], outputs: Tensor, tangent: Tensor | None, targets: Any, size: int
) -> tuple[Tensor, Tensor] | None:
    """Return the loss and every example's share in its derivative, where there is a formula for it."""
    if tangent is None or not isinstance(targets, Tensor) or not outputs.dim() or len(outputs) % size:
        return None
    if rule is cross_entropy and outputs.dim() == 2 and not targets.is_floating_point():
        value, each = cross_entropy_shares(outputs, tangent, targets)
        return value, each if len(each) == size else each.view(size, -1).sum(1)
    if rule is mse_loss and outputs.shape == targets.shape:
        difference = outputs - targets
        return difference.square().mean(), 2 * (difference * tangent).reshape(size, -1).sum(1) / outputs.numel()
    return None


def with_tangents(network: Network, tangents: Tangents, inputs: Any) -> tuple[Any, list[tuple[Tensor, Tensor | None]]]:
    """Return what the network returns, and every tensor in it with its tangent along `tangents`."""
    direct = network.direct
    if direct is not None:
        outputs, tangent = direct.outputs(direct.parameters, tangents, inputs)
        return outputs, [(outputs, tangent)]
    with general.forward_mode(network.model, network.units, tangents):
        found = called(network.model, inputs)
        pairs = [tuple(forward_ad.unpack_dual(part)) for part in tensors(found)]
        return general.primal_of(found), [(primal.detach(), tangent) for primal, tangent in pairs]


def cross_entropy_shares(logits: Tensor, tangent: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """f'_b = (sum_c p_bc z'_bc - z'_by) / B; an ignored target adds zero and does not count."""
    log_probabilities = torch.log_softmax(logits, 1)
    slopes = tangent - (log_probabilities.exp() * tangent).sum(1, keepdim=True)
    each = F.nll_loss(slopes, targets, reduction="none")
    return F.nll_loss(log_probabilities, targets), each / (targets != IGNORED).sum().clamp_(min=1)


def in_reverse(
    network: Network, outputs: Any, pairs: list[tuple[Tensor, Tensor | None]], targets: Any, size: int
) -> tuple[Tensor, Tensor]:
    """Return the loss of some outputs, and the product of its derivative with their tangents, by example."""
    moved = [primal.requires_grad_() for primal, tangent in pairs if tangent is not None]
    with torch.enable_grad():
        value = one_number(network.loss(put_back(outputs, iter(primal for primal, _ in pairs)), targets))
        slopes = torch.autograd.grad(value, moved, allow_unused=True, materialize_grads=True) if moved else ()
    total = value.new_zeros(size).detach()
    for slope, (primal, tangent) in zip(slopes, (pair for pair in pairs if pair[1] is not None), strict=True):
        if primal.dim() == 0 or len(primal) % size:
            raise ValueError(
                f"activity: an output of shape {tuple(primal.shape)} is no batch of {size} examples: "
                "return one row per example, or use another estimator"
            )
        total += (slope * tangent).reshape(size, -1).sum(1)
    return value.detach(), total


class Watched:
    """Stands for a unit's tangent and notes what the unit is applied to."""

    def __init__(self) -> None:
        self.inputs: list[Tensor] = []

    def output(self, layer: Map, primal: Tensor, outputs: Tensor, onto: Tensor | None = None) -> Tensor:
        """Zero."""
        self.inputs.append(primal.detach())
        return torch.zeros_like(outputs) if onto is None else onto

    def dense(self) -> tuple[None, None]:
        """Zero: the unit is used other than by a linear map, which cannot be told apart by example."""
        self.inputs.append(torch.empty(0))
        return None, None


@contextmanager
def noting(model: nn.Module, seen: dict[str, list[Tensor]]) -> Iterator[None]:
    """Note what every layer returns while the model runs."""

    def hook(name: str) -> Any:
        return lambda module, args, output: seen.setdefault(name, []).extend(
            part.detach() for part in tensors(output) if part.dim()
        )

    leaves = ((name, module) for name, module in model.named_modules() if not module._modules)
    handles = [module.register_forward_hook(hook(name)) for name, module in leaves]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def others_differ(first: list[Tensor], second: list[Tensor], size: int) -> bool:
    """Whether rows differ that do not belong to the first of `size` examples, or cannot be told apart."""
    if len(first) != len(second) or any(
        a.shape != b.shape or not a.dim() or not len(a) or len(a) % size for a, b in zip(first, second, strict=True)
    ):
        return True
    return any(not torch.equal(a[len(a) // size :], b[len(b) // size :]) for a, b in zip(first, second, strict=True))


def first_changed(inputs: Any, size: int) -> Any:
    """Return a batch whose first example is another one, everything else unchanged."""

    def change(value: Any) -> Any:
        if isinstance(value, Tensor) and value.dim() and len(value) == size:
            value = value.clone()
            if value.is_floating_point():
                value[0] = value[0] * 1.5 + 0.25
            elif value.dtype is not torch.bool:  # another example's words, or its own in another order
                value[0] = value[0].flip(-1) if torch.equal(value[0], value[-1]) and value[0].dim() else value[-1]
            return value
        return value

    return put_back(inputs, map(change, tensors(inputs)))


def told_apart(network: Network, inputs: Any, mixed: bool) -> frozenset[str]:
    """Return the units every row of whose inputs belongs to one example, examples in order.

    It runs the network on the batch and once more with another first example, and looks at the others.

    Raises:
        TypeError: An example changes the outputs of others, unless `mixed`; names the first layer where.
    """
    units = [name for name, unit in network.units.items() if unit.matrix or unit.bias is not None]
    if network.direct is not None and all(layer.rule is not by_function for layer in network.direct.layers):
        return frozenset(units)
    size = batch_size(inputs)
    if size == 1:  # nothing to mix
        inputs = put_back(inputs, (torch.cat((part, part)) for part in tensors(inputs)))
        size = 2

    def run(batch: Any) -> tuple[dict[str, Watched], dict[str, list[Tensor]], Any]:
        watched, seen = {name: Watched() for name in units}, {}
        with noting(network.model, seen), general.forward_mode(network.model, network.units, watched):
            outputs = general.primal_of(called(network.model, batch))
        return watched, seen, outputs

    with restored(network.model):
        first, second = network.passes(run, (inputs, first_changed(inputs, size)))
    if not mixed and others_differ(*(list(tensors(found[2])) for found in (first, second)), size):
        culprit = next((name for name in first[1] if others_differ(first[1][name], second[1].get(name, []), size)), "")
        layer = f"layer {culprit} ({network.model.get_submodule(culprit)})" if culprit else "the network"
        raise TypeError(
            f"activity: {layer} mixes the examples of a batch, which have no derivative of their own then: "
            "use model.eval(), another estimator, or mixed=True for the derivative of the whole batch"
        )
    return frozenset(
        name
        for name in units
        if first[0][name].inputs
        and not any(
            others_differ([a], [b], size) for a, b in zip(first[0][name].inputs, second[0][name].inputs, strict=True)
        )
    )


@contextmanager
def restored(model: nn.Module) -> Iterator[None]:
    """Leave buffers and torch's random numbers as they were."""
    devices = sorted({tensor.get_device() for tensor in model.parameters() if tensor.is_cuda})
    saved = [(buffer, buffer.clone()) for buffer in model.buffers()]
    try:
        with torch.random.fork_rng(devices):
            yield
    finally:
        with torch.no_grad():
            for buffer, before in saved:
                buffer.copy_(before)
