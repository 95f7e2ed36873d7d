"""A network and its loss, as estimators see it: what moves, and the loss and its derivative along a tangent.

The direct engine (`plain`) serves where it can, `general` everywhere else. Which one, and what moves, is decided anew
in every call: layers, hooks, frozen parameters and the memory of parameters may have changed since the last.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from forwardgrad.core.engine import general
from forwardgrad.core.engine.losses import Loss, loss_rule, one_number
from forwardgrad.core.engine.nested import called, changed
from forwardgrad.core.engine.plain import RANDOM, Plain, plain
from forwardgrad.core.tangents import DenseStack, Tangents
from forwardgrad.core.units import Parameters, Unit, Units, units

Evaluated = tuple[Tensor, Tensor, Any]  # the loss, its derivative, and what the network returned


class Network:
    """A network and its loss.

    Args:
        model: Any module.
        loss: Maps what the model returns and the targets to one number.
        only: Names of the parameters that move; None for all that require a gradient.
    """

    def __init__(self, model: nn.Module, loss: Loss, only: Sequence[str] | None = None) -> None:
        self.model, self.loss, self.only = model, loss, only
        self.loss_pair = loss_rule(loss)
        self.plain: Plain | None = None
        self.held: list[tuple] = []
        self.narrow = False  # whether there are parameters of 16 bits
        self.units: Units = {}
        self.refresh()

    def refresh(self) -> Units:
        """Look again at what the network consists of; return the units, the same object if nothing has changed."""
        if self.plain is not None and self.plain.current():
            return self.units
        held = [
            (name, parameter, parameter.requires_grad, parameter.data_ptr(), parameter.shape)
            for name, parameter in self.model.named_parameters()
        ]
        if self.plain is not None or not same(held, self.held):
            self.held, self.units = held, self._units()
            self.narrow = any(parameter.dtype in (torch.float16, torch.bfloat16) for _, parameter, *_ in held)
        self.plain = plain(self.model, self.loss)
        return self.units

    def _units(self) -> Units:
        if self.only is None:
            found = units(self.model)
        else:
            named = dict(self.model.named_parameters(remove_duplicate=False))
            found = units(self.model, [named[name] for name in self.only if name in named])
        if not found:
            raise ValueError("no parameter requires a gradient: there is nothing to estimate a gradient for")
        return found

    def parameters(self) -> dict[str, nn.Parameter]:
        """Return the parameters that move, by name."""
        pairs = (
            pair for unit in self.units.values() for pair in zip(unit.names, unit.parameters, strict=True) if pair[0]
        )
        return dict(pairs)

    def unit_of_each(self) -> list[Unit]:
        """Return the unit of each parameter that moves, in the order of `parameters`."""
        return [unit for unit in self.units.values() for name in unit.names if name is not None]

    @property
    def direct(self) -> Plain | None:
        """The direct engine, where it can serve: not in mixed precision."""
        return None if self.plain is None or torch.is_autocast_enabled("cpu") else self.plain

    @property
    def repeats_itself(self) -> bool:
        """Whether two passes are sure to do the same: nothing random, no buffers."""
        return self.plain is not None and not any(isinstance(layer.map, RANDOM) for layer in self.plain.layers)

    def compute(self, inputs: Any, targets: Any) -> tuple[Tensor, Any]:
        """Return the loss and what the network returned, as the network computes it."""
        outputs = called(self.model, inputs)
        return one_number(self.loss(outputs, targets)), outputs

    def evaluate(self, tangents: Tangents, inputs: Any, targets: Any) -> Evaluated:
        """Return the loss, its derivative along `tangents` (K of K stacked ones), and what the network returned."""
        direct = self.direct
        if direct is not None:
            return direct.evaluate(direct.parameters, tangents, inputs, targets)
        stacked = next((one for one in tangents.values() if isinstance(one, DenseStack)), None)
        if stacked is None:
            return general.along(self.model, self.units, tangents, lambda: self.compute(inputs, targets))
        count = len(stacked.bias if stacked.weight is None else stacked.weight)
        alone = ({name: each.one(index) for name, each in tangents.items()} for index in range(count))
        found = self.passes(lambda one: self.evaluate(one, inputs, targets), alone)
        return found[0][0], torch.stack([derivative for _, derivative, _ in found]), found[0][2]

    def loss_at(self, values: Parameters, inputs: Any, targets: Any) -> tuple[Tensor, Any]:
        """Return the loss and what the network returns where the parameters that move have other `values`.

        If these are of 32 bits and the network of 16, or under autocast, all is computed in 32.
        """
        direct = self.direct
        if direct is not None and not self.narrow:
            loss, _, outputs = direct.evaluate(direct.parameters | values, {}, inputs, targets)
            return loss, outputs
        narrow = self.narrow or torch.is_autocast_enabled("cpu")
        parts = dict(self.model.named_parameters()) | dict(self.model.named_buffers())
        if narrow:
            values = {name: part.detach().float() for name, part in parts.items() if part.is_floating_point()} | values
            inputs = changed(inputs, widened)
        with torch.no_grad(), torch.autocast("cpu", enabled=False), exchanged(parts, values):
            return self.compute(inputs, targets)

    def passes(self, one: Callable[[Any], Any], each: Any) -> list[Any]:
        """Return `one` of `each`, a pass through the network for each, as random in all and with the same buffers.

        Dropout has one mask then, and what a pass leaves behind (running statistics, the state of torch's random
        numbers) is what a single pass leaves.
        """
        if self.repeats_itself:
            return [one(item) for item in each]
        found, devices = [], sorted({tensor.get_device() for tensor in self.model.parameters() if tensor.is_cuda})
        buffers = list(self.model.buffers())
        saved = [buffer.clone() for buffer in buffers]
        for item in each:
            if not found:
                start = torch.get_rng_state(), [torch.cuda.get_rng_state(device) for device in devices]
            else:
                torch.set_rng_state(start[0])
                for device, state in zip(devices, start[1], strict=True):
                    torch.cuda.set_rng_state(state, device)
                with torch.no_grad():
                    for buffer, before in zip(buffers, saved, strict=True):
                        buffer.copy_(before)
            found.append(one(item))
        return found


def same(held: list[tuple], before: list[tuple]) -> bool:
    """Whether the parameters are the same objects, in the same places."""
    return len(held) == len(before) and all(
        name == old_name and one is old and rest == old_rest
        for (name, one, *rest), (old_name, old, *old_rest) in zip(held, before, strict=True)
    )


@contextmanager
def exchanged(parts: dict[str, Tensor], values: Parameters) -> Iterator[None]:
    """Lend other values to parameters and buffers: theirs are put aside and come back unchanged to the last bit."""
    own = {name: parts[name].data for name in values}
    try:
        for name, value in values.items():
            parts[name].data = value
        yield
    finally:
        for name, value in own.items():
            parts[name].data = value


def widened(value: Tensor) -> Tensor:
    """Return a tensor in 32 bits if it holds floating-point numbers of 16."""
    return value.float() if value.dtype in (torch.float16, torch.bfloat16) else value
