"""The losses in forward mode: the loss and its derivative from the outputs and their tangent.

The usual two have rules of their own, for a plain mean over the batch. Any other loss goes through `torch.func.jvp`.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forwardgrad.core.engine.rules import derivative

Loss = Callable[..., Tensor]
IGNORED = -100  # the class that torch's losses do not count


def cross_entropy(logits: Tensor, tangent: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """f = -mean log p_y, f' = mean (sum_c p_c z'_c - z'_y), p = softmax z, y the class."""
    if logits.dim() != 2 or targets.is_floating_point():
        return loss_by_function(F.cross_entropy, logits, tangent, targets)
    log_probabilities = torch.log_softmax(logits, 1)
    slopes = tangent - (log_probabilities.exp() * tangent).sum(-1, keepdim=True)
    if tangent.dim() == 2:
        return F.nll_loss(log_probabilities, targets), F.nll_loss(slopes, targets)
    classes = targets.unsqueeze(1).expand(-1, len(tangent))
    totals = F.nll_loss(slopes.movedim(0, -1), classes, reduction="none").sum(0)  # an ignored target adds zero
    return F.nll_loss(log_probabilities, targets), totals / (targets != IGNORED).sum()


def mse_loss(outputs: Tensor, tangent: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """f = mean (z - y)^2, f' = 2 mean ((z - y) z')."""
    difference = outputs - targets
    return difference.square().mean(), 2 * torch.mean(difference * tangent, tuple(range(-outputs.dim(), 0)))


def loss_by_function(loss: Loss, outputs: Tensor, tangent: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Any loss, through `torch.func.jvp`."""
    return derivative(lambda each: one_number(loss(each, targets)), outputs, tangent)


def one_number(loss: Any) -> Tensor:
    """Return a loss that is one number.

    Raises:
        ValueError: It is something else.
    """
    if isinstance(loss, Tensor) and loss.dim() == 0:
        return loss
    if isinstance(loss, Tensor) and loss.numel() == 1:
        return loss.reshape(())
    what = f"of shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else f"a {type(loss).__name__}"
    raise ValueError(f"the loss is {what}: it must be one number, such as the mean over the batch")


def loss_rule(loss: Loss) -> Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Return the rule for `loss`: its own if it is a plain mean over the batch, else `loss_by_function`."""
    if loss is F.cross_entropy or is_default(loss, nn.CrossEntropyLoss()):
        return cross_entropy
    if loss is F.mse_loss or is_default(loss, nn.MSELoss()):
        return mse_loss
    return partial(loss_by_function, loss)


def is_default(loss: Loss, default: nn.Module) -> bool:
    """Whether `loss` is a module of the kind of `default` with the same options."""
    options = ("reduction", "weight", "ignore_index", "label_smoothing")
    same = (getattr(loss, option, None) == getattr(default, option, None) for option in options)
    return type(loss) is type(default) and all(same)
