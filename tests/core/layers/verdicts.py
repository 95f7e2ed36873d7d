"""Whether a key's estimate on a network is what reverse mode says it must be, or why the key refuses the network."""

from contextlib import ExitStack
from unittest.mock import patch

import torch
import torch.nn.functional as F

from forwardgrad import make_estimator
from forwardgrad.core import draws
from forwardgrad.core.gradients import ESTIMATORS

RANDOM = 1
EXACT, DIFFERENCES = 1e-9, 1e-3
LINEAR_MAPS = ("linear", "embedding", *(f"conv{kind}{d}d" for kind in ("", "_transpose") for d in (1, 2, 3)))


class Reverse:
    """Loss and gradient of a network by reverse mode, and the outputs of its linear maps with theirs."""

    def __init__(self, model, loss, inputs, targets):
        self.maps, self.seen = {}, {}
        torch.default_generator.manual_seed(RANDOM)
        with ExitStack() as stack:
            for name in LINEAR_MAPS:
                stack.enter_context(patch.object(F, name, self.noting(getattr(F, name))))
            self.loss = loss(model(inputs), targets)
        named = {name: each for name, each in model.named_parameters() if each.requires_grad}
        outputs = [output for found in self.maps.values() for output in found]
        slopes = torch.autograd.grad(
            self.loss, [*named.values(), *outputs], retain_graph=True, allow_unused=True, materialize_grads=True
        )
        self.gradient = {name: slope.to_dense() for name, slope in zip(named, slopes, strict=False)}
        self.slopes = dict(zip(map(id, outputs), slopes[len(named) :], strict=True))
        self.squared = sum(part.square().sum() for part in self.gradient.values())

    def noting(self, function):
        """A linear map that notes what it makes, by its weight."""

        def noted(inputs, weight, *args, **kwargs):
            output = function(inputs, weight, *args, **kwargs)
            if not output.requires_grad:
                return output
            self.maps.setdefault(id(weight), []).append(output)
            return output.clone()  # the next layer may overwrite it

        return noted

    def along(self, units, tangents):
        """Every product of the gradient with the tangents' entries; a row for each of stacked ones."""
        rows = []
        for name, tangent in tangents.items():
            for key, part in zip(units[name].names, tangent.dense(), strict=True):
                if key is not None and part is not None:
                    stacked = part.dim() > self.gradient[key].dim()
                    product = part * self.gradient[key]
                    rows.append((product.flatten(1) if stacked else product.view(1, -1)).movedim(0, -1))
        return torch.cat(rows).t()


def verdict(key, model, loss, inputs, targets, reverse):
    """An empty text if the key's estimate is right, else in one line why the key refuses; an error if it is wrong."""
    try:
        estimator = make_estimator(key, model, loss, seed=0)
        torch.default_generator.manual_seed(RANDOM)
        with patch.object(draws, "BLOCK_STEPS", 1):  # one step is taken: draw for no more
            estimate = estimator(inputs, targets)
    except (TypeError, ValueError, NotImplementedError) as refusal:
        return one_line(refusal)
    tolerance = DIFFERENCES if key.startswith("spsa") else EXACT
    assert close(estimate.loss, reverse.loss.detach(), reverse.loss.abs(), tolerance), f"{key}: loss"
    CHECKS.get(key, tangents)(estimate, reverse, tolerance)
    return ""


def one_line(refusal):
    """The text of a refusal, which is the project's own: one line, which says what to do."""
    if "\n" in str(refusal) or "Trying to use forward AD" in str(refusal):
        raise refusal
    return str(refusal)


def close(found, wanted, scale, tolerance):
    """Whether numbers agree to `tolerance` times `scale`."""
    return bool((abs(found - wanted) <= tolerance * scale + 1e-12).all())


def tangents(estimate, reverse, tolerance):
    """Each derivative is the gradient times its tangent."""
    for derivative, drawn in estimate.terms:
        products = reverse.along(estimate.units, drawn)
        assert close(derivative.view(-1), products.sum(1), products.norm(dim=1), tolerance), "derivative"


def mean(estimate, reverse, tolerance):
    """Of K tangents the weight is the derivative over K."""
    ((weights, drawn),) = estimate.terms
    products = reverse.along(estimate.units, drawn)
    assert close(weights * len(weights), products.sum(1), products.norm(dim=1), tolerance), "derivatives"


def projected(estimate, reverse, tolerance):
    """n / K times the projection p of the gradient g on the tangents: <p, p> = <p, g>."""
    dense, entries = estimate.dense(), sum(part.numel() for part in reverse.gradient.values())
    ((weights, _),) = estimate.terms
    factor = entries / min(len(weights), entries)
    along = sum((part * reverse.gradient[name]).sum() for name, part in dense.items())
    squared = sum(part.square().sum() for part in dense.values())
    assert close(squared, factor * along, squared, tolerance), "projection"


def gradient(estimate, reverse, tolerance):
    """Reverse mode itself."""
    for name, part in estimate.dense().items():
        assert close(part, reverse.gradient[name], reverse.squared.sqrt(), tolerance), name


def noisy(estimate, reverse, tolerance):
    """Noise of the size of a forward gradient's, by its law six standard deviations wide."""
    parts = [part - reverse.gradient[name] for name, part in estimate.dense().items()]
    entries = sum(part.numel() for part in parts)
    chi_squared = sum(part.square().sum() for part in parts) / (reverse.squared * (entries + 1) / entries)
    assert abs(chi_squared - entries) <= 6 * (2 * entries) ** 0.5, "noise"


def activity(estimate, reverse, tolerance):
    """Shares add up to the derivative; a weight's estimate is what reverse mode makes of shares times perturbations."""
    perturbed = estimate.terms[0][1] if estimate.terms[0][0].dim() else {}
    rest = estimate.terms[1:] if perturbed else estimate.terms
    shares, dense = estimate.terms[0][0].view(-1), estimate.dense()
    wanted = [reverse.along(estimate.units, drawn).flatten() for _, drawn in rest]
    for name, perturbation in perturbed.items():
        unit = estimate.units[name]
        weight, bias = unit.parameters
        outputs = reverse.maps[id(weight)]
        noises = [noise.reshape(out.shape) for out, (_, _, noise) in zip(outputs, perturbation.uses, strict=True)]
        if unit.padding is not None:  # moves nowhere
            noises = [
                noise * (ids != unit.padding).unsqueeze(-1)
                for noise, (_, ids, _) in zip(noises, perturbation.uses, strict=True)
            ]
        wanted += [(reverse.slopes[id(out)] * noise).flatten() for out, noise in zip(outputs, noises, strict=True)]
        rows = [shares.repeat_interleave(len(noise) // len(shares)) for noise in noises]
        cotangents = [noise * row.view(-1, *[1] * (noise.dim() - 1)) for noise, row in zip(noises, rows, strict=True)]
        parts = {key: part for key, part in zip(unit.names, (weight, bias), strict=True) if key is not None}
        made = torch.autograd.grad(outputs, list(parts.values()), cotangents, retain_graph=True)
        for key, part in zip(parts, made, strict=True):
            assert close(dense[key], part, part.norm(), tolerance), f"activity of {key}"
    products = torch.cat(wanted)
    assert close(shares.sum(), products.sum(), products.norm(), tolerance), "activity"


def control(estimate, reverse, tolerance):
    """Before anything is known of the gradient: (1 - 1/n) times the derivative, and what is known afterwards."""
    (_, known), (news, drawn) = estimate.terms
    count = sum(part.numel() for part in reverse.gradient.values())
    products = reverse.along(estimate.units, drawn)
    assert close(news * count / (count - 1), products.sum(), products.norm(), tolerance), "derivative"
    learnt = reverse.along(estimate.units, known)
    assert close(learnt.sum() * count, products.sum().square(), products.norm().square(), tolerance), "control variate"


def last_layer(estimate, reverse, tolerance):
    """The last layer's gradient is exact, whatever is estimated in front of it."""
    *_, weight, bias = estimate.dense()
    for name in (weight, bias):
        gradient = reverse.gradient[name]
        assert close(estimate.dense()[name], gradient, gradient.norm(), tolerance), name


CHECKS = {"backprop": gradient, "noisy_backprop": noisy, "activity": activity, "forward_control": control}
CHECKS |= {key: mean for key in ESTIMATORS if key.startswith("forward_mean")}
CHECKS |= {key: projected for key in ESTIMATORS if key.startswith("forward_projected")}
CHECKS |= {key: last_layer for key in ESTIMATORS if key.startswith("activity_orthogonal")}
CHECKS |= dict.fromkeys(("forward_sampled", "local_losses"), last_layer)
