"""Forward gradients the way torch.optim is used: `optimizer.step(closure)`, where the closure is a forward pass."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from forwardgrad.core.engine.losses import one_number
from forwardgrad.core.engine.network import Network
from forwardgrad.core.estimates import is_finite, write_gradient_
from forwardgrad.core.estimator import Estimator, make_estimator
from forwardgrad.core.gradients import ESTIMATORS

Closure = Callable[[], Tensor]


class OfClosure(Network):
    """A network whose loss is whatever a closure computes."""

    closure: Closure

    @property
    def direct(self) -> None:
        """None: the closure is run as it is."""
        return

    @property
    def repeats_itself(self) -> bool:
        """Not known."""
        return False

    def compute(self, inputs: Any, targets: Any) -> tuple[Tensor, Any]:
        """Return the closure's loss."""
        return one_number(self.closure()), None


class ForwardOptimizer:
    """An optimizer of torch.optim that is given forward gradients.

    Schedulers take the optimizer inside, `optimizer`; so does whatever else expects one of torch.optim.

    Args:
        optimizer: Any optimizer of torch.optim. Its parameters move, with its learning rates.
        model: The network that has them.
        key: A key of `ESTIMATORS`; not `activity`, which has to see the batch.
        seed: As of `make_estimator`.
        clip: Norm to which a longer estimate is shortened; None leaves it as it is.
        skip_nonfinite: Whether a step with an infinite or NaN estimate is left out, and counted; else it raises a
            FloatingPointError. Either way the parameters stay as they are.
        **options: As of `make_estimator`.

    Attributes:
        optimizer: The optimizer inside.
        skipped: How many steps were left out.

    Example:
        >>> import torch
        >>> from forwardgrad import ForwardOptimizer
        >>> model = torch.nn.Linear(3, 1)
        >>> inputs, targets = torch.ones(4, 3), torch.zeros(4, 1)
        >>> optimizer = ForwardOptimizer(torch.optim.Adam(model.parameters(), lr=0.01), model, "forward_rank_one")
        >>> loss = optimizer.step(lambda: torch.nn.functional.mse_loss(model(inputs), targets))
        >>> loss.requires_grad
        False
    """

    def __init__(
        self,
        optimizer: torch.optim.Optimizer,
        model: nn.Module,
        key: str,
        seed: int | None = None,
        clip: float | None = None,
        skip_nonfinite: bool = False,
        **options: Any,
    ) -> None:
        if key == "activity":
            raise ValueError("activity has to see the batch: use make_estimator and write_gradient_")
        own = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        made = make_estimator(key, model, closure_is_missing, seed, own, **options)
        self.network = OfClosure(model, closure_is_missing, made.network.only)
        self.estimator = Estimator(key, self.network, ESTIMATORS[key], options, made.generator)
        self.optimizer, self.clip, self.skip_nonfinite, self.skipped = optimizer, clip, skip_nonfinite, 0

    def step(self, closure: Closure) -> Tensor:
        """Take a step.

        Args:
            closure: Computes and returns the loss, one number, without `backward()`. Estimators of several passes
                call it several times.

        Returns:
            The loss.

        Raises:
            FloatingPointError: The estimate is not finite, and `skip_nonfinite` is not set.
        """
        self.network.closure = closure
        estimate = self.estimator(None, None)
        if not is_finite(estimate, self.skip_nonfinite):
            self.skipped += 1
            return estimate.loss
        write_gradient_(self.network.model, estimate, accumulate=False)
        if self.clip is not None:
            torch.nn.utils.clip_grad_norm_(self.network.parameters().values(), self.clip)
        self.optimizer.step()
        return estimate.loss

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Clear the gradients. Not needed: `step` replaces them."""
        self.optimizer.zero_grad(set_to_none)

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """Those of the optimizer inside."""
        return self.optimizer.param_groups

    def state_dict(self) -> dict[str, Any]:
        """Return the states of the optimizer inside and of the estimator."""
        return {"optimizer": self.optimizer.state_dict(), "estimator": self.estimator.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self.optimizer.load_state_dict(state["optimizer"])
        self.estimator.load_state_dict(state["estimator"])


def closure_is_missing(outputs: Any, targets: Any) -> Tensor:
    """Stand for the loss, which the closure computes."""
    raise TypeError("step needs a closure that returns the loss: optimizer.step(lambda: loss(model(inputs), targets))")
