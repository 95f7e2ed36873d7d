"""A learning rate at which steps along forward gradients stay stable, from forward passes alone."""

from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor, nn

from forwardgrad.core import draws
from forwardgrad.core.engine.examples import with_tangents
from forwardgrad.core.engine.losses import Loss, one_number
from forwardgrad.core.engine.nested import put_back
from forwardgrad.core.engine.network import Network
from forwardgrad.core.refusals import refuse_batch, refuse_model
from forwardgrad.core.tangents import Tangents
from forwardgrad.seeds import derive_seed


class StableRate(NamedTuple):
    """What `stable_rate` found.

    Attributes:
        rate: 2 / (trace + 2 norm), in units of parameters^2 per loss.
        trace: Estimate of tr H.
        norm: Estimate of the Frobenius norm of H, which no eigenvalue exceeds.
    """

    rate: float
    trace: float
    norm: float


def stable_rate(
    model: nn.Module, loss: Loss, inputs: Any, targets: Any, tangents: int = 16, seed: int | None = None
) -> StableRate:
    """Estimate the largest learning rate of plain SGD along a Gaussian forward gradient, from the curvature.

    On a quadratic loss with Hessian H the mean square of the parameters shrinks in every direction if the rate is
    below 2 / (tr H + 2 lambda_max). H is taken as Gauss-Newton's: for a Gaussian v the curvature v'Hv is then the
    second derivative of the loss along z', the outputs' tangent, from one forward-mode pass. It has the mean tr H and
    the variance 2 ||H||_F^2, and lambda_max <= ||H||_F.

    It is what holds on this batch and at these parameters. Curvature changes as training goes on, most in the first
    steps. Tangents of rank one need a lower rate, activity perturbation and means of several tangents stand a higher
    one. Use it to begin a search.

    Args:
        model: The network, any module.
        loss: Maps what the model returns and the targets to one number; convex in what the model returns.
        inputs: A batch, as of an estimator.
        targets: Its targets.
        tangents: How many Gaussian tangents to average over, at one forward-mode pass each.
        seed: Of the tangents; None draws one from the system.

    Raises:
        ValueError: The trace is not positive, or fewer than two tangents are asked for.

    Example:
        >>> import torch
        >>> from forwardgrad import stable_rate
        >>> model = torch.nn.Linear(1, 1, bias=False).double()
        >>> batch = torch.ones(1, 1).double(), torch.zeros(1, 1).double()
        >>> found = stable_rate(model, torch.nn.MSELoss(), *batch, tangents=64, seed=0)  # H = 2
        >>> round(found.rate, 1)
        0.3
    """
    refuse_model(model, loss)
    refuse_batch(inputs)
    if tangents < 2:
        raise ValueError(f"tangents={tangents}: a variance needs at least 2")
    network = Network(model, loss)
    generator = Generator(next(model.parameters()).device)
    generator.seed() if seed is None else generator.manual_seed(derive_seed("stable_rate", seed))
    stream = draws.TangentStream(draws.dense, draws.gaussian_, generator)
    curvature = torch.tensor(
        [curvature_along(network, stream.draw(network.units), inputs, targets) for _ in range(tangents)]
    )
    trace, norm = curvature.mean().item(), (curvature.var().item() / 2) ** 0.5
    if not trace > 0:
        raise ValueError(f"the trace of the Hessian is {trace:.3g} here, so that no rate follows: is the loss convex?")
    return StableRate(2 / (trace + 2 * norm), trace, norm)


def curvature_along(network: Network, tangents: Tangents, inputs: Any, targets: Any) -> float:
    """Return the second derivative of the loss along the outputs' tangent."""
    outputs, pairs = with_tangents(network, tangents, inputs)

    def moved(amount: Tensor) -> Tensor:
        parts = (primal if tangent is None else primal + amount * tangent for primal, tangent in pairs)
        return one_number(network.loss(put_back(outputs, parts), targets))

    at, along = pairs[0][0].new_zeros(()), pairs[0][0].new_ones(())

    def slope(amount: Tensor) -> Tensor:
        return torch.func.jvp(moved, (amount,), (along,))[1]

    return torch.func.jvp(slope, (at,), (along,))[1].item()
