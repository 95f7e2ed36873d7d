"""What forward gradients are measured against: one step of everything else, as a function without arguments.

`evaluation` is the base of the paper's R: a plain forward pass with loss. Backprop comes in three
strengths: the fastest a library user gets, compiled, and written out by hand with in-place updates.
`jvp` and `forward_ad` are the framework's own forward mode, which other reproductions measured.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd import forward_ad

from forwardgrad.core.estimates import detached
from forwardgrad.core.gradients import backprop
from forwardgrad.core.rules import Loss

Step = Callable[[], object]
aten = torch.ops.aten


def evaluation(model: nn.Sequential, loss: Loss, inputs: Tensor, targets: Tensor) -> Step:
    """The loss, and nothing else."""
    return torch.no_grad()(lambda: loss(model(inputs), targets))


def gradient_foreach(model: nn.Sequential, loss: Loss, inputs: Tensor, targets: Tensor, rate: float) -> Step:
    """`torch.autograd.grad` and one fused update of all parameters."""
    estimate, parameters = backprop(model, loss, torch.Generator()), detached(model)
    return lambda: estimate(inputs, targets).add_to_(parameters, -rate)


def sgd_fused(model: nn.Sequential, loss: Loss, inputs: Tensor, targets: Tensor, rate: float) -> Step:
    """`backward` and `torch.optim.SGD(fused=True)`."""
    optimizer = torch.optim.SGD(model.parameters(), lr=rate, fused=True)

    def step() -> None:
        optimizer.zero_grad()
        loss(model(inputs), targets).backward()
        optimizer.step()

    return step


LIBRARY = {"grad_foreach": gradient_foreach, "sgd_fused": sgd_fused}


def compiled(model: nn.Sequential, loss: Loss, inputs: Tensor, targets: Tensor, rate: float) -> Step:
    """Backprop of the compiled model and loss, then the fused update."""
    parameters = list(model.parameters())
    torch.compiler.reset()  # what was compiled for another network would count towards the limit of recompilations
    function = torch.compile(lambda images, classes: loss(model(images), classes))

    def step() -> None:
        gradient = torch.autograd.grad(function(inputs, targets), parameters)
        with torch.no_grad():
            torch._foreach_add_(parameters, gradient, alpha=-rate)

    return step


def jvp(model: nn.Sequential, loss: Loss, inputs: Tensor, targets: Tensor, rate: float) -> Step:
    """`torch.func.jvp` along a dense Gaussian tangent, then the update."""
    parameters = detached(model)

    def value(theta: dict[str, Tensor]) -> Tensor:
        return loss(torch.func.functional_call(model, theta, (inputs,)), targets)

    def step() -> None:
        tangent = {name: torch.randn_like(parameter) for name, parameter in parameters.items()}
        _, derivative = torch.func.jvp(value, (parameters,), (tangent,))
        for name, parameter in parameters.items():
            parameter.addcmul_(tangent[name], derivative, value=-rate)

    return step


def dual_numbers(model: nn.Sequential, loss: Loss, inputs: Tensor, targets: Tensor, rate: float) -> Step:
    """`torch.autograd.forward_ad`, the same along dual parameters."""
    parameters = detached(model)

    def step() -> None:
        tangent = {name: torch.randn_like(parameter) for name, parameter in parameters.items()}
        with torch.no_grad(), forward_ad.dual_level():
            theta = {name: forward_ad.make_dual(parameters[name], tangent[name]) for name in parameters}
            value = loss(torch.func.functional_call(model, theta, (inputs,)), targets)
            derivative = forward_ad.unpack_dual(value).tangent
        for name, parameter in parameters.items():
            parameter.addcmul_(tangent[name], derivative, value=-rate)

    return step


def linear_by_hand(layer: nn.Linear, inputs: Tensor, cotangent: Tensor, rate: float, first: bool) -> Tensor | None:
    """Cotangent of the input, then W -= rate G: the gradient is never stored."""
    below = None if first else cotangent @ layer.weight
    layer.weight.addmm_(cotangent.t(), inputs, alpha=-rate)
    layer.bias.sub_(cotangent.sum(0), alpha=rate)
    return below


def conv2d_by_hand(layer: nn.Conv2d, inputs: Tensor, cotangent: Tensor, rate: float, first: bool) -> Tensor | None:
    """The library's three gradients of a convolution."""
    geometry = (layer.stride, layer.padding, layer.dilation, False, [0, 0], layer.groups, [not first, True, True])
    weight, bias = layer.weight, layer.bias
    below, *gradient = aten.convolution_backward(cotangent, inputs, weight, list(bias.shape), *geometry)
    torch._foreach_add_([weight, bias], gradient, alpha=-rate)
    return below


def windows(pool: nn.MaxPool2d) -> tuple:
    """Return the geometry of a max-pool, in the order in which torch's functions take it."""
    return pool.kernel_size, pool.stride, pool.padding, pool.dilation, pool.ceil_mode


def by_hand(model: nn.Sequential, loss: Loss, inputs: Tensor, targets: Tensor, rate: float) -> Step:
    """Backprop without a graph: every layer's update is made in place as soon as its cotangent is there.

    For Linear, Conv2d, ReLU, max-pool and flatten under mean cross-entropy. Less work than any library
    does, and less memory: the fairest opponent of an engine that is written by hand as well.
    """
    modules = list(model)

    @torch.no_grad()
    def step() -> None:
        activations, places = [inputs], []
        for module in modules:
            if isinstance(module, nn.MaxPool2d):
                value, place = F.max_pool2d(activations[-1], *windows(module), return_indices=True)
                places.append(place)
            else:
                value = module(activations[-1])
            activations.append(value)
        logits = activations.pop()
        cotangent = torch.softmax(logits, 1)
        cotangent.scatter_add_(1, targets[:, None], cotangent.new_full((len(targets), 1), -1.0)).div_(len(targets))
        F.cross_entropy(logits, targets)
        for index in range(len(modules) - 1, -1, -1):
            module, below = modules[index], activations.pop()
            first = not any(isinstance(earlier, nn.Linear | nn.Conv2d) for earlier in modules[:index])
            if isinstance(module, nn.Linear):
                cotangent = linear_by_hand(module, below, cotangent, rate, first)
            elif isinstance(module, nn.Conv2d):
                cotangent = conv2d_by_hand(module, below, cotangent, rate, first)
            elif isinstance(module, nn.ReLU):
                cotangent = aten.threshold_backward(cotangent, below, 0)
            elif isinstance(module, nn.MaxPool2d):
                cotangent = aten.max_pool2d_with_indices_backward(cotangent, below, *windows(module), places.pop())
            elif isinstance(module, nn.Flatten):
                cotangent = cotangent.view(below.shape)
            else:
                raise TypeError(f"no hand-written backprop for {module}")
            if first:
                return

    return step


BASELINES = {
    "backprop_compiled": compiled,
    "backprop_by_hand": by_hand,
    "jvp": jvp,
    "forward_ad": dual_numbers,
}
